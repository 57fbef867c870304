{{/* The order of a pod's end: out of its Service, preStopSeconds, SIGTERM, the requests under way, and only then SIGKILL. */}}

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

{{/* The grace period, which begins with preStop; one that ends before the server can have ended loses requests. */}}
{{- define "todo-app.gracePeriod" -}}
{{- $grace := .values.terminationGracePeriodSeconds | int -}}
{{- $preStop := .values.preStopSeconds | int -}}
{{- $server := .shutdownSeconds | int -}}
{{- if le $grace (add $preStop $server | int) -}}
{{- fail (printf "%s.terminationGracePeriodSeconds is too small: found %d, needed more than %s.preStopSeconds (%d) and the %d s that the server of %s takes at most to end its requests. Raise the first or lower the second." .key $grace .key $preStop $server .name) -}}
{{- end -}}
{{ $grace }}
{{- end }}
