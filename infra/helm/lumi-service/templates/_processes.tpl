{{/* The processes of this chart as lumi-library's templates take them. Each returns JSON without root. */}}
{{- define "service.process" -}}
{{- $root := .root -}}
{{- $product := $root.Values.product -}}
{{- $settings := include "lumi.commonSettings" $root | fromYaml -}}
{{- $_ := set $settings "API_MONEY_ENABLED" $root.Values.global.moneyEnabled -}}
{{- $_ := set $settings "PUBLIC_URL" $root.Values.global.publicUrl -}}
{{- $_ := set $settings "STOP_DELAY_MS" (mul 1000 (int .values.stopDelaySeconds)) -}}
{{- if hasKey .ports "http" -}}{{- $_ := set $settings "PORT" (include "lumi.servicePort" .) -}}{{- end -}}
{{- $names := concat (include "lumi.databaseSecrets" $root | fromYamlArray) (list "ADMIN_DATABASE_URL" "IDENTITY_PUBLIC_KEYS" "KEY_PEPPERS" "SECRET_RING" "CURSOR_SECRET") -}}
{{- $secrets := include "lumi.secretKeys" (dict "names" $names "secrets" $root.Values.secrets "default" (printf "%s-%s" (include "lumi.installation" $root) $product)) | fromYaml -}}
{{- if and $root.Values.node.enabled (eq $product "proxy") -}}
{{- $_ := set $secrets "PROXY_LOCAL_NODE_TOKEN" (dict "name" (include "service.nodeSecret" $root) "key" "PROXY_NODE_TOKEN_0") -}}
{{- end -}}
{{- toJson (merge (dict
  "part" $product "image" $root.Values.image "imageName" $product "settings" (mergeOverwrite $settings $root.Values.settings)
  "secrets" $secrets) (omit . "root")) -}}
{{- end -}}

{{- define "service.http" -}}
{{- include "service.process" (dict "root" . "component" "http" "values" .Values.http "args" (list "server.js")
  "ports" (dict "http" (include "lumi.servicePort" . | int) "metrics" (include "lumi.metricsPort" . | int))) -}}
{{- end -}}

{{- define "service.worker" -}}
{{- include "service.process" (dict "root" . "component" "worker" "values" .Values.worker "args" (list "worker.js")
  "ports" (dict "metrics" (include "lumi.metricsPort" . | int))) -}}
{{- end -}}

{{- define "service.migration" -}}
{{- $secrets := include "lumi.secretKeys" (dict "names" (list "DATABASE_URL") "secrets" .Values.migrations.secrets "default" (printf "%s-migrations" (include "lumi.installation" .))) | fromYaml -}}
{{- toJson (dict
  "part" .Values.product "component" "migration" "values" .Values.migrations "image" .Values.image
  "imageName" .Values.product "args" (list "migrate.js" "--product" .Values.product) "settings" (dict)
  "secrets" $secrets "ports" (dict) "restartPolicy" "Never" "weight" "-10") -}}
{{- end -}}

{{- define "service.gatewayPods" -}}
- podSelector:
    matchLabels:
      app.kubernetes.io/part-of: {{ include "lumi.installation" . }}
      app.kubernetes.io/name: gateway
      app.kubernetes.io/component: http
{{- end -}}
