{{/*
One place for what all five workloads have in common. Names of Services are fixed (not prefixed with the release),
because they are the applications' contract; hence one release to a namespace.
*/}}

{{/* Helpers for a workload take a dict: root, name, key (in values), component, portName, values, and what differs. */}}
{{- define "todo-app.chart" -}}
{{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* Labels that select pods; they never change for the life of a release, as selectors are immutable. */}}
{{- define "todo-app.selectorLabels" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end }}

{{/* Labels of the pods: what selects them, and nothing that changes with the chart's version (that would roll them out). */}}
{{- define "todo-app.podLabels" -}}
{{ include "todo-app.selectorLabels" . }}
app.kubernetes.io/component: {{ .component }}
app.kubernetes.io/part-of: {{ .root.Chart.Name }}
{{- end }}

{{/* Labels of every object. */}}
{{- define "todo-app.labels" -}}
{{ include "todo-app.podLabels" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ include "todo-app.chart" .root }}
{{- end }}

{{/* repository:tag; there is no default tag, because a tag is the hash of what was built. */}}
{{- define "todo-app.image" -}}
{{- $image := .values.image -}}
{{- if not $image.tag -}}
{{- fail (printf "%s.image.tag is empty: found no tag for the image %s of %s, needed the tag that was built and loaded into the cluster. Set it with --set %s.image.tag=TAG or in a values file." .key $image.repository .name .key) -}}
{{- end -}}
{{- if eq $image.tag "latest" -}}
{{- fail (printf "%s.image.tag is latest: needed a tag that names one build, as the node keeps whatever `latest` was first. Build and load the image under another tag." .key) -}}
{{- end -}}
{{ printf "%s:%s" $image.repository $image.tag }}
{{- end }}

{{- define "todo-app.secretName" -}}
{{ required "secret.existingName is empty: needed the name of the Secret that holds POSTGRES_PASSWORD and JWT_SECRET_KEY" .Values.secret.existingName }}
{{- end }}

{{/* The whole `.data` of ConfigMap app-config, as YAML; every value is text. */}}
{{- define "todo-app.configData" -}}
{{- $c := .Values.config -}}
DATABASE_HOST: postgresql
DATABASE_PORT: {{ .Values.postgresql.service.port | quote }}
DATABASE_NAME: {{ $c.databaseName | quote }}
DATABASE_USER: {{ $c.databaseUser | quote }}
JWT_EXPIRE_MINUTES: {{ $c.jwtExpireMinutes | int | quote }}
COOKIE_SECURE: {{ $c.cookieSecure | quote }}
SIGN_IN_FAILURES_PER_ACCOUNT: {{ $c.signIn.failuresPerAccount | int | quote }}
SIGN_IN_FAILURES_PER_ADDRESS: {{ $c.signIn.failuresPerAddress | int | quote }}
SIGN_IN_WINDOW_SECONDS: {{ $c.signIn.windowSeconds | int | quote }}
TRUSTED_PROXIES: {{ $c.trustedProxies | join "," | quote }}
CORS_ORIGINS: {{ $c.corsOrigins | join "," | quote }}
DATABASE_POOL_SIZE: {{ $c.databasePoolSize | int | quote }}
LOG_LEVEL: {{ $c.logLevel | quote }}
TODO_API_URL: {{ printf "http://todo-backend:%v" .Values.todoBackend.service.port | quote }}
CHATBOT_API_URL: {{ printf "http://chatbot-backend:%v" .Values.chatbotBackend.service.port | quote }}
TODO_PUBLIC_URL: {{ $c.todoPublicUrl | quote }}
CHATBOT_PUBLIC_URL: {{ $c.chatbotPublicUrl | quote }}
CHATKIT_DOMAIN_KEY: {{ $c.chatkitDomainKey | quote }}
OPENAI_BASE_URL: {{ $c.openaiBaseUrl | quote }}
OPENAI_MODEL: {{ $c.openaiModel | quote }}
TODO_BACKEND_PORT: {{ .Values.todoBackend.service.port | quote }}
CHATBOT_BACKEND_PORT: {{ .Values.chatbotBackend.service.port | quote }}
TODO_FRONTEND_PORT: {{ .Values.todoFrontend.service.port | quote }}
CHATBOT_FRONTEND_PORT: {{ .Values.chatbotFrontend.service.port | quote }}
{{- end }}

{{/*
What a container reads: environment variable -> key of the ConfigMap. Each workload takes only the keys it uses, so
that a change of OPENAI_MODEL does not restart the database.
*/}}
{{- define "todo-app.configKeys" -}}
{{- if eq .key "postgresql" -}}
POSTGRES_DB: DATABASE_NAME
POSTGRES_USER: DATABASE_USER
{{- else if eq .component "backend" -}}
PORT: {{ if eq .key "todoBackend" }}TODO_BACKEND_PORT{{ else }}CHATBOT_BACKEND_PORT{{ end }}
LOG_LEVEL: LOG_LEVEL
DATABASE_HOST: DATABASE_HOST
DATABASE_PORT: DATABASE_PORT
DATABASE_NAME: DATABASE_NAME
DATABASE_USER: DATABASE_USER
DATABASE_POOL_SIZE: DATABASE_POOL_SIZE
JWT_EXPIRE_MINUTES: JWT_EXPIRE_MINUTES
CORS_ORIGINS: CORS_ORIGINS
{{- if eq .key "todoBackend" }}
COOKIE_SECURE: COOKIE_SECURE
SIGN_IN_FAILURES_PER_ACCOUNT: SIGN_IN_FAILURES_PER_ACCOUNT
SIGN_IN_FAILURES_PER_ADDRESS: SIGN_IN_FAILURES_PER_ADDRESS
SIGN_IN_WINDOW_SECONDS: SIGN_IN_WINDOW_SECONDS
TRUSTED_PROXIES: TRUSTED_PROXIES
{{- end }}
{{- if eq .key "chatbotBackend" }}
TODO_API_URL: TODO_API_URL
OPENAI_BASE_URL: OPENAI_BASE_URL
OPENAI_MODEL: OPENAI_MODEL
{{- end }}
{{- else -}}
PORT: {{ if eq .key "todoFrontend" }}TODO_FRONTEND_PORT{{ else }}CHATBOT_FRONTEND_PORT{{ end }}
LOG_LEVEL: LOG_LEVEL
TODO_API_URL: TODO_API_URL
CHATBOT_API_URL: CHATBOT_API_URL
TODO_PUBLIC_URL: TODO_PUBLIC_URL
CHATBOT_PUBLIC_URL: CHATBOT_PUBLIC_URL
{{- if eq .key "chatbotFrontend" }}
CHATKIT_DOMAIN_KEY: CHATKIT_DOMAIN_KEY
{{- end }}
{{- end }}
{{- end }}

{{/* Keys a container reads from the Secret: environment variable of the same name -> may it be missing? */}}
{{- define "todo-app.secretKeys" -}}
{{- if eq .key "postgresql" -}}
POSTGRES_PASSWORD: false
{{- else if eq .component "backend" -}}
POSTGRES_PASSWORD: false
POSTGRES_PASSWORD_NEXT: true
JWT_SECRET_KEY: false
{{- if eq .key "chatbotBackend" }}
OPENAI_API_KEY: true
{{- end }}
{{- end }}
{{- end }}

{{/*
Checksum of exactly the ConfigMap data this workload reads: environment variables do not follow a changed ConfigMap,
so the pods have to be replaced when, and only when, one of these values changes.
*/}}
{{- define "todo-app.configChecksum" -}}
{{- $data := include "todo-app.configData" .root | fromYaml -}}
{{- $used := dict -}}
{{- range $env, $key := include "todo-app.configKeys" . | fromYaml -}}
{{- $_ := set $used $env (get $data $key) -}}
{{- end -}}
{{ $used | toJson | sha256sum }}
{{- end }}

{{- define "todo-app.env" -}}
{{- $root := .root -}}
{{- range $env, $key := include "todo-app.configKeys" . | fromYaml }}
- name: {{ $env }}
  valueFrom:
    configMapKeyRef:
      name: app-config
      key: {{ $key }}
{{- end }}
{{- range $env, $optional := include "todo-app.secretKeys" . | fromYaml }}
- name: {{ $env }}
  valueFrom:
    secretKeyRef:
      name: {{ include "todo-app.secretName" $root }}
      key: {{ $env }}
      {{- if $optional }}
      optional: true
      {{- end }}
{{- end }}
{{- range $env, $value := .extraEnv }}
- name: {{ $env }}
  value: {{ $value | quote }}
{{- end }}
{{- if ne .key "postgresql" }}
{{- include "todo-app.networkEnv" $root }}
{{- end }}
{{- end }}

{{/*
Proxies in both spellings, and the file of trusted authorities under each client's name for it. A proxy's address may
hold a password: it comes from a Secret.
*/}}
{{- define "todo-app.networkEnv" -}}
{{- $network := .Values.network -}}
{{- with $network.proxy.existingSecret }}
{{- $secret := . }}
{{- range list "HTTP_PROXY" "HTTPS_PROXY" "NO_PROXY" }}
{{- $key := . }}
{{- range list $key (lower $key) }}
- name: {{ . }}
  valueFrom:
    secretKeyRef:
      name: {{ $secret }}
      key: {{ $key }}
      optional: true
{{- end }}
{{- end }}
{{- end }}
{{- if $network.caBundle.existingConfigMap }}
{{- range list "SSL_CERT_FILE" "REQUESTS_CA_BUNDLE" "NODE_EXTRA_CA_CERTS" }}
- name: {{ . }}
  value: {{ include "todo-app.caBundlePath" $ }}
{{- end }}
{{- end }}
{{- end }}

{{- define "todo-app.caBundlePath" -}}
/etc/todo-k8s/ca/ca-bundle.pem
{{- end }}

{{/* Whether a workload gets the bundle mounted: "true" or nothing. */}}
{{- define "todo-app.hasCaBundle" -}}
{{- if and (ne .key "postgresql") .root.Values.network.caBundle.existingConfigMap }}true{{ end }}
{{- end }}

{{/* A probe: the timing from values plus how to ask (`path` over HTTP, or the given command). */}}
{{- define "todo-app.probe" -}}
{{- if .command }}
exec:
  command: {{ .command | toJson }}
{{- else }}
httpGet:
  path: {{ .probe.path }}
  port: {{ .port }}
{{- end }}
{{ omit .probe "path" | toYaml }}
{{- end }}

{{- define "todo-app.probes" -}}
{{- $context := . -}}
{{- range $kind := list "startup" "readiness" "liveness" }}
{{ $kind }}Probe:
  {{- include "todo-app.probe" (dict "probe" (get $context.values.probes $kind) "command" $context.probeCommand "port" $context.portName) | trim | nindent 2 }}
{{- end }}
{{- end }}

{{/*
Wait before SIGTERM until the endpoint is gone everywhere, so that a rolling update fails no request. The `sleep`
action needs no binary in the image; clusters before 1.30 do not know it.
*/}}
{{- define "todo-app.preStop" -}}
{{- if semverCompare ">=1.30.0-0" .root.Capabilities.KubeVersion.Version -}}
sleep:
  seconds: {{ .values.preStopSeconds }}
{{- else -}}
exec:
  command: ["sleep", {{ .values.preStopSeconds | toString | quote }}]
{{- end }}
{{- end }}

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
    {{- .strategy | toYaml | nindent 4 }}
  template:
    metadata:
      labels:
        {{- include "todo-app.podLabels" . | nindent 8 }}
      annotations:
        checksum/config: {{ include "todo-app.configChecksum" . }}
        {{- /* Not for PostgreSQL: it reads its password only when its data is initialised. */}}
        {{- if eq .component "backend" }}
        {{- $revisions := .root.Values.secret.revisions }}
        {{- range $key, $optional := include "todo-app.secretKeys" . | fromYaml }}
        {{- with get $revisions $key }}
        todo.k8s/secret-{{ $key }}: {{ . | quote }}
        {{- end }}
        {{- end }}
        {{- end }}
        {{- if ne .key "postgresql" }}
        {{- if and .root.Values.network.proxy.existingSecret .root.Values.network.proxy.revision }}
        todo.k8s/proxy-revision: {{ .root.Values.network.proxy.revision | quote }}
        {{- end }}
        {{- if and .root.Values.network.caBundle.existingConfigMap .root.Values.network.caBundle.checksum }}
        checksum/ca-bundle: {{ .root.Values.network.caBundle.checksum | quote }}
        {{- end }}
        {{- end }}
    spec:
      automountServiceAccountToken: false
      # Kubernetes would add POSTGRESQL_PORT=tcp://… and the like, which applications mistake for their settings.
      enableServiceLinks: false
      terminationGracePeriodSeconds: {{ $values.terminationGracePeriodSeconds }}
      securityContext:
        {{- $values.podSecurityContext | toYaml | nindent 8 }}
      containers:
        - name: {{ .name }}
          image: {{ include "todo-app.image" . | quote }}
          imagePullPolicy: {{ $values.image.pullPolicy }}
          {{- with .command }}
          command: {{ . | toJson }}
          {{- end }}
          {{- with .args }}
          args: {{ . | toJson }}
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
            {{- range .volumes }}
            - name: {{ .name }}
              mountPath: {{ .mountPath }}
            {{- end }}
            {{- if include "todo-app.hasCaBundle" . }}
            - name: ca-bundle
              mountPath: {{ include "todo-app.caBundlePath" . | dir }}
              readOnly: true
            {{- end }}
      volumes:
        {{- range .volumes }}
        - name: {{ .name }}
          {{- .source | toYaml | nindent 10 }}
        {{- end }}
        {{- if include "todo-app.hasCaBundle" . }}
        - name: ca-bundle
          configMap:
            name: {{ .root.Values.network.caBundle.existingConfigMap }}
        {{- end }}
{{- end }}

{{/* A Service in front of one workload. */}}
{{- define "todo-app.service" -}}
{{- $service := .values.service -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "todo-app.labels" . | nindent 4 }}
spec:
  type: {{ $service.type }}
  selector:
    {{- include "todo-app.selectorLabels" . | nindent 4 }}
  ports:
    - name: {{ .portName }}
      port: {{ $service.port }}
      targetPort: {{ .portName }}
      protocol: TCP
      {{- if and (eq $service.type "NodePort") $service.nodePort }}
      nodePort: {{ $service.nodePort }}
      {{- end }}
{{- end }}

{{/* What is writable in a container whose root file system is not: name, mountPath and source of each volume. */}}
{{- define "todo-app.backend.volumes" -}}
- name: tmp
  mountPath: /tmp
  source:
    emptyDir:
      sizeLimit: 64Mi
{{- end }}

{{- define "todo-app.frontend.volumes" -}}
- name: tmp
  mountPath: /tmp
  source:
    emptyDir:
      sizeLimit: 64Mi
- name: next-cache
  mountPath: /app/.next/cache
  source:
    emptyDir:
      sizeLimit: 128Mi
{{- end }}

{{- define "todo-app.rollingUpdate" -}}
type: RollingUpdate
rollingUpdate:
  maxUnavailable: 0
  maxSurge: 1
{{- end }}
