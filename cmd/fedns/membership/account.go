package membership

import (
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// What join makes in a member is named so. But for the namespace nothing of it is
// named as what is deployed: a host can be a member as well, and leave again.
const (
	// Namespace in members, and in the host unless it is told otherwise.
	Namespace = "fedns"
	// Account is the ServiceAccount that fedns has in members.
	Account = "fedns-member"

	propagationRole = Account + "-propagation"
	tokenRole       = Account + "-token"
	leaseRole       = Account + "-node-leases"
	leaseNamespace  = "kube-node-lease"
)

// Rights are what a member lets fedns do. The zero Rights are to read what DNS is
// made of, and to renew the own token.
type Rights struct {
	// Propagate has fedns write the kinds of propagated, and measure what fits.
	Propagate bool
	// Groups are API groups of which fedns writes all kinds, with Propagate.
	Groups []string
}

// readRules are what DNS is made of; deploy/manifests/member.yaml has the same.
var readRules = []rbacv1.PolicyRule{
	{APIGroups: []string{""}, Resources: []string{"services", "nodes"}, Verbs: []string{"list", "watch"}},
	{APIGroups: []string{"discovery.k8s.io"}, Resources: []string{"endpointslices"}, Verbs: []string{"list", "watch"}},
	{APIGroups: []string{"multicluster.x-k8s.io"}, Resources: []string{"serviceexports"}, Verbs: []string{"list", "watch"}},
	{APIGroups: []string{"networking.k8s.io"}, Resources: []string{"ingresses"}, Verbs: []string{"list", "watch"}},
	{APIGroups: []string{"gateway.networking.k8s.io"}, Resources: []string{"gateways", "httproutes"}, Verbs: []string{"list", "watch"}},
}

// propagated are the kinds that templates are of, by group. Roles and their bindings
// are not among them: whoever may write those may do anything.
var propagated = []struct {
	group string
	kinds []string
}{
	{"", []string{"namespaces", "services", "configmaps", "secrets", "serviceaccounts", "persistentvolumeclaims", "limitranges", "resourcequotas"}},
	{"apps", []string{"deployments", "statefulsets", "daemonsets", "replicasets"}},
	{"batch", []string{"jobs", "cronjobs"}},
	{"autoscaling", []string{"horizontalpodautoscalers"}},
	{"policy", []string{"poddisruptionbudgets"}},
	{"networking.k8s.io", []string{"ingresses", "networkpolicies"}},
	{"discovery.k8s.io", []string{"endpointslices"}},
	{"gateway.networking.k8s.io", []string{"*"}},
	{"multicluster.x-k8s.io", []string{"serviceexports"}},
	{"apiextensions.k8s.io", []string{"customresourcedefinitions"}}, // of custom resources that are templates
}

var writeVerbs = []string{"get", "list", "watch", "create", "update", "patch", "delete"}

// propagationRules are the rights to write templates.
func propagationRules(groups []string) (rules []rbacv1.PolicyRule) {
	for _, p := range propagated {
		rules = append(rules, rbacv1.PolicyRule{APIGroups: []string{p.group}, Resources: p.kinds, Verbs: writeVerbs})
	}
	for _, g := range groups {
		rules = append(rules, rbacv1.PolicyRule{APIGroups: []string{g}, Resources: []string{"*"}, Verbs: writeVerbs})
	}
	// What is free there: nodes' sizes, less what pods request.
	return append(rules, rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"nodes", "pods"}, Verbs: []string{"get", "list", "watch"}})
}

// ownLabels mark what join made.
func ownLabels() map[string]string {
	return map[string]string{"app.kubernetes.io/name": "fedns", "app.kubernetes.io/managed-by": "fedns"}
}

func meta(namespace, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: ownLabels()}
}

// accountObjects are what a member has to have, in the order in which it is made.
func accountObjects(r Rights) []Object {
	namespace := &corev1.Namespace{ObjectMeta: meta("", Namespace)}
	namespace.Labels["pod-security.kubernetes.io/enforce"] = "restricted"
	no := false
	all := []Object{
		object("v1", "Namespace", namespaces, namespace),
		object("v1", "ServiceAccount", serviceAccounts, &corev1.ServiceAccount{ObjectMeta: meta(Namespace, Account), AutomountServiceAccountToken: &no}),
	}
	all = append(all, clusterRole(Account, readRules)...)
	all = append(all, role(Namespace, tokenRole, []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"serviceaccounts/token"}, ResourceNames: []string{Account}, Verbs: []string{"create"}},
	})...)
	all = append(all, role(leaseNamespace, leaseRole, []rbacv1.PolicyRule{
		{APIGroups: []string{"coordination.k8s.io"}, Resources: []string{"leases"}, Verbs: []string{"list"}},
	})...)
	if r.Propagate {
		all = append(all, clusterRole(propagationRole, propagationRules(r.Groups))...)
	}
	return all
}

// clusterRole is a ClusterRole that the account has.
func clusterRole(name string, rules []rbacv1.PolicyRule) []Object {
	const version = "rbac.authorization.k8s.io/v1"
	return []Object{
		object(version, "ClusterRole", clusterRoles, &rbacv1.ClusterRole{ObjectMeta: meta("", name), Rules: rules}),
		object(version, "ClusterRoleBinding", clusterRoleBindings, &rbacv1.ClusterRoleBinding{
			ObjectMeta: meta("", name), Subjects: subjects(), RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: name},
		}),
	}
}

// role is a Role that the account has.
func role(namespace, name string, rules []rbacv1.PolicyRule) []Object {
	const version = "rbac.authorization.k8s.io/v1"
	return []Object{
		object(version, "Role", roles, &rbacv1.Role{ObjectMeta: meta(namespace, name), Rules: rules}),
		object(version, "RoleBinding", roleBindings, &rbacv1.RoleBinding{
			ObjectMeta: meta(namespace, name), Subjects: subjects(), RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: name},
		}),
	}
}

func subjects() []rbacv1.Subject {
	return []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: Namespace, Name: Account}}
}
