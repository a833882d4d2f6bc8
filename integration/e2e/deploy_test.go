package e2e

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fedns/fedns/integration/harness"
)

// installation is the state that the steps of TestDeploy share.
type installation struct {
	host, member *harness.Cluster
	newcomer     *newcomer
	fedns        *replica
}

// TestDeploy does what deploy/README.md says, by its own commands, in two real
// clusters, and runs the image as the pods that the host makes of it would.
func TestDeploy(t *testing.T) {
	harness.NeedRoot(t)
	harness.Need(t, "dig", "bind9-dnsutils")
	harness.Need(t, "curl", "curl")
	// The host has no ServiceExport CRD: fedns does without.
	host := harness.Spec{Name: "host", Region: "eu-west", Zones: []string{"eu-west-1a", "eu-west-1b"}}
	f := harness.Start(t, harness.Options{Clusters: []harness.Spec{host, spec("eu-1", "eu-west", "eu-west-1c")}})
	i := &installation{host: f.Cluster("host"), member: f.Cluster("eu-1")}
	i.newcomer, i.fedns = newNewcomer(t, i.host, i.member), newReplica(t)
	for _, step := range []struct {
		name string
		do   func(*testing.T)
	}{
		{"the host admits and runs it", i.install},
		{"a member is joined", i.join},
		{"Services are found and followed", i.follows},
		{"it may do nothing else", func(t *testing.T) {
			wantRights(t, i.host, "fedns", replicaLeases...)
			wantRights(t, i.member, "fedns-reader")
		}},
		{"the way it is verified", i.verify},
		{"no right was missing", i.complaints},
		{"the member's credentials are rotated", i.rotate},
		{"watch is enough where lists are streamed", i.streams},
		{"a right is missing", i.forbidden},
	} {
		if !t.Run(step.name, step.do) {
			t.FailNow() // each step stands on those before
		}
	}
}

func (i *installation) install(t *testing.T) {
	n := i.newcomer
	n.next(t, "docker build -f deploy/Dockerfile") // buildImage does by hand what it would
	// Other tests' daemons have these ports: the one edit that is not the README's.
	dns, http := freeAddr(t), freeAddr(t)
	n.edit(t, "deploy/manifests/config.yaml", `["0.0.0.0:5353", "[::]:5353"]`, `["`+dns+`"]`, 1)
	n.edit(t, "deploy/manifests/config.yaml", "[::]:8053", http, 1)
	n.follow(t, "apply -f deploy/manifests/namespace.yaml")

	pods, err := i.host.Client().CoreV1().Pods("fedns").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	nodes := map[string]bool{}
	for _, p := range pods.Items {
		nodes[p.Spec.NodeName] = p.Status.Phase == corev1.PodRunning
	}
	if len(pods.Items) != 2 || len(nodes) != 2 {
		t.Fatalf("got %d pods on nodes %v, want two on two", len(pods.Items), nodes)
	}
	i.strict(t, pods.Items[0])
	i.fedns.schedule(t, i.host, &pods.Items[0], dns, http)
	i.fedns.launch(t)
	i.fedns.probe(t)
	i.wantLive(t, "host")
}

// strict: the namespace holds pods to the profile that the Deployment says it
// keeps, so that its being admitted means something.
func (i *installation) strict(t *testing.T, p corev1.Pod) {
	t.Helper()
	p.ObjectMeta = metav1.ObjectMeta{Name: "lax", Namespace: p.Namespace}
	p.Spec.NodeName = ""
	p.Spec.Containers = slices.Clone(p.Spec.Containers)
	p.Spec.Containers[0].SecurityContext = nil
	_, err := i.host.Client().CoreV1().Pods(p.Namespace).Create(t.Context(), &p, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "restricted") {
		t.Errorf("a pod that may gain privileges is admitted (%v)", err)
	}
}

func (i *installation) join(t *testing.T) {
	n := i.newcomer
	if err := i.member.Apply(t.Context(), unexported(web)); err != nil {
		t.Fatal(err)
	}
	n.follow(t, "apply -f deploy/manifests/member.yaml")
	n.follow(t, "config set-credentials")
	// `kubectl auth can-i` exits 1 when it says no.
	if out, _ := n.sh(t, "set +e\n"+n.next(t, "auth can-i list services")); out != "yes\nno\n" {
		t.Errorf("the account may list services and get secrets: %q", out)
	}
	n.follow(t, "create secret generic fedns-members")
	i.list(t, n.next(t, "kubeconfig: /etc/fedns/members/eu-1.kubeconfig"))
	n.follow(t, "apply -f deploy/manifests/config.yaml")
	began := time.Now()
	i.fedns.refresh(t)
	i.wantLive(t, "host", "eu-1")
	i.answers(t, began, "web.shop.prod", dns.TypeA, "NXDOMAIN")
	n.follow(t, "annotate service web fedns.io/export=true")
}

// list adds a member to the configuration, where its other clusters are.
func (i *installation) list(t *testing.T, entry string) {
	t.Helper()
	file := filepath.Join(i.newcomer.dir, "deploy/manifests/config.yaml")
	text, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, append(text, entry...), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// unexported takes the annotation from a manifest: the README sets it later.
func unexported(manifest string) string {
	return strings.Replace(manifest, `annotations: {fedns.io/export: "true"}`, "annotations: {}", 1)
}

func (i *installation) follows(t *testing.T) {
	began := time.Now()
	v4, v6 := families(clusterIPs(t, i.member, "web"))
	i.answers(t, began, "web.shop.prod", dns.TypeA, v4...)
	i.answers(t, began, "web.shop.prod", dns.TypeAAAA, v6...)
	if err := i.member.Apply(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	addrs, _ := podIPs(t, i.member, "db", 2)
	began = time.Now()
	i.answers(t, began, "db.shop.svc.clusterset.local", dns.TypeA, addrs...)
	// A Service of the host itself, by the pod's own account.
	if err := i.host.Apply(t.Context(), strings.Replace(web, "RequireDualStack", "SingleStack", 1)); err != nil {
		t.Fatal(err)
	}
	i.answers(t, time.Now(), "web.shop.prod", dns.TypeA, append(clusterIPs(t, i.host, "web"), v4...)...)
	i.changes(t)
}

// changes: what happens in either cluster is seen, by watches.
func (i *installation) changes(t *testing.T) {
	t.Helper()
	began := time.Now()
	if err := i.member.Scale(t.Context(), "shop", "web", 0); err != nil {
		t.Fatal(err)
	}
	i.answers(t, began, "web.shop.prod", dns.TypeA, clusterIPs(t, i.host, "web")...)
	began = time.Now()
	if err := i.member.Scale(t.Context(), "shop", "web", 2); err != nil {
		t.Fatal(err)
	}
	v4, _ := families(append(clusterIPs(t, i.host, "web"), clusterIPs(t, i.member, "web")...))
	i.answers(t, began, "web.shop.prod", dns.TypeA, v4...)
}

// verify follows section 4 as far as there is no kubelet to forward ports and no
// container to run: TestThreeClusters has pods that ask through CoreDNS.
func (i *installation) verify(t *testing.T) {
	n := i.newcomer
	for !strings.HasPrefix(n.blocks[n.done].section, "4.") {
		n.done++ // section 3 is TestThreeClusters'
	}
	script := n.next(t, "port-forward deployment/fedns 5353:5353 8053:8053 &")
	_, script, _ = strings.Cut(script, "\n")
	host, port, err := net.SplitHostPort(i.fedns.DNSAddr)
	if err != nil {
		t.Fatal(err)
	}
	script = strings.NewReplacer("127.0.0.1 -p 5353", host+" -p "+port, "127.0.0.1:8053", i.fedns.HTTPAddr).Replace(script)
	out, err := n.sh(t, script)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"ready\n", "status: NOERROR", "\t\"1.0.0\"\n", clusterIPs(t, i.host, "web")[0]} {
		if !strings.Contains(out, want) {
			t.Errorf("section 4 does not show %q", want)
		}
	}
	if strings.Contains(out, "NXDOMAIN") {
		t.Error("section 4 shows NXDOMAIN")
	}
}

// complaints: the log has nothing but news.
func (i *installation) complaints(t *testing.T) {
	for _, line := range logLines(t, i.fedns.Process.Log) {
		if !strings.Contains(line, "level=INFO") || strings.Contains(line, "forbidden") || strings.Contains(line, "nauthorized") {
			t.Errorf("the log has %s", line)
		}
	}
}

// wantLive waits until these clusters, and no others, are followed.
func (i *installation) wantLive(t *testing.T, names ...string) {
	t.Helper()
	harness.Eventually(t, 40*time.Second, func(ctx context.Context) error {
		var live []string
		var all error
		for _, c := range clusters(ctx, t, i.fedns.Daemon) {
			if c.Phase == "live" {
				live = append(live, c.ID)
			}
			all = errors.Join(all, fmt.Errorf("%+v", c))
		}
		slices.Sort(live)
		slices.Sort(names)
		if !slices.Equal(live, names) {
			return fmt.Errorf("%v are live, want %v: %w", live, names, all)
		}
		return nil
	})
}

// answers waits until fedns answers want.
func (i *installation) answers(t *testing.T, began time.Time, name string, typ uint16, want ...string) {
	t.Helper()
	answers(t, i.fedns.Daemon, began, name, typ, want...)
}
