{{/* Who may talk to whom. It follows from what a workload reads: who has an address in its settings calls it. */}}

{{/* Setting with an address -> the workload that it names. */}}
{{- define "todo-app.addresses" -}}
DATABASE_HOST: postgresql
TODO_API_URL: todo-backend
CHATBOT_API_URL: chatbot-backend
{{- end }}

{{/* A peer: the pods of one workload of this release. */}}
{{- define "todo-app.peer" -}}
podSelector:
  matchLabels:
    {{- include "todo-app.selectorLabels" . | nindent 4 }}
{{- end }}

{{/* A peer: the pods of `helm test`. */}}
{{- define "todo-app.testPeer" -}}
podSelector:
  matchLabels:
    app.kubernetes.io/instance: {{ .Release.Name }}
    app.kubernetes.io/component: test
{{- end }}

{{- define "todo-app.port" -}}
- protocol: TCP
  port: {{ . }}
{{- end }}

{{/* Names are asked of the cluster's DNS and of nobody else. */}}
{{- define "todo-app.dnsEgress" -}}
{{- $dns := .Values.networkPolicy.dns -}}
- to:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: {{ $dns.namespace }}
  ports:
    {{- range $dns.ports }}
    - protocol: UDP
      port: {{ . }}
    - protocol: TCP
      port: {{ . }}
    {{- end }}
{{- end }}

{{/* Whether the assistant has a key, so that the model's endpoint is called: "true" or nothing. */}}
{{- define "todo-app.callsModel" -}}
{{- if or .Values.networkPolicy.openai (and .Values.secret.create .Values.secret.values.OPENAI_API_KEY) }}true{{ end }}
{{- end }}

{{/* The port of config.openaiBaseUrl. */}}
{{- define "todo-app.modelPort" -}}
{{- $url := urlParse .Values.config.openaiBaseUrl -}}
{{ regexFind ":[0-9]+$" $url.host | trimPrefix ":" | default (ternary "443" "80" (eq $url.scheme "https")) }}
{{- end }}

{{/*
The way to the model. Policies know addresses and no names: OpenAI is any public address on 443, an endpoint of one's own
(in the cluster, or beside it) any address on its port.
*/}}
{{- define "todo-app.modelEgress" -}}
- to:
    - ipBlock:
        cidr: 0.0.0.0/0
        except: [10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16]
    - ipBlock:
        cidr: "::/0"
        except: ["::1/128", "fc00::/7", "fe80::/10"]
  ports:
    {{- include "todo-app.port" 443 | nindent 4 }}
{{- if .Values.config.openaiBaseUrl }}
- ports:
    {{- include "todo-app.port" (include "todo-app.modelPort" .) | nindent 4 }}
{{- end }}
{{- if .Values.network.proxy.existingSecret }}
- ports:
    {{- range .Values.networkPolicy.proxyPorts }}
    {{- include "todo-app.port" . | nindent 4 }}
    {{- end }}
{{- end }}
{{- end }}

{{/* Who may call a workload, as rules. Frontends are for everybody; their Service decides who reaches them. */}}
{{- define "todo-app.ingress" -}}
{{- $root := .root -}}
{{- $name := .name -}}
{{- if eq .component "frontend" -}}
- ports:
    {{- include "todo-app.port" .values.service.port | nindent 4 }}
{{- else -}}
- from:
    {{- range $caller, $said := include "todo-app.workloads" $root | fromYaml }}
    {{- range $setting, $called := include "todo-app.addresses" $root | fromYaml }}
    {{- if and (eq $called $name) (has $setting $said.settings) }}
    - {{ include "todo-app.peer" (dict "root" $root "name" $caller) | indent 6 | trim }}
    {{- end }}
    {{- end }}
    {{- end }}
    {{- if eq .component "backend" }}
    - {{ include "todo-app.testPeer" $root | indent 6 | trim }}
    {{- range $root.Values.networkPolicy.apiServer }}
    - ipBlock:
        cidr: {{ . }}
    {{- end }}
    {{- end }}
  ports:
    {{- include "todo-app.port" .values.service.port | nindent 4 }}
{{- end }}
{{- end }}

{{/* Whom a workload may call, as rules; nothing for one that calls nobody. */}}
{{- define "todo-app.egress" -}}
{{- $root := .root -}}
{{- $settings := .settings -}}
{{- $workloads := include "todo-app.workloads" $root | fromYaml -}}
{{- range $setting, $called := include "todo-app.addresses" $root | fromYaml }}
{{- if has $setting $settings }}
- to:
    - {{ include "todo-app.peer" (dict "root" $root "name" $called) | indent 6 | trim }}
  ports:
    {{- include "todo-app.port" (get $root.Values (get $workloads $called).key).service.port | nindent 4 }}
{{- end }}
{{- end }}
{{- if .settings }}
{{ include "todo-app.dnsEgress" $root }}
{{- end }}
{{- if and (has "OPENAI_BASE_URL" .settings) (include "todo-app.callsModel" $root) }}
{{ include "todo-app.modelEgress" $root }}
{{- end }}
{{- end }}

{{/* What one workload may do beyond the default, which is nothing. */}}
{{- define "todo-app.networkPolicy" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "todo-app.labels" . | nindent 4 }}
spec:
  podSelector:
    matchLabels:
      {{- include "todo-app.selectorLabels" . | nindent 6 }}
  policyTypes: [Ingress, Egress]
  ingress:
    {{- include "todo-app.ingress" . | nindent 4 }}
  {{- with include "todo-app.egress" . | trim }}
  egress:
    {{- . | nindent 4 }}
  {{- else }}
  egress: []
  {{- end }}
{{- end }}
