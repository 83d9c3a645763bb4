{{/* A setting's value as text. YAML's numbers reach Helm as floats, and 1000000 would be written 1e+06. */}}
{{- define "lumi.text" -}}
{{- if kindIs "float64" . -}}{{ printf "%.0f" . }}{{- else -}}{{ toString . }}{{- end -}}
{{- end -}}

{{/*
The environment of a process. A secret never appears in it: the process gets the path of a file (X_FILE).
*/}}
{{- define "lumi.env" -}}
{{- if .replicas }}
- name: POD_NAME
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
{{- end }}
{{- range $name, $value := .settings }}
{{- if hasKey $.secrets $name }}
{{- fail (printf "%s is given twice, as a setting and as a Secret's key: remove it from settings or from secrets.also" $name) }}
{{- end }}
- name: {{ $name }}
  value: {{ include "lumi.text" $value | quote }}
{{- end }}
{{- range $name := keys .secrets | sortAlpha }}
- name: {{ $name }}_FILE
  value: {{ include "lumi.secretFolder" $ }}/{{ $name }}
{{- end }}
{{- end -}}

{{/*
The Secret's keys of a process as YAML: setting → {name, key}. Takes `names` (the settings), `default` (a Secret's
name) and `secrets` (the block of values: name, from, also).
*/}}
{{- define "lumi.secretKeys" -}}
{{- $all := concat .names (.secrets.also | default list) | uniq -}}
{{- $from := .secrets.from | default dict -}}
{{- range $setting := keys $from }}
{{- if not (has $setting $all) }}
{{- fail (printf "secrets.from names %s, which this process does not read as a secret: it reads %s. Add it to secrets.also if you mean it" $setting (join ", " $all)) }}
{{- end }}
{{- end }}
{{- range $setting := $all }}
{{- $one := get $from $setting | default dict }}
{{ $setting }}: {name: {{ $one.name | default $.secrets.name | default $.default }}, key: {{ $one.key | default $setting }}}
{{- end }}
{{- end -}}

{{/*
One projected volume of all Secrets of the process, one file for each setting. Pods of a StatefulSet have a folder each,
and see that alone; a pod whose keys are missing does not keep the others from starting.
*/}}
{{- define "lumi.volumes" -}}
{{- $bySecret := dict -}}
{{- range $setting := keys .secrets | sortAlpha -}}
{{- $from := get $.secrets $setting -}}
{{- $items := get $bySecret $from.name | default list -}}
{{- if $.replicas -}}
{{- range $number := until (int $.replicas) -}}
{{- $items = append $items (dict "key" (printf "%s_%d" $from.key $number) "path" (printf "%s-%d/%s" (include "lumi.name" $) $number $setting)) -}}
{{- end -}}
{{- else -}}
{{- $items = append $items (dict "key" $from.key "path" $setting) -}}
{{- end -}}
{{- $_ := set $bySecret $from.name $items -}}
{{- end -}}
- name: tmp
  emptyDir: {sizeLimit: 64Mi}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      {{- range $name, $items := $bySecret }}
      - secret:
          name: {{ $name }}
          {{- if $.replicas }}
          optional: true
          {{- end }}
          items:
            {{- range $items }}
            - {key: {{ .key }}, path: {{ .path }}}
            {{- end }}
      {{- end }}
{{- end -}}

{{/* Settings that every process has, with those of the values on top. Returns YAML. */}}
{{- define "lumi.commonSettings" -}}
HOST: 0.0.0.0
METRICS_PORT: {{ include "lumi.metricsPort" . | quote }}
{{- if .Values.global.telemetry.endpoint }}
OTEL_EXPORTER_OTLP_ENDPOINT: {{ .Values.global.telemetry.endpoint | quote }}
{{- end }}
{{- end -}}

{{/* Where processes find PostgreSQL and Redis: the names of the settings that hold the URLs. */}}
{{- define "lumi.databaseSecrets" -}}
- DATABASE_URL
{{- if .Values.global.postgresql.pooler }}
- DATABASE_DIRECT_URL
{{- end }}
{{- if .Values.global.redis.enabled }}
- REDIS_URL
{{- end }}
{{- end -}}

{{/* The owner of the schema, and the passwords of the roles that the platform's migration makes. */}}
{{- define "lumi.migrationSecrets" -}}
- DATABASE_URL
- LUMI_GATEWAY_PASSWORD
- LUMI_DOMAINS_PASSWORD
- LUMI_VPS_PASSWORD
- LUMI_PROXY_PASSWORD
- LUMI_ADMIN_PASSWORD
{{- end -}}
