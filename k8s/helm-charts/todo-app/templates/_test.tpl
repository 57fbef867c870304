{{/* The pod of `helm test`: the todo-backend's image, which has Python, under the todo-backend's rights. */}}
{{- define "todo-app.testPod" -}}
{{- $labelled := merge (dict "name" "test" "component" "test") . -}}
apiVersion: v1
kind: Pod
metadata:
  name: {{ .root.Release.Name }}-test
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "todo-app.labels" $labelled | nindent 4 }}
  annotations:
    helm.sh/hook: test
    # A pod that failed stays, so that its log can be read, until the next run.
    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
spec:
  restartPolicy: Never
  activeDeadlineSeconds: {{ .root.Values.helmTest.timeoutSeconds }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  {{- with include "todo-app.imagePullSecrets" .root }}
  {{- . | nindent 2 }}
  {{- end }}
  securityContext:
    {{- include "todo-app.podSecurityContext" . | nindent 4 }}
  containers:
    - name: test
      image: {{ include "todo-app.image" . | quote }}
      imagePullPolicy: {{ .values.image.pullPolicy }}
      command:
        - python3
        - -c
        - |
          {{- .root.Files.Get "files/helm-test.py" | trim | nindent 10 }}
      env:
        {{- range $name, $said := include "todo-app.workloads" .root | fromYaml }}
        - name: {{ $name | upper | replace "-" "_" }}_ADDRESS
          value: {{ printf "%s:%v" $name (get $.root.Values $said.key).service.port | quote }}
        {{- end }}
      resources:
        {{- .root.Values.helmTest.resources | toYaml | nindent 8 }}
      securityContext:
        {{- .values.securityContext | toYaml | nindent 8 }}
{{- end }}
