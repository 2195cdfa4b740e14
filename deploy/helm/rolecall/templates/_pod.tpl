{{/* What the pods of nodes and of the migration have in common. */}}

{{- define "rolecall.name" -}}
{{- $name := ternary .Release.Name (printf "%s-rolecall" .Release.Name) (contains "rolecall" .Release.Name) -}}
{{- $name | trunc 50 | trimSuffix "-" }}
{{- end }}

{{- define "rolecall.account" -}}
{{ .Values.serviceAccount.name | default (include "rolecall.name" .) }}
{{- end }}

{{- define "rolecall.selector" -}}
app.kubernetes.io/name: rolecall
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "rolecall.labels" -}}
{{ include "rolecall.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "rolecall.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "rolecall.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "rolecall.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{- define "rolecall.databaseEnvironment" -}}
- name: ROLECALL_DATABASE
  valueFrom: { secretKeyRef: { name: {{ .Values.database.secret }}, key: {{ .Values.database.key }} } }
{{- if .Values.databaseAuthorities.secret }}
{{- /* In the place of all authorities that the image has, and for every connection: the database's, and all others. */}}
- name: SSL_CERT_FILE
  value: /etc/rolecall/authorities/{{ .Values.databaseAuthorities.key }}
{{- end }}
{{- end }}

{{- define "rolecall.authoritiesMount" -}}
{{- if .Values.databaseAuthorities.secret }}
- { name: authorities, mountPath: /etc/rolecall/authorities, readOnly: true }
{{- end }}
{{- end }}

{{- define "rolecall.authoritiesVolume" -}}
{{- if .Values.databaseAuthorities.secret }}
- name: authorities
  secret: { secretName: {{ .Values.databaseAuthorities.secret }} }
{{- end }}
{{- end }}
