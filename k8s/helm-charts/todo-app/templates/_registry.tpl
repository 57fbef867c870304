{{/* Secrets with which images are pulled from a registry that asks who is there. */}}
{{- define "todo-app.imagePullSecrets" -}}
{{- with .Values.imagePullSecrets -}}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}
