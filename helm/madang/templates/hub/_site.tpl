{{/* What jupyterhub_config.py reads: settings by class and name, those of the values last. */}}
{{- define "madang.hub.site" -}}
{{- $settings := include "madang.hub.settings" . | fromYaml -}}
settings: {{ mergeOverwrite $settings .Values.hub.config | toJson }}
{{- end }}

{{- define "madang.hub.settings" -}}
JupyterHub:
  # A proxy that was restarted has no routes until the hub looks at it, which it does this often.
  last_activity_interval: 15
  {{- if eq .Values.login.kind "oidc" }}
  authenticator_class: generic-oauth
  {{- end }}
KubeSpawner:
  image_pull_policy: {{ .Values.images.pullPolicy }}
  image_pull_secrets: {{ .Values.images.pullSecrets | toJson }}
{{- if eq .Values.login.kind "oidc" }}
{{- with .Values.login.oidc }}
GenericOAuthenticator:
  authorize_url: {{ .authorizeUrl | quote }}
  token_url: {{ .tokenUrl | quote }}
  userdata_url: {{ .userdataUrl | quote }}
  client_id: {{ .clientId | quote }}
  oauth_callback_url: {{ printf "%shub/oauth_callback" $.Values.publicUrl | quote }}
  scope: {{ .scope | toJson }}
  username_claim: {{ .usernameClaim | quote }}
  allow_all: {{ empty .allowedGroups }}
  {{- if .groupsClaim }}
  manage_groups: true
  auth_state_groups_key: {{ printf "oauth_user.%s" .groupsClaim | quote }}
  {{- end }}
  {{- with .allowedGroups }}
  allowed_groups: {{ . | toJson }}
  {{- end }}
  {{- with .adminGroups }}
  admin_groups: {{ . | toJson }}
  {{- end }}
{{- end }}
{{- end }}
{{- end }}
