{{- define "madang.service.env" -}}
- {name: HOME, value: /tmp}
- {name: MADANG_HOME, value: /var/lib/madang}
- {name: MADANG_ENGINE, value: kubernetes}
- {name: MADANG_BIND_HOST, value: 0.0.0.0}
- {name: MADANG_BIND_PORT, value: {{ include "madang.port.service" . | quote }}}
- {name: MADANG_SERVICE_URL, value: {{ include "madang.url.service" . | quote }}}
# Which of the replicas it is, and where the others reach it.
- name: MADANG_REPLICA
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
- name: MADANG_REPLICA_HOST
  valueFrom: {fieldRef: {fieldPath: status.podIP}}
- {name: MADANG_PUBLIC_URL, value: {{ .Values.publicUrl | quote }}}
- {name: MADANG_HUB_API_URL, value: {{ include "madang.url.hub" . }}/hub/api}
- {name: MADANG_POLICY, value: /etc/madang/policy.yaml}
- {name: MADANG_PROFILES, value: /etc/madang/profiles.yaml}
- {name: MADANG_LOGIN_IS_SHARED, value: {{ ternary "1" "0" (and (eq .Values.login.kind "shared") (empty .Values.existingHub.url)) | quote }}}
{{- if not .Values.isolationTests.acceptRisk }}
- {name: MADANG_ISOLATION_RULES, value: {{ include "madang.isolation.rules" . | quote }}}
{{- end }}
- {name: MADANG_PLATFORM_NAMESPACE, value: {{ .Release.Namespace | quote }}}
- {name: MADANG_POD_IMAGE, value: {{ include "madang.image.own" (list . "user") | quote }}}
- {name: MADANG_POD_GPU_IMAGE, value: {{ include "madang.image.own" (list . "userGpu") | quote }}}
- {name: MADANG_POD_PULL_SECRETS, value: {{ .Values.images.pullSecrets | join "," | quote }}}
{{- with .Values.people.pods }}
- {name: MADANG_POD_CPUS, value: {{ .cpuCount | quote }}}
- {name: MADANG_POD_MEMORY_GIB, value: {{ .memoryGib | quote }}}
- {name: MADANG_POD_SHM_GIB, value: {{ .sharedMemoryGib | quote }}}
- {name: MADANG_POD_SCRATCH_GIB, value: {{ .scratchGib | quote }}}
{{- if .checkpoints.size }}
- {name: MADANG_POD_CHECKPOINT_CLAIM, value: {{ include "madang.name.checkpoints" $ }}}
{{- end }}
- {name: MADANG_CLUSTER_IDLE, value: {{ .clusterIdle | quote }}}
{{- end }}
{{- with .Values.metrics.prometheusUrl }}
- {name: MADANG_PROMETHEUS_URL, value: {{ . | quote }}}
{{- end }}
{{- with .Values.dashboards.url }}
- {name: MADANG_DASHBOARD_HOST, value: 0.0.0.0}
- {name: MADANG_DASHBOARD_PORT, value: {{ include "madang.port.dashboards" $ | quote }}}
- {name: MADANG_DASHBOARD_URL, value: {{ trimSuffix "/" . | quote }}}
{{- end }}
{{ include "madang.env.secret" (list . "MADANG_SERVICE_TOKEN" "service-token") }}
{{ include "madang.env.secret" (list . "MADANG_METRICS_TOKEN" "metrics-token") }}
{{- include "madang.env.database" . }}
{{- end }}

{{/* Ports that a replica which stands by hands on. */}}
{{- define "madang.service.handedOn" -}}
{{- $ports := list (include "madang.port.service" .) -}}
{{- if .Values.dashboards.url }}{{ $ports = append $ports (include "madang.port.dashboards" .) }}{{ end -}}
{{ include "madang.ports" $ports | trim }}
{{- end }}
