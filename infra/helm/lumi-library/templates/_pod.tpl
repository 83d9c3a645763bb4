{{/* Pod Security "restricted". These are not values: nothing of Lumi needs more. */}}
{{- define "lumi.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
fsGroup: 1000
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "lumi.containerSecurity" -}}
allowPrivilegeEscalation: false
privileged: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities: {drop: [ALL]}
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "lumi.pod" -}}
{{- $global := .root.Values.global -}}
metadata:
  labels:
    {{- include "lumi.labels" . | nindent 4 }}
    {{- with .values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with .values.podAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  serviceAccountName: {{ include "lumi.name" . }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  {{- with $global.image.pullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if .restartPolicy }}
  restartPolicy: {{ .restartPolicy }}
  {{- end }}
  terminationGracePeriodSeconds: {{ .values.terminationGracePeriodSeconds | default 30 }}
  securityContext:
    {{- include "lumi.podSecurity" . | nindent 4 }}
  {{- with .values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with .values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- include "lumi.spread" . | nindent 2 }}
  containers:
    - name: {{ .component }}
      image: {{ include "lumi.image" . | quote }}
      imagePullPolicy: {{ $global.image.pullPolicy }}
      args: {{ toJson .args }}
      env:
        {{- include "lumi.env" . | trim | nindent 8 }}
      {{- with .ports }}
      ports:
        {{- range $name, $number := . }}
        - {name: {{ $name }}, containerPort: {{ $number }}, protocol: TCP}
        {{- end }}
      {{- end }}
      {{- if hasKey .ports "metrics" }}
      {{- include "lumi.probes" . | nindent 6 }}
      {{- end }}
      resources:
        {{- toYaml .values.resources | nindent 8 }}
      securityContext:
        {{- include "lumi.containerSecurity" . | nindent 8 }}
      volumeMounts:
        - {name: tmp, mountPath: /tmp}
        {{- if .replicas }}
        - {name: secrets, mountPath: {{ include "lumi.secretFolder" . }}, subPathExpr: $(POD_NAME), readOnly: true}
        - {name: data, mountPath: /var/lib/lumi}
        {{- else }}
        - {name: secrets, mountPath: {{ include "lumi.secretFolder" . }}, readOnly: true}
        {{- end }}
  volumes:
    {{- include "lumi.volumes" . | nindent 4 }}
{{- end -}}

{{/*
All probes ask METRICS_PORT: on the public port a probe would count as a connection of its node's address. Live means
that the process answers at all; ready includes what it depends on. After SIGTERM /readyz refuses at once, and for
STOP_DELAY_MS the process still accepts requests, while the cluster takes the pod out of its Services.
*/}}
{{- define "lumi.probes" -}}
startupProbe:
  httpGet: {path: /healthz, port: metrics}
  periodSeconds: 2
  timeoutSeconds: 2
  failureThreshold: 45
livenessProbe:
  httpGet: {path: /healthz, port: metrics}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: {path: /readyz, port: metrics}
  periodSeconds: 5
  timeoutSeconds: 3
  failureThreshold: 2
{{- end -}}

{{- define "lumi.spread" -}}
{{- with .values.topologySpread }}
topologySpreadConstraints:
  {{- range $key, $when := dict "topology.kubernetes.io/zone" .zones "kubernetes.io/hostname" .nodes }}
  - maxSkew: 1
    topologyKey: {{ $key }}
    whenUnsatisfiable: {{ $when }}
    labelSelector:
      matchLabels:
        {{- include "lumi.selector" $ | nindent 8 }}
    {{- if not $.replicas }}
    matchLabelKeys: [pod-template-hash]
    {{- end }}
  {{- end }}
{{- end }}
{{- end -}}

{{- define "lumi.serviceAccount" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ include "lumi.name" . }}
  labels:
    {{- include "lumi.labels" . | nindent 4 }}
  {{- with .annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
automountServiceAccountToken: false
{{- end -}}
