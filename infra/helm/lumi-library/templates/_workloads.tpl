{{/* True when something else sets the number of replicas. */}}
{{- define "lumi.isScaled" -}}
{{- $keda := .values.keda | default dict -}}
{{- if and .values.autoscaling.enabled $keda.enabled -}}
{{- fail (printf "%s: autoscaling and keda would both set the number of replicas: enable one of them" (include "lumi.name" .)) }}
{{- end -}}
{{- if or .values.autoscaling.enabled $keda.enabled -}}true{{- end -}}
{{- end -}}

{{- define "lumi.deployment" -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "lumi.name" . }}
  labels:
    {{- include "lumi.labels" . | nindent 4 }}
spec:
  {{- if not (include "lumi.isScaled" .) }}
  replicas: {{ .values.replicas }}
  {{- end }}
  revisionHistoryLimit: 5
  selector:
    matchLabels:
      {{- include "lumi.selector" . | nindent 6 }}
  strategy:
    type: RollingUpdate
    rollingUpdate: {maxUnavailable: 0, maxSurge: 1}
  template:
    {{- include "lumi.pod" . | nindent 4 }}
{{- end -}}

{{/*
Pods with a name and a disk each, which it keeps; the Service for scrapers gives them their names. Takes values.storage.
*/}}
{{- define "lumi.statefulSet" -}}
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: {{ include "lumi.name" . }}
  labels:
    {{- include "lumi.labels" . | nindent 4 }}
spec:
  serviceName: {{ include "lumi.name" . }}-metrics
  replicas: {{ .replicas }}
  revisionHistoryLimit: 5
  podManagementPolicy: Parallel
  selector:
    matchLabels:
      {{- include "lumi.selector" . | nindent 6 }}
  updateStrategy: {type: RollingUpdate}
  persistentVolumeClaimRetentionPolicy: {whenDeleted: Retain, whenScaled: Retain}
  template:
    {{- include "lumi.pod" . | nindent 4 }}
  volumeClaimTemplates:
    - metadata:
        name: data
        labels:
          {{- include "lumi.selector" . | nindent 10 }}
      spec:
        accessModes: [ReadWriteOnce]
        {{- with .values.storage.className }}
        storageClassName: {{ . }}
        {{- end }}
        resources: {requests: {storage: {{ .values.storage.size }}}}
{{- end -}}

{{- define "lumi.service" -}}
{{- $service := .service | default dict -}}
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
  type: {{ $service.type | default "ClusterIP" }}
  {{- if eq ($service.type | default "ClusterIP") "LoadBalancer" }}
  externalTrafficPolicy: {{ $service.externalTrafficPolicy }}
  {{- with $service.loadBalancerSourceRanges }}
  loadBalancerSourceRanges: {{ toJson . }}
  {{- end }}
  {{- end }}
  selector:
    {{- include "lumi.selector" . | nindent 4 }}
  ports:
    - {name: http, port: {{ $service.port | default .ports.http }}, targetPort: http, protocol: TCP, appProtocol: http}
{{- end -}}

{{/* Headless, for scrapers only: it also names pods that are not ready. Workers have no other Service. */}}
{{- define "lumi.metricsService" -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ include "lumi.name" . }}-metrics
  labels:
    {{- include "lumi.labels" . | nindent 4 }}
    lumi/scrape: "true"
spec:
  clusterIP: None
  publishNotReadyAddresses: true
  selector:
    {{- include "lumi.selector" . | nindent 4 }}
  ports:
    - {name: metrics, port: {{ .ports.metrics }}, targetPort: metrics, protocol: TCP, appProtocol: http}
{{- end -}}

{{- define "lumi.serviceMonitor" -}}
{{- $monitor := .root.Values.global.monitoring.serviceMonitor -}}
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  name: {{ include "lumi.name" . }}
  labels:
    {{- include "lumi.labels" . | nindent 4 }}
    {{- with $monitor.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  selector:
    matchLabels:
      {{- include "lumi.selector" . | nindent 6 }}
      lumi/scrape: "true"
  endpoints:
    - port: metrics
      path: /metrics
      interval: {{ $monitor.interval }}
      scrapeTimeout: {{ $monitor.scrapeTimeout }}
      # The rules of infra/monitoring find the processes by it.
      relabelings: [{targetLabel: job, replacement: lumi}]
{{- end -}}

{{/* At most so many pods of a kind are taken away at once. Never minAvailable: one replica would block a drain. */}}
{{- define "lumi.disruptionBudget" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ include "lumi.name" . }}
  labels:
    {{- include "lumi.labels" . | nindent 4 }}
spec:
  maxUnavailable: {{ .values.podDisruptionBudget.maxUnavailable }}
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "lumi.selector" . | nindent 6 }}
{{- end -}}

{{- define "lumi.autoscaler" -}}
{{- $scaling := .values.autoscaling -}}
{{- include "lumi.checkReplicas" (dict "name" (include "lumi.name" .) "block" "autoscaling" "scaling" $scaling) }}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ include "lumi.name" . }}
  labels:
    {{- include "lumi.labels" . | nindent 4 }}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: {{ include "lumi.name" . }}}
  minReplicas: {{ $scaling.minReplicas }}
  maxReplicas: {{ $scaling.maxReplicas }}
  metrics:
    {{- if $scaling.queue }}
    - type: External
      external:
        metric:
          name: {{ $scaling.queue.metric }}
          selector:
            matchLabels: {product: {{ .part }}, state: waiting}
        target: {type: AverageValue, averageValue: {{ $scaling.queue.jobsPerWorker | quote }}}
    {{- else }}
    - type: Resource
      resource:
        name: cpu
        target: {type: Utilization, averageUtilization: {{ $scaling.cpuPercent }}}
    {{- end }}
  behavior:
    scaleUp:
      stabilizationWindowSeconds: 0
      policies: [{type: Percent, value: 100, periodSeconds: 30}, {type: Pods, value: 2, periodSeconds: 30}]
    scaleDown:
      stabilizationWindowSeconds: 300
      policies: [{type: Percent, value: 25, periodSeconds: 60}, {type: Pods, value: 1, periodSeconds: 60}]
{{- end -}}

{{- define "lumi.scaledObject" -}}
{{- $keda := .values.keda -}}
{{- include "lumi.checkReplicas" (dict "name" (include "lumi.name" .) "block" "keda" "scaling" $keda) }}
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  name: {{ include "lumi.name" . }}
  labels:
    {{- include "lumi.labels" . | nindent 4 }}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: {{ include "lumi.name" . }}}
  minReplicaCount: {{ $keda.minReplicas }}
  maxReplicaCount: {{ $keda.maxReplicas }}
  pollingInterval: {{ $keda.pollingSeconds }}
  cooldownPeriod: {{ $keda.cooldownSeconds }}
  fallback: {failureThreshold: 3, replicas: {{ $keda.fallbackReplicas }}}
  triggers:
    - type: prometheus
      metricType: AverageValue
      metadata:
        serverAddress: {{ $keda.prometheusUrl | quote }}
        query: {{ $keda.query | replace "PRODUCT" .part | quote }}
        threshold: {{ $keda.jobsPerWorker | quote }}
{{- end -}}

{{- define "lumi.checkReplicas" -}}
{{- if gt (int .scaling.minReplicas) (int .scaling.maxReplicas) }}
{{- fail (printf "%s: %s.minReplicas (%d) is above %s.maxReplicas (%d)" .name .block (int .scaling.minReplicas) .block (int .scaling.maxReplicas)) }}
{{- end }}
{{- end -}}

{{/*
A migration Job with its ServiceAccount and flows, before anything else of the release. Smaller weights go first: the
platform's Job has -20, a product's -10, and what they need has -30.
*/}}
{{- define "lumi.hook" -}}
helm.sh/hook: pre-install,pre-upgrade
helm.sh/hook-weight: {{ . | quote }}
helm.sh/hook-delete-policy: before-hook-creation
{{- end -}}

{{- define "lumi.migrationJob" -}}
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ include "lumi.name" . }}
  labels:
    {{- include "lumi.labels" . | nindent 4 }}
  annotations:
    {{- include "lumi.hook" .weight | nindent 4 }}
spec:
  backoffLimit: 3
  activeDeadlineSeconds: {{ .values.activeDeadlineSeconds }}
  ttlSecondsAfterFinished: 86400
  template:
    {{- include "lumi.pod" . | nindent 4 }}
{{- end -}}
