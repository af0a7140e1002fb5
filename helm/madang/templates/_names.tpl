{{/* Every name of a resource, a port and a label of people's pods; nothing else may write one. */}}
{{- define "madang.name.hub" -}}{{ .Release.Name }}-hub{{- end }}
{{- define "madang.name.hubAccount" -}}{{ ternary .Values.existingHub.serviceAccount (include "madang.name.hub" .) (not (empty .Values.existingHub.url)) }}{{- end }}
{{- define "madang.name.proxy" -}}{{ .Release.Name }}-proxy{{- end }}
{{- define "madang.name.proxyApi" -}}{{ .Release.Name }}-proxy-api{{- end }}
{{- define "madang.name.service" -}}{{ .Release.Name }}-service{{- end }}
{{- define "madang.name.postgresql" -}}{{ .Release.Name }}-postgresql{{- end }}
{{- define "madang.name.postgresql.claim" -}}data-{{ include "madang.name.postgresql" . }}-0{{- end }}
{{- define "madang.name.migrations" -}}{{ .Release.Name }}-migrations{{- end }}
{{- define "madang.name.removal" -}}{{ .Release.Name }}-removal{{- end }}
{{- define "madang.name.prepull" -}}{{ .Release.Name }}-prepull{{- end }}
{{- define "madang.name.grafana" -}}{{ .Release.Name }}-grafana{{- end }}
{{- define "madang.name.tests" -}}{{ .Release.Name }}-tests{{- end }}
{{- define "madang.name.testTarget" -}}{{ .Release.Name }}-test-target{{- end }}
{{- define "madang.name.people" -}}{{ .Release.Name }}-people{{- end }}
{{- define "madang.name.checkpoints" -}}{{ .Release.Name }}-checkpoints{{- end }}
{{- define "madang.name.secrets" -}}{{ .Values.secrets.existingSecret | default (printf "%s-secrets" .Release.Name) }}{{- end }}
{{/* Roles in the people's namespace and cluster roles are seen by other releases, so they carry the namespace too. */}}
{{- define "madang.name.hubRole" -}}{{ .Release.Namespace }}-{{ include "madang.name.hub" . }}{{- end }}
{{- define "madang.name.serviceRole" -}}{{ .Release.Namespace }}-{{ include "madang.name.service" . }}{{- end }}
{{- define "madang.name.removalRole" -}}{{ .Release.Namespace }}-{{ include "madang.name.removal" . }}{{- end }}
{{- define "madang.name.networkPolicy" -}}{{ printf "%s-%s" (index . 0).Release.Name (index . 1) }}{{- end }}

{{- define "madang.port.public" -}}8000{{- end }}
{{- define "madang.port.proxyApi" -}}8001{{- end }}
{{- define "madang.port.hub" -}}8081{{- end }}
{{- define "madang.port.service" -}}8090{{- end }}
{{- define "madang.port.dashboards" -}}8091{{- end }}
{{- define "madang.port.notebook" -}}8888{{- end }}
{{- define "madang.port.scheduler" -}}8786{{- end }}
{{- define "madang.port.schedulerHttp" -}}8787{{- end }}
{{- define "madang.port.postgresql" -}}5432{{- end }}

{{/* Addresses that pods of both namespaces use, so they name the namespace. */}}
{{- define "madang.url.hub" -}}{{ .Values.existingHub.url | default (printf "http://%s.%s:%s" (include "madang.name.hub" .) .Release.Namespace (include "madang.port.hub" .)) }}{{- end }}
{{- define "madang.url.service" -}}http://{{ include "madang.name.service" . }}.{{ .Release.Namespace }}:{{ include "madang.port.service" . }}/services/madang{{- end }}
{{- define "madang.url.proxyApi" -}}http://{{ include "madang.name.proxyApi" . }}.{{ .Release.Namespace }}:{{ include "madang.port.proxyApi" . }}{{- end }}

{{/* Labels by which the NetworkPolicies tell people's pods apart; the spawner and the launchers write them. */}}
{{- define "madang.label.kind" -}}madang.dev/kind{{- end }}
{{- define "madang.label.role" -}}madang.dev/role{{- end }}
{{- define "madang.label.internet" -}}madang.dev/internet{{- end }}
