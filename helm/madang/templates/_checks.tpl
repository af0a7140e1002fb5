{{/* Values that contradict each other: what is wrong, where, and what to do. Every sentence has a test in tests/chart. */}}
{{- define "madang.checks" -}}
{{- $v := .Values -}}
{{- if not $v.publicUrl -}}
{{- fail "publicUrl is empty, so no page could name its own address. Set publicUrl to the address that people use, such as https://gpu.example.org/." -}}
{{- end -}}
{{- if gt (len .Release.Name) 40 -}}
{{- fail (printf "The release name %s has %d characters, and names of objects made of it would pass 63. Install it under a name of at most 40." .Release.Name (len .Release.Name)) -}}
{{- end -}}
{{- if eq $v.people.namespace .Release.Namespace -}}
{{- fail (printf "people.namespace is %s, the release's own namespace: what people run would lie beside the service's secrets. Set people.namespace to another name, or install the release elsewhere." .Release.Namespace) -}}
{{- end -}}
{{- with (($v.policy.kubernetes | default dict).namespace) -}}
{{- if ne . $v.people.namespace -}}
{{- fail (printf "policy.kubernetes.namespace is %s and people.namespace is %s. Leave policy.kubernetes.namespace out: the chart fills it in." . $v.people.namespace) -}}
{{- end -}}
{{- end -}}
{{- include "madang.checks.secrets" . -}}
{{- include "madang.checks.database" . -}}
{{- include "madang.checks.policy" . -}}
{{- include "madang.checks.login" . -}}
{{- include "madang.checks.addresses" . -}}
{{- end }}

{{/* What is locked with a Secret that is gone; a new one would lock it for good. Where no cluster is asked nothing is found. */}}
{{- define "madang.checks.secrets" -}}
{{- if not .Values.secrets.existingSecret -}}
{{- $secret := include "madang.name.secrets" . -}}
{{- if not (lookup "v1" "Secret" .Release.Namespace $secret) -}}
{{- $service := include "madang.name.service" . -}}
{{- range $one := list (list "apps/v1" "Deployment" $service) (list "v1" "PersistentVolumeClaim" (include "madang.name.postgresql.claim" .)) (list "v1" "PersistentVolumeClaim" $service) -}}
{{- if lookup (index $one 0) (index $one 1) $.Release.Namespace (index $one 2) -}}
{{- fail (printf "The Secret %s is gone and the %s %s of an earlier install is still here. The password of the database and the key of stored secrets were in that Secret, and a new one would lock both out. Give it back: kubectl apply -f with your copy. Without a copy do as install-kubernetes.md says under \"If the Secret is gone\"." $secret (index $one 1) (index $one 2)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "madang.checks.database" -}}
{{- $v := .Values -}}
{{- $isFile := not (or $v.database.existingSecret $v.postgresql.enabled) -}}
{{- if and $v.database.existingSecret $v.postgresql.enabled -}}
{{- fail (printf "postgresql.enabled is true and database.existingSecret is %s: the service can keep its rows in one database only. Set postgresql.enabled to false to use yours, or empty database.existingSecret to try the chart's." $v.database.existingSecret) -}}
{{- end -}}
{{- if and $isFile (not $v.service.storage.enabled) -}}
{{- fail "service.storage.enabled is false and there is no PostgreSQL: every row would be lost with the pod. Set database.existingSecret (or postgresql.enabled to try it), or keep service.storage.enabled." -}}
{{- end -}}
{{- if gt (int $v.service.replicas) 1 -}}
{{- if $isFile -}}
{{- fail (printf "service.replicas is %d and the rows are in a file, which has one writer. Set database.existingSecret to a PostgreSQL, or service.replicas to 1." (int $v.service.replicas)) -}}
{{- end -}}
{{- if and $v.service.storage.enabled (ne $v.service.storage.accessMode "ReadWriteMany") -}}
{{- fail (printf "service.replicas is %d and service.storage.accessMode is %s, a volume for one node. Set policy.artifacts.url to object storage and service.storage.enabled to false, or the accessMode to ReadWriteMany, or service.replicas to 1." (int $v.service.replicas) $v.service.storage.accessMode) -}}
{{- end -}}
{{- end -}}
{{- if and (not $v.service.storage.enabled) (not (($v.policy.artifacts | default dict).url)) -}}
{{- fail "service.storage.enabled is false and policy.artifacts.url is not set: outputs of runs would be lost with the pod. Set policy.artifacts.url to object storage, or keep service.storage.enabled." -}}
{{- end -}}
{{- end }}

{{/* With these the service would not start, or what people pick would be refused to each of them. */}}
{{- define "madang.checks.policy" -}}
{{- $tiers := .Values.policy.tiers | default dict -}}
{{- $flavors := (.Values.policy.kubernetes | default dict).flavors | default dict -}}
{{- range $name, $project := .Values.policy.projects -}}
{{- $tier := ($project | default dict).tier | default "open" -}}
{{- if not (hasKey $tiers $tier) -}}
{{- fail (printf "policy.projects.%s.tier is %s and policy.tiers has no such tier (it has %s). Set it to one of these, or describe it in policy.tiers." $name $tier (keys $tiers | sortAlpha | join ", ")) -}}
{{- end -}}
{{- end -}}
{{- range $name, $profile := .Values.profiles -}}
{{- $flavor := ($profile | default dict).flavor | default "gpu" -}}
{{- if not (or (has $flavor (list "gpu" "cpu")) (hasKey $flavors $flavor)) -}}
{{- fail (printf "profiles.%s.flavor is %s and policy.kubernetes.flavors has no such kind of device. Set it to gpu or cpu or to one that is there, or describe it in policy.kubernetes.flavors." $name $flavor) -}}
{{- end -}}
{{- range ($profile | default dict).tiers -}}
{{- if not (hasKey $tiers .) -}}
{{- fail (printf "profiles.%s.tiers names %s and policy.tiers has no such tier (it has %s), so nobody could pick it. Set it to one of these, or describe it in policy.tiers." $name . (keys $tiers | sortAlpha | join ", ")) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "madang.checks.login" -}}
{{- $oidc := .Values.login.oidc -}}
{{- with .Values.existingHub.url -}}
{{- if $.Values.ingress.enabled -}}
{{- fail (printf "ingress.enabled is true and existingHub.url is %s: that hub has its own proxy and its own way in. Set ingress.enabled to false." .) -}}
{{- end -}}
{{- if eq $.Values.login.kind "oidc" -}}
{{- fail (printf "login.kind is oidc and existingHub.url is %s: that hub logs people in as its own values say. Set login.kind to shared, which then means nothing here." .) -}}
{{- end -}}
{{- end -}}
{{- if eq .Values.login.kind "oidc" -}}
{{- range $key := list "authorizeUrl" "tokenUrl" "userdataUrl" "clientId" "clientSecretName" -}}
{{- if not (index $oidc $key) -}}
{{- fail (printf "login.kind is oidc and login.oidc.%s is empty, so nobody could log in. Set it to what your identity provider says, or login.kind to shared to try Madang." $key) -}}
{{- end -}}
{{- end -}}
{{- if and (or $oidc.allowedGroups $oidc.adminGroups) (not $oidc.groupsClaim) -}}
{{- fail "login.oidc.allowedGroups or login.oidc.adminGroups names groups and login.oidc.groupsClaim is empty, so nobody would be in any. Set login.oidc.groupsClaim to the claim with the groups of a person." -}}
{{- end -}}
{{- else if $oidc.clientId -}}
{{- fail "login.oidc.clientId is set and login.kind is shared: anyone could log in as anyone with one password. Set login.kind to oidc, or empty login.oidc.clientId." -}}
{{- end -}}
{{- end }}

{{- define "madang.checks.addresses" -}}
{{- $v := .Values -}}
{{- $public := urlParse $v.publicUrl -}}
{{- if and $v.ingress.tlsSecret (ne $public.scheme "https") -}}
{{- fail (printf "ingress.tlsSecret is %s and publicUrl starts with http: cookies would go unprotected. Let publicUrl start with https, or empty ingress.tlsSecret." $v.ingress.tlsSecret) -}}
{{- end -}}
{{- if and $v.metrics.prometheusUrl (not $v.network.metricsNamespace) -}}
{{- fail (printf "metrics.prometheusUrl is %s and network.metricsNamespace is empty, so the service could not reach it. Set network.metricsNamespace to the namespace of that Prometheus." $v.metrics.prometheusUrl) -}}
{{- end -}}
{{- with $v.dashboards.url -}}
{{- if eq (urlParse .).hostname $public.hostname -}}
{{- fail (printf "dashboards.url and publicUrl have the same host %s: code of users could set cookies for the hub. Give dashboards.url a host name of its own." $public.hostname) -}}
{{- end -}}
{{- end -}}
{{- end }}
