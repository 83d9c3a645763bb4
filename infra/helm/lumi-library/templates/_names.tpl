{{/*
A "process" is a dict that the charts build once for each kind of pod and pass to every template here:
  root        the chart's top context ($)
  part        gateway, domains, vps or proxy
  component   http, worker, node, migration or tools
  values      the block of values with the process's size (`http`, `worker`, …)
  image       the block of values with the image's name
  args        the arguments of `node`
  ports       name → number
  settings    setting → value, not secret
  secrets     setting → {name, key} of a Secret; each is mounted as a file
  replicas    of a StatefulSet alone: pod <n> gets the file of the key <key>_<n>, and no other pod's
*/}}

{{/* The installation's name: the prefix of all names and the value of part-of. The same in each release. */}}
{{- define "lumi.installation" -}}
{{- .Values.global.installation -}}
{{- end -}}

{{/* lumi-domains, lumi-domains-worker, lumi-domains-migrate */}}
{{- define "lumi.name" -}}
{{- $suffix := get (dict "http" "" "worker" "-worker" "node" "-node" "migration" "-migrate" "tools" "-tools") .component -}}
{{- $part := ternary "" (printf "-%s" .part) (eq .component "tools") -}}
{{- printf "%s%s%s" (include "lumi.installation" .root) $part $suffix -}}
{{- end -}}

{{/* What pods are found by. No release and no version: a selector can never be changed. */}}
{{- define "lumi.selector" -}}
app.kubernetes.io/part-of: {{ include "lumi.installation" .root }}
app.kubernetes.io/name: {{ .part }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "lumi.labels" -}}
{{ include "lumi.selector" . }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/version: {{ include "lumi.tag" . | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "lumi.tag" -}}
{{- .image.tag | default .root.Chart.AppVersion | trunc 63 -}}
{{- end -}}

{{/* registry/lumi-domains:0.1.0, or …@sha256:… where a digest is given */}}
{{- define "lumi.image" -}}
{{- if eq .image.tag "latest" }}
{{- fail (printf "%s: the tag latest does not say what runs, and a rollback would find the same image: give a version" (include "lumi.name" .)) }}
{{- end -}}
{{- $global := .root.Values.global.image -}}
{{- $registry := ternary "" (printf "%s/" (trimSuffix "/" $global.registry)) (empty $global.registry) -}}
{{- $repository := .image.repository | default (printf "lumi-%s" .imageName) -}}
{{- if .image.digest -}}
{{- printf "%s%s@%s" $registry $repository .image.digest -}}
{{- else -}}
{{- printf "%s%s:%s" $registry $repository (.image.tag | default .root.Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{- define "lumi.metricsPort" -}}9464{{- end -}}
{{- define "lumi.servicePort" -}}9000{{- end -}}
{{- define "lumi.gatewayPort" -}}8080{{- end -}}
{{- define "lumi.secretFolder" -}}/run/secrets/lumi{{- end -}}
