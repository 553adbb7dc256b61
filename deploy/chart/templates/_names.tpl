{{- define "childgrid.labels" -}}
app.kubernetes.io/name: childgrid
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: {{ .Values.zone }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
childgrid/member: {{ .Values.member }}
{{- end }}

{{- define "childgrid.selector" -}}
app.kubernetes.io/name: childgrid
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: {{ .Values.zone }}
{{- end }}

{{- define "childgrid.walls" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "childgrid.mounts" -}}
- name: settings
  mountPath: /etc/childgrid
  readOnly: true
- name: state
  mountPath: /var/lib/childgrid
- name: scratch
  mountPath: /tmp
{{- range $place, $name := .Values.secrets }}
{{- if $name }}
- name: secret-{{ lower $place }}
  mountPath: /run/secrets/childgrid/{{ $place }}
  readOnly: true
{{- end }}
{{- end }}
{{- end }}

{{- define "childgrid.asked" -}}
{{- concat (list "/usr/bin/python3" "-m" "childgrid_wire.probe" (first .).Values.probe) (rest .) | toJson }}
{{- end }}
