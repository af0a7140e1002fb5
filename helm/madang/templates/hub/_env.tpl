{{- define "madang.hub.env" -}}
- {name: HOME, value: /tmp}
- {name: MADANG_HOME, value: /var/lib/madang}
- {name: MADANG_PUBLIC_URL, value: {{ .Values.publicUrl | quote }}}
- {name: MADANG_HUB_BIND_URL, value: "http://:{{ include "madang.port.hub" . }}"}
- {name: MADANG_HUB_CONNECT_URL, value: {{ include "madang.url.hub" . | quote }}}
- {name: MADANG_SERVICE_URL, value: {{ include "madang.url.service" . | quote }}}
- {name: MADANG_PROXY_API_URL, value: {{ include "madang.url.proxyApi" . | quote }}}
- {name: MADANG_LOGIN, value: {{ ternary "shared" "site" (eq .Values.login.kind "shared") }}}
- {name: MADANG_ADMINS, value: {{ .Values.policy.admins | default list | join "," | quote }}}
- {name: MADANG_SPAWNER, value: kubernetes}
- {name: MADANG_PEOPLE_NAMESPACE, value: {{ .Values.people.namespace | quote }}}
- {name: MADANG_IMAGE, value: {{ include "madang.image.own" (list . "user") | quote }}}
- {name: MADANG_GPU_IMAGE, value: {{ include "madang.image.own" (list . "userGpu") | quote }}}
- {name: MADANG_IMAGES, value: {{ .Values.people.images | join "," | quote }}}
- {name: MADANG_HOME_STORAGE, value: {{ .Values.people.home.size | quote }}}
- {name: MADANG_HOME_STORAGE_CLASS, value: {{ .Values.people.home.className | quote }}}
- {name: MADANG_PROJECT_STORAGE, value: {{ .Values.people.project.size | quote }}}
- {name: MADANG_PROJECT_STORAGE_CLASS, value: {{ .Values.people.project.className | quote }}}
{{ include "madang.env.secret" (list . "MADANG_SERVICE_TOKEN" "service-token") }}
{{ include "madang.env.secret" (list . "CONFIGPROXY_AUTH_TOKEN" "proxy-token") }}
{{- if eq .Values.login.kind "shared" }}
{{ include "madang.env.secret" (list . "MADANG_PASSWORD" "password") }}
{{ include "madang.env.secret" (list . "MADANG_ADMIN_PASSWORD" "admin-password") }}
{{- else }}
- name: OAUTH_CLIENT_SECRET
  valueFrom:
    secretKeyRef: {name: {{ .Values.login.oidc.clientSecretName }}, key: {{ .Values.login.oidc.clientSecretKey }}}
{{- end }}
{{- end }}
