{{/* Pieces of rules. Peers: pods of a component in the release's namespace, or of a kind in the people's. */}}
{{- define "madang.peer.component" -}}
{{- $ := index . 0 -}}
- namespaceSelector:
    matchLabels: {kubernetes.io/metadata.name: {{ $.Release.Namespace }}}
  podSelector:
    matchLabels: {{ include "madang.peer.labels" . | nindent 6 }}
{{- end }}

{{/* Labels of a component's pods; hub and proxy may be of another release in the same namespace. */}}
{{- define "madang.peer.labels" -}}
{{- $hub := (index . 0).Values.existingHub -}}
{{- if and $hub.url (eq (index . 1) "hub") -}}
{{ toYaml $hub.podLabels }}
{{- else if and $hub.url (eq (index . 1) "proxy") -}}
{{ toYaml $hub.proxyPodLabels }}
{{- else -}}
{{ include "madang.selector" . }}
{{- end -}}
{{- end }}

{{- define "madang.peer.people" -}}
{{- $ := index . 0 -}}
- namespaceSelector:
    matchLabels: {kubernetes.io/metadata.name: {{ $.Values.people.namespace }}}
  podSelector:
    matchExpressions:
      - {key: {{ include "madang.label.kind" $ }}, operator: In, values: {{ rest . | toJson }}}
{{- end }}

{{- define "madang.peer.scheduler" -}}
- namespaceSelector:
    matchLabels: {kubernetes.io/metadata.name: {{ .Values.people.namespace }}}
  podSelector:
    matchLabels: {{ include "madang.scheduler.labels" . | nindent 6 }}
{{- end }}

{{- define "madang.scheduler.labels" -}}
{{ include "madang.label.kind" . }}: cluster
{{ include "madang.label.role" . }}: scheduler
{{- end }}

{{/* Addresses: (list cidrs except). */}}
{{- define "madang.peer.addresses" -}}
{{- $except := index . 1 -}}
{{- range index . 0 }}
- ipBlock:
    cidr: {{ . }}
    {{- if and $except (eq . "0.0.0.0/0") }}
    except: {{ $except | toJson }}
    {{- end }}
{{- end }}
{{- end }}

{{/* Ports: any numbers. */}}
{{- define "madang.ports" -}}
{{- range . }}
- {protocol: TCP, port: {{ int . }}}
{{- end }}
{{- end }}

{{/* The port that an address names, or that of its scheme. */}}
{{- define "madang.port.ofUrl" -}}
{{- $url := urlParse . -}}
{{- regexFind "[0-9]+$" (regexFind ":[0-9]+$" $url.host) | default (ternary "443" "80" (eq $url.scheme "https")) -}}
{{- end }}

{{/* An egress rule to addresses, or nothing where there are none: (list comment cidrs ports). The metadata service is no address of anybody. */}}
{{- define "madang.egress.addresses" -}}
{{- if index . 1 }}
# {{ index . 0 }}
- to: {{ include "madang.peer.addresses" (list (index . 1) (list "169.254.0.0/16")) | trim | nindent 4 }}
  ports: {{ include "madang.ports" (index . 2) | trim | nindent 4 }}
{{- end }}
{{- end }}

{{/* Names are resolved by everybody. */}}
{{- define "madang.egress.dns" -}}
# names
- to:
    - namespaceSelector:
        matchLabels: {kubernetes.io/metadata.name: {{ .Values.network.dns.namespace }}}
      podSelector:
        matchLabels: {{ toYaml .Values.network.dns.podLabels | nindent 10 }}
    {{- range .Values.network.dns.cidrs }}
    - ipBlock: {cidr: {{ . }}}
    {{- end }}
  ports:
    - {protocol: UDP, port: 53}
    - {protocol: TCP, port: 53}
{{- end }}

{{/* Metadata of a policy for people's pods: (list . "notebook"). */}}
{{- define "madang.people.policy" -}}
{{- $ := index . 0 -}}
name: {{ include "madang.name.networkPolicy" (list $ (printf "people-%s" (index . 1))) }}
namespace: {{ $.Values.people.namespace }}
labels: {{ include "madang.labels" (list $ "people") | nindent 2 }}
{{- end }}

{{/* Head of a policy for one of our components: (list . "hub"). */}}
{{- define "madang.component.policy" -}}
{{- $ := index . 0 -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "madang.name.networkPolicy" . }}
  labels: {{ include "madang.labels" . | nindent 4 }}
spec:
  podSelector:
    matchLabels: {{ include "madang.selector" . | nindent 6 }}
  policyTypes: [Ingress, Egress]
{{- end }}

{{/* Those who open pages: addresses, or an ingress controller in front of them. */}}
{{- define "madang.people.ofTheWorld" -}}
{{- with .Values.network.people.ingressNamespace }}
- namespaceSelector:
    matchLabels: {kubernetes.io/metadata.name: {{ . }}}
{{- else }}
{{- include "madang.peer.addresses" (list .Values.network.people.cidrs list) }}
{{- end }}
{{- end }}

{{/* The way to the rows. */}}
{{- define "madang.egress.database" -}}
{{- if .Values.postgresql.enabled }}
# the database
- to: {{ include "madang.peer.component" (list . "postgresql") | nindent 4 }}
  ports: {{ include "madang.ports" (list (include "madang.port.postgresql" .)) | trim | nindent 4 }}
{{- else if .Values.database.existingSecret }}
{{- include "madang.egress.addresses" (list "the database" .Values.network.database.cidrs (list .Values.network.database.port)) }}
{{- end }}
{{- end }}

{{/* The way to one's own cluster. The policy of each cluster, at its own end, says who comes in. */}}
{{- define "madang.egress.scheduler" -}}
# one's own cluster, over TLS
- to:
    - podSelector:
        matchLabels: {{ include "madang.scheduler.labels" . | nindent 10 }}
  ports: {{ include "madang.ports" (list (include "madang.port.scheduler" .)) | trim | nindent 4 }}
{{- end }}
