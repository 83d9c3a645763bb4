{{/* The processes of this chart as lumi-library's templates take them. Each returns JSON without root. */}}
{{- define "gateway.http" -}}
{{- $settings := include "lumi.commonSettings" . | fromYaml -}}
{{- $_ := set $settings "PORT" (include "lumi.gatewayPort" .) -}}
{{- $_ := set $settings "API_MONEY_ENABLED" .Values.global.moneyEnabled -}}
{{- $_ := set $settings "STOP_DELAY_MS" (mul 1000 (int .Values.http.stopDelaySeconds)) -}}
{{- range $product, $url := .Values.services -}}
{{- $_ := set $settings (printf "%s_URL" (upper $product)) ($url | default (printf "http://%s-%s:%s" (include "lumi.installation" $) $product (include "lumi.servicePort" $))) -}}
{{- end -}}
{{- $names := concat (include "lumi.databaseSecrets" . | fromYamlArray) (list "IDENTITY_PRIVATE_KEY" "KEY_PEPPERS" "SECRET_RING") -}}
{{- $secrets := include "lumi.secretKeys" (dict "names" $names "secrets" .Values.secrets "default" (printf "%s-gateway" (include "lumi.installation" .))) | fromYaml -}}
{{- toJson (dict
  "part" "gateway" "component" "http" "values" .Values.http "image" .Values.image "imageName" "gateway"
  "args" (list "server.js") "settings" (mergeOverwrite $settings .Values.settings) "secrets" $secrets
  "ports" (dict "http" (include "lumi.gatewayPort" . | int) "metrics" (include "lumi.metricsPort" . | int))) -}}
{{- end -}}

{{- define "gateway.migration" -}}
{{- $secrets := include "lumi.secretKeys" (dict "names" (include "lumi.migrationSecrets" . | fromYamlArray) "secrets" .Values.migrations.secrets "default" (printf "%s-migrations" (include "lumi.installation" .))) | fromYaml -}}
{{- toJson (dict
  "part" "gateway" "component" "migration" "values" .Values.migrations "image" .Values.migrations.image
  "imageName" "platform" "args" (list "migrate.js" "--product" "platform") "settings" (dict) "secrets" $secrets
  "ports" (dict) "restartPolicy" "Never" "weight" "-20") -}}
{{- end -}}

{{- define "gateway.tools" -}}
{{- $names := concat (list "DATABASE_URL" "KEY_PEPPERS" "SECRET_RING") (ternary (list "REDIS_URL") (list) .Values.global.redis.enabled) -}}
{{- $secrets := include "lumi.secretKeys" (dict "names" $names "secrets" .Values.tools.secrets "default" (printf "%s-tools" (include "lumi.installation" .))) | fromYaml -}}
{{- toJson (dict
  "part" "gateway" "component" "tools" "values" .Values.tools "image" .Values.tools.image "imageName" "platform"
  "args" (list "-e" "process.on('SIGTERM', () => process.exit(0)); setInterval(() => {}, 2 ** 30)")
  "settings" (dict) "secrets" $secrets "ports" (dict)) -}}
{{- end -}}

{{- define "gateway.servicePods" -}}
- podSelector:
    matchLabels:
      app.kubernetes.io/part-of: {{ include "lumi.installation" . }}
      app.kubernetes.io/component: http
    matchExpressions:
      - {key: app.kubernetes.io/name, operator: In, values: [domains, vps, proxy]}
{{- end -}}
