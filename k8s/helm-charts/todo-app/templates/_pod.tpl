{{/* Who a pod runs as, what it can write, and where it is put. */}}

{{/*
The pod's security context. Where a cluster gives each namespace user IDs of its own (OpenShift), pods may name none.
PostgreSQL's is that of its data.
*/}}
{{- define "todo-app.podSecurityContext" -}}
{{- $context := .values.podSecurityContext -}}
{{- if .root.Values.arbitraryUid -}}
{{- $context = omit $context "runAsUser" "runAsGroup" "fsGroup" "supplementalGroups" -}}
{{- else if .claim -}}
{{- $uid := include "todo-app.dataUid" .root | int -}}
{{- if ne $uid (int $context.runAsUser) -}}
{{- $context = merge (dict "runAsUser" $uid "runAsGroup" $uid "fsGroup" $uid) $context -}}
{{- end -}}
{{- end -}}
{{ $context | toYaml }}
{{- end }}

{{/* Whether a workload gets the bundle of authorities mounted: "true" or nothing. */}}
{{- define "todo-app.hasCaBundle" -}}
{{- if and .outside .root.Values.network.caBundle.existingConfigMap }}true{{ end }}
{{- end }}

{{- define "todo-app.volumeMounts" -}}
{{- with .claim }}
- name: data
  mountPath: {{ .path }}
{{- end }}
{{- range .writable }}
- name: {{ .name }}
  mountPath: {{ .path }}
{{- end }}
{{- if include "todo-app.hasCaBundle" . }}
- name: ca-bundle
  mountPath: {{ include "todo-app.caBundlePath" . | dir }}
  readOnly: true
{{- end }}
{{- end }}

{{- define "todo-app.volumes" -}}
{{- with .claim }}
- name: data
  persistentVolumeClaim:
    claimName: {{ .name }}
{{- end }}
{{- range .writable }}
- name: {{ .name }}
  emptyDir:
    sizeLimit: {{ .size }}
{{- end }}
{{- if include "todo-app.hasCaBundle" . }}
- name: ca-bundle
  configMap:
    name: {{ .root.Values.network.caBundle.existingConfigMap }}
{{- end }}
{{- end }}

{{/* Pods of one revision on as many nodes as there are; where there is one node, they all run there. */}}
{{- define "todo-app.spread" -}}
- maxSkew: 1
  topologyKey: kubernetes.io/hostname
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- include "todo-app.selectorLabels" . | nindent 6 }}
  matchLabelKeys: [pod-template-hash]
{{- end }}
