{{/* Settings, the Secret and the network, as a container's environment; and what of it makes pods restart. */}}

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

{{/* Environment variable -> key of the ConfigMap, for all that a workload reads. */}}
{{- define "todo-app.configKeys" -}}
{{- $keys := dict -}}
{{- range .settings }}{{ $_ := set $keys . . }}{{ end -}}
{{ merge $keys .renamed | toYaml }}
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

{{- define "todo-app.podAnnotations" -}}
checksum/config: {{ include "todo-app.configChecksum" . }}
{{- if .followsSecret }}
{{- $revisions := .root.Values.secret.revisions }}
{{- range $key := keys .secret | sortAlpha }}
{{- with get $revisions $key }}
todo.k8s/secret-{{ $key }}: {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- if .outside }}
{{- with .root.Values.network }}
{{- if and .proxy.existingSecret .proxy.revision }}
todo.k8s/proxy-revision: {{ .proxy.revision | quote }}
{{- end }}
{{- if and .caBundle.existingConfigMap .caBundle.checksum }}
checksum/ca-bundle: {{ .caBundle.checksum | quote }}
{{- end }}
{{- end }}
{{- end }}
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
{{- range $env, $need := .secret }}
- name: {{ $env }}
  valueFrom:
    secretKeyRef:
      name: {{ include "todo-app.secretName" $root }}
      key: {{ $env }}
      {{- if eq $need "optional" }}
      optional: true
      {{- end }}
{{- end }}
{{- range $env, $value := .fixed }}
- name: {{ $env }}
  value: {{ $value | quote }}
{{- end }}
{{- if .outside }}
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
