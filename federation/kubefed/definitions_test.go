package kubefed

import (
	"path/filepath"
	"strings"
	"testing"
	"text/template"

	"github.com/fedns/fedns/federation/work/worktest"
)

const crds = "../../deploy/crds/kubefed"

// definition is of a federated kind; the kinds differ in their names only. Objects
// that KubeFed's own definitions accept are accepted.
var definition = template.Must(template.New("").Parse(`---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: federated{{.Plural}}.types.kubefed.io
spec:
  group: types.kubefed.io
  names:
    kind: Federated{{.Kind}}
    listKind: Federated{{.Kind}}List
    plural: federated{{.Plural}}
{{- if .Short}}
    shortNames:
    - f{{.Short}}
{{- end}}
    singular: federated{{.Singular}}
  scope: {{.Scope}}
  versions:
  - name: v1beta1
    schema:
      openAPIV3Schema:
        description: Federated{{.Kind}} is a {{.Kind}} that goes to several clusters.
        properties:
          apiVersion:
            type: string
          kind:
            type: string
          metadata:
            type: object
          spec:
            properties:
              overrides:
                description: Differences, by cluster.
                items:
                  properties:
                    clusterName:
                      description: The cluster's name.
                      type: string
                    clusterOverrides:
                      description: Operations of a JSON patch, in their order.
                      items:
                        properties:
                          op:
                            description: Defaults to replace.
                            pattern: ^(add|remove|replace)?$
                            type: string
                          path:
                            description: A JSON pointer.
                            type: string
                          value:
                            description: Of any type; remove has none.
                            x-kubernetes-preserve-unknown-fields: true
                        required:
                        - path
                        type: object
                      type: array
                  type: object
                type: array
              placement:
                description: Which clusters. Without clusters and clusterSelector, none.
                properties:
                  clusterSelector:
                    description: Counts without clusters. An empty one selects all.
                    properties:
                      matchExpressions:
                        items:
                          properties:
                            key:
                              type: string
                            operator:
                              type: string
                            values:
                              items:
                                type: string
                              type: array
                          required:
                          - key
                          - operator
                          type: object
                        type: array
                      matchLabels:
                        additionalProperties:
                          type: string
                        type: object
                    type: object
                  clusters:
                    description: An empty list selects none.
                    items:
                      properties:
                        name:
                          type: string
                      required:
                      - name
                      type: object
                    type: array
                type: object
{{- if .Replicas}}
              retainReplicas:
                description: spec.replicas is left to whoever changes it in members.
                type: boolean
{{- end}}
              template:
                description: The {{.Kind}}, without its kind and its name.
                type: object
                x-kubernetes-preserve-unknown-fields: true
            type: object
            x-kubernetes-preserve-unknown-fields: true
          status:
            properties:
              clusters:
                description: What came of it, by cluster; without a status, all of it.
                items:
                  properties:
                    name:
                      type: string
                    remoteStatus:
                      description: The status of the cluster's object.
                      x-kubernetes-preserve-unknown-fields: true
                    status:
                      type: string
                  required:
                  - name
                  type: object
                  x-kubernetes-preserve-unknown-fields: true
                type: array
              conditions:
                description: Propagation.
                items:
                  properties:
                    lastTransitionTime:
                      format: date-time
                      type: string
                    lastUpdateTime:
                      format: date-time
                      type: string
                    reason:
                      type: string
                    status:
                      type: string
                    type:
                      type: string
                  required:
                  - type
                  - status
                  type: object
                type: array
              observedGeneration:
                format: int64
                type: integer
            type: object
            x-kubernetes-preserve-unknown-fields: true
        required:
        - spec
        type: object
    served: true
    storage: true
    subresources:
      status: {}
`))

// TestDefinitions: deploy/crds/kubefed has the usual kinds, and no others.
func TestDefinitions(t *testing.T) {
	want := map[string]bool{}
	for _, u := range usual {
		scope := "Namespaced"
		if u.global && u.kind.Kind != "Namespace" { // which is in the namespace that it is for
			scope = "Cluster"
		}
		var b strings.Builder
		if err := definition.Execute(&b, map[string]any{
			"Kind": u.kind.Kind, "Singular": strings.ToLower(u.kind.Kind), "Plural": u.plural, "Short": u.short, "Scope": scope,
			"Replicas": u.kind.Group == "apps" && u.kind.Kind != "DaemonSet",
		}); err != nil {
			t.Fatal(err)
		}
		file := "types.kubefed.io_federated" + u.plural + ".yaml"
		want[file] = true
		worktest.Golden(t, filepath.Join(crds, file), b.String())
	}
	files, err := filepath.Glob(filepath.Join(crds, "types.*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !want[filepath.Base(file)] {
			t.Errorf("%s: no such kind", file)
		}
	}
}
