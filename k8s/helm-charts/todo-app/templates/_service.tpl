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
  {{- with $service.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  type: {{ $service.type }}
  selector:
    {{- include "todo-app.selectorLabels" . | nindent 4 }}
  ports:
    - name: {{ .portName }}
      port: {{ $service.port }}
      targetPort: {{ .portName }}
      protocol: TCP
      {{- if and (ne $service.type "ClusterIP") $service.nodePort }}
      nodePort: {{ $service.nodePort }}
      {{- end }}
{{- end }}
