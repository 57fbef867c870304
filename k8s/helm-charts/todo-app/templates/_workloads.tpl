{{/*
The five workloads: what each one is, reads, writes and needs. Everything else of them is in values.
  key              its block in values
  component        backend, frontend or database; a label of its objects
  portName         the name of its port
  strategy         how its pods are replaced
  shutdownSeconds  from SIGTERM to the end at most: what it drains, and its server's own time limit
  settings         environment variables, each a key of ConfigMap app-config with the same name
  renamed          environment variables whose key in the ConfigMap has another name
  secret           environment variables from the Secret, each required or optional
  followsSecret    whether a changed key of the Secret restarts its pods
  fixed            environment variables that are no setting
  outside          whether it is told of proxies and authorities
  writable         directories that can be written although the root file system cannot, on volumes of a bounded size
*/}}
{{- define "todo-app.workloads" -}}
todo-backend:
  key: todoBackend
  component: backend
  portName: http
  strategy: RollingUpdate
  shutdownSeconds: 23
  settings:
    - LOG_LEVEL
    - DATABASE_HOST
    - DATABASE_PORT
    - DATABASE_NAME
    - DATABASE_USER
    - DATABASE_POOL_SIZE
    - JWT_EXPIRE_MINUTES
    - CORS_ORIGINS
    - COOKIE_SECURE
    - SIGN_IN_FAILURES_PER_ACCOUNT
    - SIGN_IN_FAILURES_PER_ADDRESS
    - SIGN_IN_WINDOW_SECONDS
    - TRUSTED_PROXIES
  renamed: {PORT: TODO_BACKEND_PORT}
  secret: {POSTGRES_PASSWORD: required, POSTGRES_PASSWORD_NEXT: optional, JWT_SECRET_KEY: required}
  followsSecret: true
  outside: true
  writable:
    - {name: tmp, path: /tmp, size: 64Mi}

chatbot-backend:
  key: chatbotBackend
  component: backend
  portName: http
  strategy: RollingUpdate
  shutdownSeconds: 23
  settings:
    - LOG_LEVEL
    - DATABASE_HOST
    - DATABASE_PORT
    - DATABASE_NAME
    - DATABASE_USER
    - DATABASE_POOL_SIZE
    - JWT_EXPIRE_MINUTES
    - CORS_ORIGINS
    - TODO_API_URL
    - OPENAI_BASE_URL
    - OPENAI_MODEL
  renamed: {PORT: CHATBOT_BACKEND_PORT}
  secret:
    POSTGRES_PASSWORD: required
    POSTGRES_PASSWORD_NEXT: optional
    JWT_SECRET_KEY: required
    OPENAI_API_KEY: optional
  followsSecret: true
  outside: true
  writable:
    - {name: tmp, path: /tmp, size: 64Mi}

todo-frontend:
  key: todoFrontend
  component: frontend
  portName: http
  strategy: RollingUpdate
  shutdownSeconds: 13
  settings: [LOG_LEVEL, TODO_API_URL, CHATBOT_API_URL, TODO_PUBLIC_URL, CHATBOT_PUBLIC_URL]
  renamed: {PORT: TODO_FRONTEND_PORT}
  # What Next.js listens on; Kubernetes would set it to the pod's name.
  fixed: {HOSTNAME: 0.0.0.0}
  outside: true
  writable:
    - {name: tmp, path: /tmp, size: 64Mi}
    - {name: next-cache, path: /app/.next/cache, size: 128Mi}

chatbot-frontend:
  key: chatbotFrontend
  component: frontend
  portName: http
  strategy: RollingUpdate
  shutdownSeconds: 13
  settings: [LOG_LEVEL, TODO_API_URL, CHATBOT_API_URL, TODO_PUBLIC_URL, CHATBOT_PUBLIC_URL, CHATKIT_DOMAIN_KEY]
  renamed: {PORT: CHATBOT_FRONTEND_PORT}
  fixed: {HOSTNAME: 0.0.0.0}
  outside: true
  writable:
    - {name: tmp, path: /tmp, size: 64Mi}
    - {name: next-cache, path: /app/.next/cache, size: 128Mi}

postgresql:
  key: postgresql
  component: database
  portName: postgresql
  # The old server has to be gone before the new one opens the same files.
  strategy: Recreate
  # A fast shutdown writes what is in memory, however long that takes: the grace period bounds it.
  shutdownSeconds: 0
  settings: []
  renamed: {POSTGRES_DB: DATABASE_NAME, POSTGRES_USER: DATABASE_USER}
  # Read when the data is initialised, never again: a restart for a new one would be for nothing.
  secret: {POSTGRES_PASSWORD: required}
  followsSecret: false
  fixed:
    PGDATA: {{ include "todo-app.databaseVolume" . }}/pgdata
    PGPORT: {{ .Values.postgresql.service.port | quote }}
  outside: false
  writable:
    - {name: run, path: /var/run/postgresql, size: 16Mi}
    - {name: tmp, path: /tmp, size: 64Mi}
  claim: {name: {{ .Values.postgresql.persistence.claimName }}, path: {{ include "todo-app.databaseVolume" . }}}
  command: {{ include "todo-app.databaseCommand" . }}
  # Over TCP on 127.0.0.1, because the server that initialises the data listens on its socket only.
  probe: {{ include "todo-app.databaseProbe" . }}
{{- end }}
