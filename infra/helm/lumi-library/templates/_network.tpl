{{/*
One allowed flow, or none: with neither `from` nor `to` it denies all. Takes
  root, part, components (the pods), flow (its name), from or to (peers), ports, range (first and last of further ports), protocols (default TCP),
  hook (weight)
*/}}
{{- define "lumi.flow" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "lumi.installation" .root }}-{{ .part }}-{{ .flow }}
  labels:
    app.kubernetes.io/part-of: {{ include "lumi.installation" .root }}
    app.kubernetes.io/name: {{ .part }}
    app.kubernetes.io/instance: {{ .root.Release.Name }}
    app.kubernetes.io/managed-by: {{ .root.Release.Service }}
  {{- if .hook }}
  annotations:
    {{- include "lumi.hook" .hook | nindent 4 }}
  {{- end }}
spec:
  podSelector:
    matchLabels:
      app.kubernetes.io/part-of: {{ include "lumi.installation" .root }}
      app.kubernetes.io/name: {{ .part }}
    matchExpressions:
      - {key: app.kubernetes.io/component, operator: In, values: {{ toJson .components }}}
  {{- if not (or .from .to) }}
  policyTypes: [Ingress, Egress]
  {{- else }}
  {{- $direction := ternary "ingress" "egress" (hasKey . "from") }}
  policyTypes: [{{ title $direction }}]
  {{ $direction }}:
    - {{ ternary "from" "to" (hasKey . "from") }}:
        {{- toYaml (.from | default .to) | nindent 8 }}
      ports:
        {{- range $port := .ports }}
        {{- range $protocol := $.protocols | default (list "TCP") }}
        - {protocol: {{ $protocol }}, port: {{ $port }}}
        {{- end }}
        {{- end }}
        {{- with .range }}
        - {protocol: TCP, port: {{ int .first }}, endPort: {{ int .last }}}
        {{- end }}
  {{- end }}
{{- end -}}

{{/* The flows of a migration: names and the database. They exist before the Job, so they are hooks as well. */}}
{{- define "lumi.migrationFlows" -}}
{{- $network := .root.Values.global.network -}}
{{- $flow := dict "root" .root "part" .part "components" (list "migration") "hook" "-30" -}}
{{ include "lumi.flow" (merge (dict "flow" "migrate-deny") $flow) }}
---
{{ include "lumi.flow" (merge (dict "flow" "migrate-to-dns" "to" $network.dns.to "ports" $network.dns.ports "protocols" (list "UDP" "TCP")) $flow) }}
---
{{ include "lumi.flow" (merge (dict "flow" "migrate-to-postgresql" "to" $network.postgresql.to "ports" $network.postgresql.ports) $flow) }}
{{- end -}}

{{/* What all long-running pods of a part may do: be scraped; reach names, PostgreSQL, Redis, the trace collector. */}}
{{- define "lumi.commonFlows" -}}
{{- $global := .root.Values.global -}}
{{- $network := $global.network -}}
{{- $scraped := dict "root" .root "part" .part "components" .scraped -}}
{{- $all := dict "root" .root "part" .part "components" .components -}}
{{ include "lumi.flow" (merge (dict "flow" "deny") $all) }}
---
{{ include "lumi.flow" (merge (dict "flow" "from-scrapers" "from" $network.scrapers.from "ports" (list (include "lumi.metricsPort" . | int))) $scraped) }}
---
{{ include "lumi.flow" (merge (dict "flow" "to-dns" "to" $network.dns.to "ports" $network.dns.ports "protocols" (list "UDP" "TCP")) $all) }}
---
{{ include "lumi.flow" (merge (dict "flow" "to-postgresql" "to" $network.postgresql.to "ports" $network.postgresql.ports) $all) }}
{{- if $global.redis.enabled }}
---
{{ include "lumi.flow" (merge (dict "flow" "to-redis" "to" $network.redis.to "ports" $network.redis.ports) $all) }}
{{- end }}
{{- if $global.telemetry.endpoint }}
---
{{ include "lumi.flow" (merge (dict "flow" "to-telemetry" "to" $network.telemetry.to "ports" $network.telemetry.ports) $scraped) }}
{{- end }}
{{- end -}}
