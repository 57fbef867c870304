{{/*
What several templates need. Names of Services are fixed (not prefixed with the release), because they are the
applications' contract; hence one release to a namespace.
*/}}

{{- define "todo-app.chart" -}}
{{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/*
Calls a template for one workload of _workloads.tpl: (list ROOT NAME TEMPLATE). The template gets what is said of the
workload there, and root, name and values.
*/}}
{{- define "todo-app.workload" -}}
{{- $root := index . 0 -}}
{{- $name := index . 1 -}}
{{- $said := get (include "todo-app.workloads" $root | fromYaml) $name -}}
{{- include (index . 2) (merge (dict "root" $root "name" $name "values" (get $root.Values $said.key)) $said) }}
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
