package e2e

import (
	"context"
	"maps"
	"slices"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/fedns/fedns/integration/harness"
)

// granted is all that deploy/ gives the daemon, in either cluster.
var granted = []string{
	"list discovery.k8s.io/endpointslices", "list gateway.networking.k8s.io/gateways", "list gateway.networking.k8s.io/httproutes",
	"list multicluster.x-k8s.io/serviceexports", "list networking.k8s.io/ingresses", "list nodes", "list services",
	"watch discovery.k8s.io/endpointslices", "watch gateway.networking.k8s.io/gateways", "watch gateway.networking.k8s.io/httproutes",
	"watch multicluster.x-k8s.io/serviceexports", "watch networking.k8s.io/ingresses", "watch nodes", "watch services",
}

// nodeLeases is what it is given in kube-node-lease besides, and replicaLeases in
// the host's namespace fedns.
var (
	nodeLeases    = []string{"list coordination.k8s.io/leases"}
	replicaLeases = []string{
		"create coordination.k8s.io/leases", "create events", "delete coordination.k8s.io/leases", "list coordination.k8s.io/leases", "patch coordination.k8s.io/leases",
		"get coordination.k8s.io/leases fedns-providers", "update coordination.k8s.io/leases fedns-providers",
	}
)

// wantRights holds an account to what it was to be granted, in its own namespace
// more than elsewhere: beyond that it may do nothing that any new account may not.
func wantRights(t *testing.T, c *harness.Cluster, account string, own ...string) {
	t.Helper()
	accounts := c.Client().CoreV1().ServiceAccounts("fedns")
	const newcomer = "nobody"
	if _, err := accounts.Create(t.Context(), &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: newcomer}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	more := map[string][]string{"fedns": own, "kube-node-lease": nodeLeases}
	for _, namespace := range []string{"default", "fedns", "kube-node-lease", "kube-system"} {
		base, got := rights(t, c, newcomer, namespace), rights(t, c, account, namespace)
		for right := range base {
			delete(got, right)
		}
		want := slices.Sorted(slices.Values(slices.Concat(granted, more[namespace])))
		if list := slices.Sorted(maps.Keys(got)); !slices.Equal(list, want) {
			t.Errorf("cluster %s, namespace %s: %s may %q, want %q", c.Name, namespace, account, list, want)
		}
	}
	if err := accounts.Delete(t.Context(), newcomer, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
}

// rights asks the API server, as the account, what the account may do in a namespace.
func rights(t *testing.T, c *harness.Cluster, account, namespace string) map[string]bool {
	t.Helper()
	client := accountClient(t, c, account)
	review, err := client.AuthorizationV1().SelfSubjectRulesReviews().Create(t.Context(), &authorizationv1.SelfSubjectRulesReview{
		Spec: authorizationv1.SelfSubjectRulesReviewSpec{Namespace: namespace},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if review.Status.Incomplete {
		t.Fatalf("cluster %s does not know all rights of %s: %s", c.Name, account, review.Status.EvaluationError)
	}
	found := map[string]bool{}
	for _, r := range review.Status.ResourceRules {
		for _, verb := range r.Verbs {
			for _, group := range r.APIGroups {
				for _, resource := range r.Resources {
					if group != "" {
						resource = group + "/" + resource
					}
					if len(r.ResourceNames) == 0 {
						found[verb+" "+resource] = true
					}
					for _, name := range r.ResourceNames {
						found[verb+" "+resource+" "+name] = true
					}
				}
			}
		}
	}
	for _, r := range review.Status.NonResourceRules {
		for _, verb := range r.Verbs {
			for _, url := range r.NonResourceURLs {
				found[verb+" "+url] = true
			}
		}
	}
	return found
}

// accountClient speaks as a ServiceAccount of the namespace fedns.
func accountClient(t *testing.T, c *harness.Cluster, account string) kubernetes.Interface {
	t.Helper()
	token, err := c.Client().CoreV1().ServiceAccounts("fedns").CreateToken(t.Context(), account, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	admin := c.RESTConfig()
	client, err := kubernetes.NewForConfig(&rest.Config{
		Host: admin.Host, BearerToken: token.Status.Token, TLSClientConfig: rest.TLSClientConfig{CAData: admin.CAData},
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// reconnect breaks a cluster's watches, so that each has to be asked for anew:
// Kubernetes asks whether a watch is allowed only when it begins.
func reconnect(t *testing.T, c *harness.Cluster) {
	t.Helper()
	if err := c.StopAPIServer(); err != nil {
		t.Fatal(err)
	}
	if err := c.StartAPIServer(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
}
