{{/* The ways in from outside the cluster. */}}

{{/* Page of the values -> the workload that serves it. */}}
{{- define "todo-app.pages" -}}
todo: todo-frontend
chatbot: chatbot-frontend
{{- end }}

{{/* A page's host in an Ingress: (list ROOT PAGE). Without a name it would take every request of its controller. */}}
{{- define "todo-app.ingressHost" -}}
{{- $page := index . 1 -}}
{{- $host := get (index . 0).Values.ingress.hosts $page -}}
{{- if not $host -}}
{{- fail (printf "ingress.hosts.%s is empty: found ingress.enabled, needed the name under which browsers reach this page. Set it with --set ingress.hosts.%s=NAME, or set ingress.enabled to false." $page $page) -}}
{{- end -}}
{{ $host }}
{{- end }}

{{/* One page's Route; without a host the cluster chooses one. */}}
{{- define "todo-app.route" -}}
{{- $route := .root.Values.route -}}
{{- $name := .name -}}
apiVersion: route.openshift.io/v1
kind: Route
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "todo-app.labels" . | nindent 4 }}
  {{- with $route.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- range $page, $workload := include "todo-app.pages" .root | fromYaml }}
  {{- $host := get $route.hosts $page }}
  {{- if and $host (eq $workload $name) }}
  host: {{ $host }}
  {{- end }}
  {{- end }}
  to:
    kind: Service
    name: {{ .name }}
    weight: 100
  port:
    targetPort: {{ .portName }}
  tls:
    termination: edge
    insecureEdgeTerminationPolicy: Redirect
{{- end }}
