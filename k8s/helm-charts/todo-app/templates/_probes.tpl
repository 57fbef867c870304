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
{{- $workload := . -}}
{{- range $kind := list "startup" "readiness" "liveness" }}
{{ $kind }}Probe:
  {{- include "todo-app.probe" (dict "probe" (get $workload.values.probes $kind) "command" $workload.probe "port" $workload.portName) | trim | nindent 2 }}
{{- end }}
{{- end }}
