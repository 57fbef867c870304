{{/* What is particular to PostgreSQL: the owner of its data, the lock on its volume, how it is asked. */}}

{{- define "todo-app.databaseVolume" -}}
/var/lib/postgresql/data
{{- end }}

{{/*
The user that owns the data, which PostgreSQL has to run as: the claim's annotation says it. A claim without one has the
data of the server that runs on it now, or was left by chart 1.0.0, whose user was 999. Without a claim the data is yet to
be made, by the user of the values.
*/}}
{{- define "todo-app.dataUid" -}}
{{- $wanted := .Values.postgresql.podSecurityContext.runAsUser -}}
{{- $claim := lookup "v1" "PersistentVolumeClaim" .Release.Namespace .Values.postgresql.persistence.claimName -}}
{{- if not $claim -}}
{{ int $wanted }}
{{- else -}}
{{- $server := lookup "apps/v1" "Deployment" .Release.Namespace "postgresql" -}}
{{- $running := dig "spec" "template" "spec" "securityContext" "runAsUser" 999 $server | int | toString -}}
{{- $owner := dig "metadata" "annotations" "todo.k8s/data-uid" $running $claim -}}
{{ ternary (int $wanted) (int $owner) (eq $owner "arbitrary") }}
{{- end -}}
{{- end }}

{{/* files/run-locked.sh in front of the image's own command. */}}
{{- define "todo-app.databaseCommand" -}}
{{- $values := .Values.postgresql -}}
{{- $wait := $values.lockWaitSeconds | int -}}
{{- $startup := mul $values.probes.startup.periodSeconds $values.probes.startup.failureThreshold | int -}}
{{- if ge $wait $startup -}}
{{- fail (printf "postgresql.lockWaitSeconds is too large: found %d, needed less than the %d s that postgresql.probes.startup gives the server, which would be killed while it waits. Lower the first or raise the probe's failureThreshold." $wait $startup) -}}
{{- end -}}
{{- list "/bin/sh" "-c" (.Files.Get "files/run-locked.sh") "run-locked"
  (printf "%s/server.lock" (include "todo-app.databaseVolume" .)) (toString $wait)
  "docker-entrypoint.sh" "postgres" | toJson -}}
{{- end }}

{{- define "todo-app.databaseProbe" -}}
{{- list "pg_isready" "-h" "127.0.0.1" "-p" (.Values.postgresql.service.port | toString)
  "-U" .Values.config.databaseUser "-d" .Values.config.databaseName | toJson -}}
{{- end }}
