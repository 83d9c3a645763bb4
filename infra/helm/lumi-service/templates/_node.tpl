{{/* The node as lumi-library's templates take it, as JSON without root. Each pod has its own id and token. */}}
{{- define "service.node" -}}
{{- $values := .Values.node -}}
{{- $ports := $values.ports -}}
{{- $settings := dict
  "METRICS_PORT" (include "lumi.metricsPort" .)
  "STOP_DELAY_MS" (mul 1000 (int $values.stopDelaySeconds))
  "PROXY_SERVICE_URL" (printf "http://%s-%s:%s" (include "lumi.installation" .) .Values.product (include "lumi.servicePort" .))
  "PROXY_NODE_DATA" "/var/lib/lumi/node"
  "PROXY_NODE_HOST" "0.0.0.0"
  "PROXY_NODE_PORTS" (printf "%d-%d" (int $ports.first) (int $ports.last))
  "PROXY_NODE_HTTP_PORT" (int $ports.http)
  "PROXY_NODE_SOCKS_PORT" (int $ports.socks)
  "PROXY_NODE_DRAIN_S" (int $values.drainSeconds) -}}
{{- $secret := include "service.nodeSecret" . -}}
{{- toJson (dict
  "part" .Values.product "component" "node" "values" $values "image" .Values.image "imageName" .Values.product
  "args" (list "node.js") "settings" (mergeOverwrite $settings $values.settings) "replicas" (int $values.replicas)
  "ports" (dict "pool-http" (int $ports.http) "pool-socks" (int $ports.socks) "metrics" (include "lumi.metricsPort" . | int))
  "secrets" (dict
    "PROXY_NODE_ID" (dict "name" $secret "key" "PROXY_NODE_ID")
    "PROXY_NODE_TOKEN" (dict "name" $secret "key" "PROXY_NODE_TOKEN"))) -}}
{{- end -}}

{{- define "service.nodeSecret" -}}
{{- .Values.node.secretName | default (printf "%s-%s-node" (include "lumi.installation" .) .Values.product) -}}
{{- end -}}

{{- define "service.checkNode" -}}
{{- $node := .Values.node -}}
{{- $ports := $node.ports -}}
{{- if ne .Values.product "proxy" }}
{{- fail (printf "node.enabled: %s has no nodes, only proxy has" .Values.product) }}
{{- end }}
{{- if not .Values.settings.PROXY_ENTRY_HOST }}
{{- fail "node.enabled: settings.PROXY_ENTRY_HOST is missing, the host that customers connect to: the address of the Service of the nodes, or a name that leads there" }}
{{- end }}
{{- if ge (int $ports.first) (int $ports.last) }}
{{- fail (printf "node.ports.first (%d) is not below node.ports.last (%d)" (int $ports.first) (int $ports.last)) }}
{{- end }}
{{- if gt (sub (int $ports.last) (int $ports.first)) 999 }}
{{- fail "node.ports: first and last are more than 1000 ports apart; a Service names each of them" }}
{{- end }}
{{- range $name := list "http" "socks" }}
{{- $port := get $ports $name | int }}
{{- if and (ge $port (int $ports.first)) (le $port (int $ports.last)) }}
{{- fail (printf "node.ports.%s (%d) is among those of static proxies (%d-%d)" $name $port (int $ports.first) (int $ports.last)) }}
{{- end }}
{{- end }}
{{- $needed := add (int $node.stopDelaySeconds) (int $node.drainSeconds) 8 }}
{{- if lt (int $node.terminationGracePeriodSeconds) (int $needed) }}
{{- fail (printf "node.terminationGracePeriodSeconds (%d) is below %d: stopDelaySeconds, drainSeconds and 8 s for the last usage" (int $node.terminationGracePeriodSeconds) (int $needed)) }}
{{- end }}
{{- end -}}

{{/*
What customers connect to. A customer stays at one node, because sessions are kept in it, and is seen by its own
address, because addresses are allowed and throttled.
*/}}
{{- define "service.nodeEntries" -}}
{{- $service := .values.service -}}
{{- $ports := .values.ports -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ include "lumi.name" . }}
  labels:
    {{- include "lumi.labels" . | nindent 4 }}
  {{- with $service.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  type: {{ $service.type }}
  sessionAffinity: ClientIP
  {{- if ne $service.type "ClusterIP" }}
  externalTrafficPolicy: {{ $service.externalTrafficPolicy }}
  {{- end }}
  {{- if eq $service.type "LoadBalancer" }}
  {{- with $service.loadBalancerSourceRanges }}
  loadBalancerSourceRanges: {{ toJson . }}
  {{- end }}
  {{- end }}
  selector:
    {{- include "lumi.selector" . | nindent 4 }}
  ports:
    - {name: pool-http, port: {{ int $ports.http }}, targetPort: pool-http, protocol: TCP}
    - {name: pool-socks, port: {{ int $ports.socks }}, targetPort: pool-socks, protocol: TCP}
    {{- range $port := untilStep (int $ports.first) (int (add 1 $ports.last)) 1 }}
    - {name: entry-{{ $port }}, port: {{ $port }}, targetPort: {{ $port }}, protocol: TCP}
    {{- end }}
{{- end -}}

{{- define "service.ownPods" -}}
- podSelector:
    matchLabels:
      app.kubernetes.io/part-of: {{ include "lumi.installation" .root }}
      app.kubernetes.io/name: {{ .root.Values.product }}
      app.kubernetes.io/component: {{ .component }}
{{- end -}}
