{{/* What every pod of ours says of itself: the `restricted` profile, and no token unless it needs one. */}}
{{- define "madang.pod.security" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
fsGroup: {{ . }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "madang.container.security" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities: {drop: [ALL]}
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "madang.pod.pullSecrets" -}}
{{- with .Values.images.pullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
{{- end }}

{{/* Where a pod may run: the values of its component. */}}
{{- define "madang.pod.place" -}}
{{- with .nodeSelector }}
nodeSelector: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations: {{ toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* A variable out of the Secret of this release: (list . "NAME" "key"). */}}
{{- define "madang.env.secret" -}}
- name: {{ index . 1 }}
  valueFrom:
    secretKeyRef: {name: {{ include "madang.name.secrets" (index . 0) }}, key: {{ index . 2 }}}
{{- end }}

{{/* The address of the database, for the service and the migrations; none means a file in MADANG_HOME. */}}
{{- define "madang.env.database" -}}
{{- if .Values.database.existingSecret }}
- name: MADANG_DATABASE_URL
  valueFrom:
    secretKeyRef: {name: {{ .Values.database.existingSecret }}, key: {{ .Values.database.key }}}
{{- else if .Values.postgresql.enabled }}
{{ include "madang.env.secret" (list . "POSTGRESQL_PASSWORD" "postgresql-password") }}
- name: MADANG_DATABASE_URL
  value: postgresql://madang:$(POSTGRESQL_PASSWORD)@{{ include "madang.name.postgresql" . }}:{{ include "madang.port.postgresql" . }}/madang
{{- end }}
{{- end }}

{{/* The specification of a claim: (list storage accessMode). */}}
{{- define "madang.claim" -}}
accessModes: [{{ index . 1 }}]
resources: {requests: {storage: {{ (index . 0).size }}}}
{{- with (index . 0).className }}
storageClassName: {{ . }}
{{- end }}
{{- end }}
