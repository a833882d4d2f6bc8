package inventory

import (
	"encoding/base64"
	"fmt"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/fedns/fedns/integration/harness"
)

// definitions are the CRDs of the three kinds, as little of them as an API server asks for.
func definitions() string {
	text := ""
	for _, d := range []struct{ kind, plural, group, version, scope string }{
		{"ClusterProfile", "clusterprofiles", "multicluster.x-k8s.io", "v1alpha1", "Namespaced"},
		{"Cluster", "clusters", "cluster.karmada.io", "v1alpha1", "Cluster"},
		{"KubeFedCluster", "kubefedclusters", "core.kubefed.io", "v1beta1", "Namespaced"},
	} {
		text += fmt.Sprintf(`
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: %[2]s.%[3]s
  annotations: {api-approved.kubernetes.io: "https://github.com/kubernetes/enhancements/pull/1"}
spec:
  group: %[3]s
  names: {kind: %[1]s, plural: %[2]s, singular: a-%[2]s, listKind: %[1]sList}
  scope: %[5]s
  versions:
  - name: %[4]s
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
---
`, d.kind, d.plural, d.group, d.version, d.scope)
	}
	return text
}

// rights are all that fedns needs of the host, and no more: what docs/inventories.md says.
const rights = `
apiVersion: v1
kind: Namespace
metadata: {name: fleet}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: fedns-inventory, namespace: fleet}
rules:
- apiGroups: [""]
  resources: [secrets]
  verbs: [list, watch]
- apiGroups: [multicluster.x-k8s.io]
  resources: [clusterprofiles]
  verbs: [list, watch]
- apiGroups: [core.kubefed.io]
  resources: [kubefedclusters]
  verbs: [list, watch]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: fedns-inventory, namespace: fleet}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: fedns-inventory}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: fedns}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: fedns-inventory}
rules:
- apiGroups: [cluster.karmada.io]
  resources: [clusters]
  verbs: [list, watch]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: fedns-inventory}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: fedns-inventory}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: fedns}]
---
`

// readers are a member's two accounts for fedns; one takes the other's place.
const readers = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: fedns-reader}
rules:
- {apiGroups: [""], resources: [services, nodes], verbs: [list, watch]}
- {apiGroups: [discovery.k8s.io], resources: [endpointslices], verbs: [list, watch]}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: old, namespace: default}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: new, namespace: default}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: fedns-reader}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: fedns-reader}
subjects:
- {kind: ServiceAccount, name: old, namespace: default}
- {kind: ServiceAccount, name: new, namespace: default}
---
`

// web is a headless Service, whose endpoints have a name for each cluster.
func web(replicas int) string {
	return fmt.Sprintf(`
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop, annotations: {fedns.io/export: "true"}}
spec: {clusterIP: None, selector: {app: web}, ports: [{name: http, port: 80}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web, namespace: shop}
spec:
  serviceName: web
  replicas: %d
  podManagementPolicy: Parallel
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: web}]}
`, replicas)
}

// access is how to reach a member.
type access struct {
	server string
	ca     []byte
}

func accessOf(t *testing.T, c *harness.Cluster) access {
	t.Helper()
	k, err := clientcmd.LoadFromFile(c.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	one := k.Clusters[c.Name]
	return access{one.Server, one.CertificateAuthorityData}
}

// token is a ServiceAccount's.
func token(t *testing.T, c *harness.Cluster, account string) string {
	t.Helper()
	got, err := c.Client().CoreV1().ServiceAccounts("default").CreateToken(t.Context(), account, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return got.Status.Token
}

// kubeconfig is one with a token.
func (a access) kubeconfig(t *testing.T, token string) string {
	t.Helper()
	k := clientcmdapi.NewConfig()
	k.Clusters["c"] = &clientcmdapi.Cluster{Server: a.server, CertificateAuthorityData: a.ca}
	k.AuthInfos["u"] = &clientcmdapi.AuthInfo{Token: token}
	k.Contexts["x"], k.CurrentContext = &clientcmdapi.Context{Cluster: "c", AuthInfo: "u"}, "x"
	raw, err := clientcmd.Write(*k)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// secret is a Secret in namespace fleet.
func secret(name, labels, typ string, data map[string]string) string {
	text := "\napiVersion: v1\nkind: Secret\nmetadata: {name: " + name + ", namespace: fleet, labels: {" + labels + "}}\ntype: " + typ + "\ndata:\n"
	for key, value := range data {
		text += "  " + key + ": " + base64.StdEncoding.EncodeToString([]byte(value)) + "\n"
	}
	return text + "---\n"
}

// ours is a Secret of fedns' own form.
func ours(name, kubeconfig string) string {
	return secret(name, "fedns.io/cluster: "+name+", topology.kubernetes.io/region: eu-west", "Opaque", map[string]string{"kubeconfig": kubeconfig})
}

// others are the objects of all other forms: each states a cluster called after it.
func (a access) others(t *testing.T, token string) string {
	t.Helper()
	k, ca := a.kubeconfig(t, token), base64.StdEncoding.EncodeToString(a.ca)
	return secret("istio-remote-secret", `istio/multiCluster: "true"`, "Opaque", map[string]string{"istio": k}) +
		secret("capi-kubeconfig", "cluster.x-k8s.io/cluster-name: capi", "cluster.x-k8s.io/secret", map[string]string{"value": k}) +
		secret("capi-ca", "cluster.x-k8s.io/cluster-name: capi", "cluster.x-k8s.io/secret", map[string]string{"tls.crt": "x"}) +
		secret("argo", "argocd.argoproj.io/secret-type: cluster", "Opaque", map[string]string{
			"name": "argo", "server": a.server, "config": fmt.Sprintf(`{"bearerToken": %q, "tlsClientConfig": {"caData": %q}}`, token, ca)}) +
		secret("profile-credentials", "x-k8s.io/cluster-profile: profile", "Opaque", map[string]string{"Config": k}) +
		secret("karmada", "a: b", "Opaque", map[string]string{"token": token, "caBundle": string(a.ca)}) +
		secret("kubefed-x7z", "a: b", "Opaque", map[string]string{"token": token}) + `
apiVersion: multicluster.x-k8s.io/v1alpha1
kind: ClusterProfile
metadata: {name: profile, namespace: fleet}
spec: {clusterManager: {name: test}}
status:
  properties: [{name: topology.kubernetes.io/region, value: eu-north}]
  conditions: [{type: ControlPlaneHealthy, status: "True", reason: ok, message: "", lastTransitionTime: "2026-01-01T00:00:00Z"}]
---
apiVersion: cluster.karmada.io/v1alpha1
kind: Cluster
metadata: {name: karmada}
spec: {syncMode: Push, apiEndpoint: "` + a.server + `", secretRef: {namespace: fleet, name: karmada}, region: us-east, zones: [us-east-1a]}
---
apiVersion: core.kubefed.io/v1beta1
kind: KubeFedCluster
metadata: {name: kubefed, namespace: fleet}
spec: {apiEndpoint: "` + a.server + `", caBundle: ` + ca + `, secretRef: {name: kubefed-x7z}}
status: {region: us-west, zones: [us-west-1a]}
---
`
}
