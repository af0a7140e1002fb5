{{/* One of our own images: (list . "hub"). */}}
{{- define "madang.image.own" -}}
{{- $ := index . 0 -}}
{{- $image := index $.Values.images (index . 1) -}}
{{- $name := $image.repository -}}
{{- if $.Values.images.registry -}}
{{- $name = printf "%s/%s" (trimSuffix "/" $.Values.images.registry) $name -}}
{{- end -}}
{{ include "madang.image.reference" (list $name ($.Values.images.tag | default $.Chart.AppVersion) $image.digest) }}
{{- end }}

{{/* An image of others: (list . "proxy"). */}}
{{- define "madang.image.other" -}}
{{- $image := index (index . 0).Values.images (index . 1) -}}
{{ include "madang.image.reference" (list $image.repository $image.tag $image.digest) }}
{{- end }}

{{- define "madang.image.reference" -}}
{{ index . 0 }}:{{ index . 1 }}{{ with index . 2 }}@{{ . }}{{ end }}
{{- end }}
