package membership

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/fedns/fedns/federation/api/v1alpha1"
	"github.com/fedns/fedns/integration/harness"
	"github.com/fedns/fedns/integration/harness/binaries"
)

// Tokens live for the least that an API server grants, and are renewed some seconds
// after they were made.
const config = `apiVersion: fedns.io/v1alpha1
kind: Config
listen: {dns: ["{{.DNS}}"], http: "{{.HTTP}}"}
federation: {name: prod}
host: {kubeconfig: %s, namespace: fedns}
inventories:
- memberClusters: {renewBefore: 9m50s}
`

const web = `
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Service
metadata: {name: %[1]s, namespace: shop, annotations: {fedns.io/export: "true"}}
spec: {clusterIP: None, selector: {app: web}, ports: [{name: http, port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: web}]}
---
`

// trial is what the steps of TestMembership share.
type trial struct {
	host    *harness.Cluster
	members map[string]*harness.Cluster
	fedns   *harness.Daemon
	program string
}

// TestMembership: two clusters join, are answered, have their tokens renewed, and
// leave, as their administrators and the daemon's own account may.
func TestMembership(t *testing.T) {
	f := harness.Start(t, harness.Options{Clusters: []harness.Spec{{Name: "host"}, {Name: "eu-1"}, {Name: "eu-2"}}})
	w := &trial{host: f.Cluster("host"), members: map[string]*harness.Cluster{"eu-1": f.Cluster("eu-1"), "eu-2": f.Cluster("eu-2")}}
	w.program = filepath.Join(t.TempDir(), "fedns")
	if err := (binaries.Cache{}).Fedns(t.Context(), w.program); err != nil {
		t.Fatal(err)
	}
	for name, c := range w.members {
		if err := c.Apply(t.Context(), fmt.Sprintf(web, "web-"+name)); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("a host without definitions", w.unprepared)
	if err := w.host.Apply(t.Context(), definitions(t)+manifests(t, "namespace", "rbac", "members")); err != nil {
		t.Fatal(err)
	}
	own, err := w.host.UserKubeconfig("system:serviceaccount:fedns:fedns")
	if err != nil {
		t.Fatal(err)
	}
	w.fedns = harness.Fedns(t, f, harness.DaemonSpec{Binary: w.program, Config: fmt.Sprintf(config, own)})
	t.Run("a dry run", w.dryRun)
	t.Run("join", w.join)
	t.Run("status", w.status)
	t.Run("rights", w.rights)
	t.Run("tokens are renewed", w.renewed)
	t.Run("drain", w.drain)
	t.Run("leave", w.leave)
	t.Run("a member that is gone", w.gone)
}

// manifests are files of deploy/manifests.
func manifests(t *testing.T, names ...string) string {
	t.Helper()
	text := ""
	for _, name := range names {
		own, err := os.ReadFile(filepath.Join("..", "..", "deploy", "manifests", name+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		text += string(own) + "\n---\n"
	}
	return text
}

// run runs the program, and returns what it printed and its exit code.
func (w *trial) run(t *testing.T, args ...string) (said string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, w.program, args...).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if exit != nil {
		code = exit.ExitCode()
	}
	return string(out), code
}

// joined runs join for a member.
func (w *trial) joined(t *testing.T, name string, more ...string) (string, int) {
	t.Helper()
	return w.run(t, append([]string{"join", name, "--kubeconfig", w.members[name].Kubeconfig, "--host-kubeconfig", w.host.Kubeconfig, "--token-life", "10m"}, more...)...)
}

// answered waits until exactly these clusters' Services have addresses.
func (w *trial) answered(t *testing.T, clusters ...string) {
	t.Helper()
	harness.Eventually(t, 30*time.Second, func(ctx context.Context) error {
		var have []string
		for _, name := range []string{"eu-1", "eu-2"} {
			q := new(dns.Msg).SetQuestion("web-"+name+".shop.prod.", dns.TypeA)
			r, _, err := new(dns.Client).ExchangeContext(ctx, q, w.fedns.DNSAddr)
			if err != nil {
				return err
			}
			if r.Rcode == dns.RcodeSuccess && len(r.Answer) == 1 {
				have = append(have, name)
			}
		}
		if !slices.Equal(have, clusters) {
			return fmt.Errorf("answered are %q, want %q", have, clusters)
		}
		return nil
	})
}

func (w *trial) unprepared(t *testing.T) {
	said, code := w.joined(t, "eu-1")
	if code != 1 || !strings.Contains(said, "the host does not serve memberclusters.fedns.io: apply deploy/crds there first") {
		t.Errorf("got %d %s", code, said)
	}
	if _, err := w.members["eu-1"].Client().CoreV1().Namespaces().Get(t.Context(), "fedns", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("something was made in the member: %v", err)
	}
}

func (w *trial) dryRun(t *testing.T) {
	said, code := w.joined(t, "eu-1", "--dry-run", "--output", "json", "--propagate", "--propagate-group", "example.com")
	var objects struct {
		Member, Host []metav1.PartialObjectMetadata
	}
	if err := json.Unmarshal([]byte(said), &objects); err != nil || code != 0 || len(objects.Member) != 10 || len(objects.Host) != 2 {
		t.Errorf("got %d, %v: %s", code, err, said)
	}
	if _, err := w.members["eu-1"].Client().CoreV1().Namespaces().Get(t.Context(), "fedns", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("something was made in the member: %v", err)
	}
}

func (w *trial) join(t *testing.T) {
	for _, name := range []string{"eu-1", "eu-2"} {
		if said, code := w.joined(t, name, "--region", "eu-west", "--zone", "a", "--zone", "b", "--price", "250m", "--label", "env=prod"); code != 0 || !strings.Contains(said, "cluster "+name+" (https://127.0.0.1:") {
			t.Fatalf("got %d %s", code, said)
		}
	}
	w.answered(t, "eu-1", "eu-2")
	// Again: nothing is made twice, and the new price counts.
	said, code := w.joined(t, "eu-2", "--region", "eu-west", "--zone", "a", "--price", "300m", "--propagate", "--output", "json")
	var done struct {
		Cluster      string
		Member, Host []string
		TokenExpires time.Time
	}
	if err := json.Unmarshal([]byte(said), &done); err != nil || code != 0 || done.Cluster != "eu-2" || !slices.Contains(done.Host, "MemberCluster eu-2") ||
		!slices.Contains(done.Member, "ClusterRole fedns-member-propagation") || done.TokenExpires.Before(time.Now()) {
		t.Errorf("got %d, %v: %s", code, err, said)
	}
	if m := w.member(t, "eu-2"); m.Spec.Price.String() != "300m" || m.Labels["env"] != "" {
		t.Errorf("joined again, and it is %+v", m.Spec)
	}
	// Not another cluster under the same name, unless one insists.
	said, code = w.run(t, "join", "eu-1", "--kubeconfig", w.members["eu-2"].Kubeconfig, "--host-kubeconfig", w.host.Kubeconfig)
	if code != 1 || !strings.Contains(said, "take another name, or --force if the cluster has moved") {
		t.Errorf("got %d %s", code, said)
	}
	// Nor one cluster under two names, nor another member's account taken away.
	said, code = w.run(t, "join", "eu-3", "--kubeconfig", w.members["eu-2"].Kubeconfig, "--host-kubeconfig", w.host.Kubeconfig)
	if code != 1 || !strings.Contains(said, "is the member eu-2 already: unjoin that first, or --force") {
		t.Errorf("got %d %s", code, said)
	}
	said, code = w.run(t, "unjoin", "eu-1", "--kubeconfig", w.members["eu-2"].Kubeconfig, "--host-kubeconfig", w.host.Kubeconfig)
	if code != 1 || !strings.Contains(said, "another member would be cut off") || !strings.Contains(said, "is the member eu-2") {
		t.Errorf("got %d %s", code, said)
	}
	for want, args := range map[string][]string{
		`NAME: got "eu.1", want a DNS label`:  {"eu.1"},
		"--token-life: got 1m0s":              {"eu-1", "--token-life", "1m"},
		`--price: got "cheap"`:                {"eu-1", "--price", "cheap"},
		"--propagate-group: want --propagate": {"eu-1", "--propagate-group", "a"},
	} {
		if said, code := w.run(t, append([]string{"join", "--kubeconfig", w.host.Kubeconfig}, args...)...); code != 2 || !strings.Contains(said, want) {
			t.Errorf("got %d %s, want 2 %s", code, said, want)
		}
	}
}

// member is a MemberCluster as it stands.
func (w *trial) member(t *testing.T, name string) (m v1alpha1.MemberCluster) {
	t.Helper()
	o, err := w.host.Dynamic().Resource(v1alpha1.MemberClusters).Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := o.MarshalJSON()
	if err == nil {
		err = json.Unmarshal(raw, &m)
	}
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func (w *trial) status(t *testing.T) {
	harness.Eventually(t, 40*time.Second, func(context.Context) error {
		m := w.member(t, "eu-1")
		got := m.Status.Standing
		for _, c := range m.Status.Conditions {
			got += fmt.Sprintf(" %s=%s/%s", c.Type, c.Status, c.Reason)
		}
		const want = "live Credentials=True/Renewed DataPath=Unknown/NotProbed Reachable=True/APIServerAnswers Ready=True/Live Synced=True/Followed"
		if got != want || !strings.HasPrefix(m.Status.KubernetesVersion, "v1.") || m.Status.TokenExpires == nil || m.Status.ObservedGeneration != m.Generation {
			return fmt.Errorf("got %s %+v", got, m.Status)
		}
		return nil
	})
	// Only where it propagates may Pods be counted.
	harness.Eventually(t, 40*time.Second, func(context.Context) error {
		c := w.member(t, "eu-2").Status.Capacity
		if c == nil || c.Nodes != 1 || c.Allocatable.Cpu().IsZero() || c.Requested.Pods().Value() != 1 {
			return fmt.Errorf("measured was %+v", c)
		}
		return nil
	})
	if c := w.member(t, "eu-1").Status.Capacity; c != nil {
		t.Errorf("eu-1 may not be measured, and has %+v", c)
	}
	table, err := w.host.Kubectl(t.Context(), "get", "mcl")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(table)), "\n")
	if got := strings.Join(strings.Fields(lines[0]), " "); len(lines) != 3 || got != "NAME REGION ZONES STANDING READY AGE" {
		t.Errorf("kubectl get mcl:\n%s", table)
	}
	if got := strings.Fields(lines[1]); len(got) != 6 || !slices.Equal(got[:5], []string{"eu-1", "eu-west", `["a","b"]`, "live", "True"}) {
		t.Errorf("kubectl get mcl:\n%s", table)
	}
}

// rights: the member's account may what it needs, and no more.
func (w *trial) rights(t *testing.T) {
	for _, tt := range []struct {
		member, verb, resource, namespace string
		may                               bool
	}{
		{"eu-1", "list", "services", "", true}, {"eu-1", "watch", "endpointslices.discovery.k8s.io", "", true}, {"eu-1", "list", "leases", "kube-node-lease", true},
		{"eu-1", "create", "serviceaccounts/fedns-member --subresource=token", "fedns", true},
		{"eu-1", "create", "serviceaccounts/default --subresource=token", "fedns", false},
		{"eu-1", "create", "serviceaccounts/fedns-member --subresource=token", "default", false},
		{"eu-1", "list", "secrets", "fedns", false}, {"eu-1", "create", "deployments.apps", "shop", false}, {"eu-1", "list", "pods", "", false},
		{"eu-2", "create", "deployments.apps", "shop", true}, {"eu-2", "patch", "services", "shop", true}, {"eu-2", "delete", "namespaces", "", true}, {"eu-2", "list", "pods", "", true},
		{"eu-2", "create", "clusterrolebindings.rbac.authorization.k8s.io", "", false}, {"eu-2", "create", "pods", "shop", false}, {"eu-2", "impersonate", "users", "", false},
	} {
		args := append([]string{"auth", "can-i", tt.verb}, strings.Fields(tt.resource)...)
		args = append(args, "--as", "system:serviceaccount:fedns:fedns-member")
		if tt.namespace != "" {
			args = append(args, "-n", tt.namespace)
		} else {
			args = append(args, "--all-namespaces")
		}
		said, err := w.members[tt.member].Kubectl(t.Context(), args...)
		if may := strings.HasSuffix(strings.TrimSpace(string(said)), "yes"); may != tt.may {
			t.Errorf("%s: may %s %s in %q: %s %v", tt.member, tt.verb, tt.resource, tt.namespace, said, err)
		}
	}
}

// token is the one in a member's Secret.
func (w *trial) token(ctx context.Context, name string) (string, error) {
	secret, err := w.host.Client().CoreV1().Secrets("fedns").Get(ctx, "member-"+name, metav1.GetOptions{})
	if err != nil {
		return "", err
	}
	k, err := clientcmd.Load(secret.Data["kubeconfig"])
	if err != nil {
		return "", err
	}
	return k.AuthInfos[k.Contexts[k.CurrentContext].AuthInfo].Token, nil
}

func (w *trial) renewed(t *testing.T) {
	for _, name := range []string{"eu-1", "eu-2"} {
		old, err := w.token(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		harness.Eventually(t, 60*time.Second, func(ctx context.Context) error {
			now, err := w.token(ctx, name)
			if err == nil && now == old {
				err = fmt.Errorf("%s has its old token", name)
			}
			return err
		})
	}
	// It is used: what happens in the member from now on is seen.
	if err := w.members["eu-1"].Scale(t.Context(), "shop", "web", 0); err != nil {
		t.Fatal(err)
	}
	w.answered(t, "eu-2")
	if err := w.members["eu-1"].Scale(t.Context(), "shop", "web", 1); err != nil {
		t.Fatal(err)
	}
	w.answered(t, "eu-1", "eu-2")
}

func (w *trial) drain(t *testing.T) {
	if _, err := w.host.Kubectl(t.Context(), "patch", "mcl", "eu-1", "--type", "merge", "-p", `{"spec":{"drain":true}}`); err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, 40*time.Second, func(context.Context) error {
		if m := w.member(t, "eu-1"); m.Status.Standing != "drained" {
			return fmt.Errorf("it is %s", m.Status.Standing)
		}
		return nil
	})
	w.answered(t, "eu-1", "eu-2") // nobody else has it
}

func (w *trial) leave(t *testing.T) {
	placed := binding("web", "dialect: karmada, template: {apiVersion: v1, kind: Service, namespace: shop, name: web}, targets: [{cluster: eu-1, since: '2026-01-01T00:00:00Z'}]")
	if err := w.host.Apply(t.Context(), placed); err != nil {
		t.Fatal(err)
	}
	args := []string{"unjoin", "eu-1", "--kubeconfig", w.members["eu-1"].Kubeconfig, "--host-kubeconfig", w.host.Kubeconfig, "--purge"}
	if said, code := w.run(t, args...); code != 1 || !strings.Contains(said, "templates are placed there (Bindings default/web)") {
		t.Errorf("got %d %s", code, said)
	}
	w.answered(t, "eu-1", "eu-2")
	if err := w.host.Delete(t.Context(), placed); err != nil {
		t.Fatal(err)
	}
	if said, code := w.run(t, append(args, "--dry-run")...); code != 0 || !strings.Contains(said, "kind: MemberCluster") || !strings.Contains(said, "kind: Namespace") {
		t.Errorf("got %d %s", code, said)
	}
	said, code := w.run(t, args...)
	for _, want := range []string{"host    deleted  MemberCluster eu-1", "host    deleted  Secret fedns/member-eu-1", "member  deleted  ServiceAccount fedns/fedns-member", "member  absent   ClusterRole fedns-member-propagation", "member  deleted  Namespace fedns"} {
		if code != 0 || !strings.Contains(said, want) {
			t.Errorf("got %d %s\nwant %s", code, said, want)
		}
	}
	w.answered(t, "eu-2")
	if said, code := w.run(t, args...); code != 0 || strings.Contains(said, "failed") || !strings.Contains(said, "host    absent   MemberCluster eu-1") {
		t.Errorf("again: got %d %s", code, said)
	}
	roles, err := w.members["eu-1"].Kubectl(t.Context(), "get", "clusterroles,clusterrolebindings,roles,rolebindings", "-A", "-l", "app.kubernetes.io/name=fedns", "-o", "name")
	if err != nil || strings.TrimSpace(strings.ReplaceAll(string(roles), "No resources found", "")) != "" {
		t.Errorf("left in the member: %s %v", roles, err)
	}
}

func (w *trial) gone(t *testing.T) {
	kubeconfig := w.members["eu-2"].Kubeconfig
	if err := w.members["eu-2"].StopAPIServer(); err != nil {
		t.Fatal(err)
	}
	said, code := w.run(t, "unjoin", "eu-2", "--kubeconfig", kubeconfig, "--host-kubeconfig", w.host.Kubeconfig)
	if code != 1 || !strings.Contains(said, "host    deleted  MemberCluster eu-2") || !strings.Contains(said, "member  failed   ServiceAccount fedns/fedns-member") {
		t.Errorf("got %d %s", code, said)
	}
	w.answered(t)
	if said, code := w.run(t, "unjoin", "eu-2", "--host-kubeconfig", w.host.Kubeconfig); code != 0 || !strings.Contains(said, "member  left     ServiceAccount fedns/fedns-member: and its roles") {
		t.Errorf("got %d %s", code, said)
	}
}
