{{/* Each takes a dict with root, name and component. */}}

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
