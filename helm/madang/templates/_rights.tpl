{{/* What our two accounts may do. Roles are made of these lists, and `helm test` compares what the cluster says with them. */}}

{{/* The hub, in the people's namespace: servers, their volumes and secrets. */}}
{{- define "madang.rules.hub" -}}
- apiGroups: [""]
  resources: [pods, services, persistentvolumeclaims, secrets]
  verbs: [get, list, watch, create, delete]
- apiGroups: [""]
  resources: [events]
  verbs: [list, watch]
{{- end }}

{{/*
The service, in the people's namespace: clusters and slots, which are Jobs, and leases. It patches a Job's deadline and a pod's finalizer,
and reads by name what it made itself, so that a start that was cut off goes on. Secrets, services and policies go with their Job.
*/}}
{{- define "madang.rules.service" -}}
- apiGroups: [""]
  resources: [pods]
  verbs: [get, list, watch, patch, delete]
- apiGroups: [""]
  resources: [services, secrets]
  verbs: [get, create]
- apiGroups: [""]
  resources: [pods/log]
  verbs: [get]
- apiGroups: [batch]
  resources: [jobs]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [networking.k8s.io]
  resources: [networkpolicies]
  verbs: [get, create]
- apiGroups: [kueue.x-k8s.io]
  resources: [workloads]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [kueue.x-k8s.io]
  resources: [localqueues]
  verbs: [get, list, watch, create, patch]
- apiGroups: [visibility.kueue.x-k8s.io]
  resources: [localqueues/pendingworkloads]
  verbs: [get]
{{- end }}

{{/* The service, everywhere: Kueue's objects that belong to no namespace, and what the nodes offer. */}}
{{- define "madang.rules.serviceCluster" -}}
- apiGroups: [kueue.x-k8s.io]
  resources: [clusterqueues, cohorts, resourceflavors]
  verbs: [get, list, watch, create, patch]
- apiGroups: [visibility.kueue.x-k8s.io]
  resources: [clusterqueues/pendingworkloads]
  verbs: [get]
- apiGroups: [""]
  resources: [nodes]
  verbs: [get, list, watch]
{{- end }}

{{/* Who takes the queues off, in the people's namespace and everywhere: only once there is no lease. */}}
{{- define "madang.rules.removal" -}}
- apiGroups: [kueue.x-k8s.io]
  resources: [workloads]
  verbs: [list]
- apiGroups: [kueue.x-k8s.io]
  resources: [localqueues]
  verbs: [list, delete]
{{- end }}

{{- define "madang.rules.removalCluster" -}}
- apiGroups: [kueue.x-k8s.io]
  resources: [clusterqueues, cohorts, resourceflavors]
  verbs: [list, delete]
{{- end }}

{{/* Of what is made to remove, and removed with it: (list . weight). */}}
{{- define "madang.removal.hook" -}}
helm.sh/hook: post-delete
helm.sh/hook-weight: {{ index . 1 | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end }}

{{/* Verbs by group/resource, of a list of rules. */}}
{{- define "madang.rights" -}}
{{- range $rule := . }}
{{- range $group := $rule.apiGroups }}
{{- range $rule.resources }}
{{ ternary . (printf "%s/%s" $group .) (empty $group) | quote }}: {{ $rule.verbs | sortAlpha | toJson }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
