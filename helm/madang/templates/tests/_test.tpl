{{/* Annotations of what `helm test` makes: (list weight policy). */}}
{{- define "madang.test.hook" -}}
helm.sh/hook: test
helm.sh/hook-weight: {{ index . 0 | quote }}
helm.sh/hook-delete-policy: {{ index . 1 }}
{{- end }}

{{/* A container that runs the script: (list . args…). */}}
{{- define "madang.test.container" -}}
{{- $ := index . 0 -}}
name: test
image: {{ include "madang.image.own" (list $ "service") }}
imagePullPolicy: {{ $.Values.images.pullPolicy }}
command: [python, -P, /etc/madang-tests/isolation.py]
args: {{ rest . | toJson }}
securityContext: {{ include "madang.container.security" $ | nindent 2 }}
resources: {requests: {cpu: 10m, memory: 32Mi}, limits: {memory: 128Mi}}
volumeMounts:
  - {name: tests, mountPath: /etc/madang-tests, readOnly: true}
{{- end }}

{{/* Stands for everything that the tests prove: another rule, right or version must be proved anew. */}}
{{- define "madang.isolation.rules" -}}
{{- $rules := list .Chart.Version .Chart.AppVersion .Release.Namespace -}}
{{- range list "people" "service" "hub" "proxy" "postgresql" "migrations" "prepull" -}}
{{- $file := ternary "networkpolicies" "networkpolicy" (eq . "people") -}}
{{- $rules = append $rules (include (printf "%s/%s/%s.yaml" $.Template.BasePath . $file) $) -}}
{{- end -}}
{{- range list "hub" "service" "serviceCluster" -}}
{{- $rules = append $rules (include (printf "madang.rules.%s" .) $) -}}
{{- end -}}
{{- $rules | join "\n" | sha256sum -}}
{{- end }}

{{- define "madang.test.pod" -}}
enableServiceLinks: false
securityContext: {{ include "madang.pod.security" 1000 | nindent 2 }}
{{- include "madang.pod.pullSecrets" . }}
volumes:
  - name: tests
    configMap: {name: {{ include "madang.name.tests" . }}}
{{- end }}

{{- define "madang.test.host" -}}{{ index . 1 }}.{{ index . 0 }}{{- end }}
