{{- define "madang.service.env" -}}
- {name: HOME, value: /tmp}
- {name: MADANG_HOME, value: /var/lib/madang}
- {name: MADANG_ENGINE, value: kubernetes}
- {name: MADANG_BIND_HOST, value: 0.0.0.0}
- {name: MADANG_BIND_PORT, value: {{ include "madang.port.service" . | quote }}}
- {name: MADANG_SERVICE_URL, value: {{ include "madang.url.service" . | quote }}}
- {name: MADANG_PUBLIC_URL, value: {{ .Values.publicUrl | quote }}}
- {name: MADANG_HUB_API_URL, value: {{ include "madang.url.hub" . }}/hub/api}
- {name: MADANG_POLICY, value: /etc/madang/policy.yaml}
- {name: MADANG_PROFILES, value: /etc/madang/profiles.yaml}
- {name: MADANG_LOGIN_IS_SHARED, value: {{ ternary "1" "0" (eq .Values.login.kind "shared") | quote }}}
{{- with .Values.dashboards.url }}
- {name: MADANG_DASHBOARD_HOST, value: 0.0.0.0}
- {name: MADANG_DASHBOARD_PORT, value: {{ include "madang.port.dashboards" $ | quote }}}
- {name: MADANG_DASHBOARD_URL, value: {{ trimSuffix "/" . | quote }}}
{{- end }}
{{ include "madang.env.secret" (list . "MADANG_SERVICE_TOKEN" "service-token") }}
{{ include "madang.env.secret" (list . "MADANG_METRICS_TOKEN" "metrics-token") }}
{{- include "madang.env.database" . }}
{{- end }}
