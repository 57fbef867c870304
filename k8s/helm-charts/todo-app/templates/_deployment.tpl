{{/* A Deployment of one container. */}}
{{- define "todo-app.deployment" -}}
{{- $values := .values -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "todo-app.labels" . | nindent 4 }}
spec:
  replicas: {{ $values.replicas }}
  revisionHistoryLimit: 3
  progressDeadlineSeconds: 600
  selector:
    matchLabels:
      {{- include "todo-app.selectorLabels" . | nindent 6 }}
  strategy:
    type: {{ .strategy }}
    {{- if eq .strategy "RollingUpdate" }}
    rollingUpdate:
      maxUnavailable: 0
      maxSurge: 1
    {{- end }}
  template:
    metadata:
      labels:
        {{- include "todo-app.podLabels" . | nindent 8 }}
      annotations:
        {{- include "todo-app.podAnnotations" . | nindent 8 }}
    spec:
      automountServiceAccountToken: false
      # Kubernetes would add POSTGRESQL_PORT=tcp://… and the like, which applications mistake for their settings.
      enableServiceLinks: false
      {{- with include "todo-app.imagePullSecrets" .root }}
      {{- . | nindent 6 }}
      {{- end }}
      terminationGracePeriodSeconds: {{ include "todo-app.gracePeriod" . }}
      securityContext:
        {{- include "todo-app.podSecurityContext" . | nindent 8 }}
      {{- if ge (int $values.replicas) 2 }}
      topologySpreadConstraints:
        {{- include "todo-app.spread" . | nindent 8 }}
      {{- end }}
      containers:
        - name: {{ .name }}
          image: {{ include "todo-app.image" . | quote }}
          imagePullPolicy: {{ $values.image.pullPolicy }}
          {{- with .command }}
          command:
            {{- toYaml . | nindent 12 }}
          {{- end }}
          ports:
            - name: {{ .portName }}
              containerPort: {{ $values.service.port }}
              protocol: TCP
          env:
            {{- include "todo-app.env" . | trim | nindent 12 }}
          resources:
            {{- $values.resources | toYaml | nindent 12 }}
          {{- include "todo-app.probes" . | trim | nindent 10 }}
          {{- if $values.preStopSeconds }}
          lifecycle:
            preStop:
              {{- include "todo-app.preStop" . | nindent 14 }}
          {{- end }}
          securityContext:
            {{- $values.securityContext | toYaml | nindent 12 }}
          volumeMounts:
            {{- include "todo-app.volumeMounts" . | trim | nindent 12 }}
      volumes:
        {{- include "todo-app.volumes" . | trim | nindent 8 }}
{{- end }}
