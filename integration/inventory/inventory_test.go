package inventory

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fedns/fedns/integration/harness"
	"github.com/fedns/fedns/integration/harness/binaries"
)

const config = `apiVersion: fedns.io/v1alpha1
kind: Config
listen: {dns: ["{{.DNS}}"], http: "{{.HTTP}}"}
federation: {clusterSet: clusterset.local}
host: {kubeconfig: %s}
inventories:
- kubeconfigs: {dir: %s}
- secrets: {namespace: fleet}
- clusterProfiles: {namespace: fleet}
- karmada: {namespace: fleet}
- kubefed: {namespace: fleet}
`

var everybody = []string{"argo", "capi", "file", "istio", "karmada", "kubefed", "ours", "profile"}

// trial is the state that the steps of TestInventories share.
type trial struct {
	host, member *harness.Cluster
	fedns        *harness.Daemon
	to           access
	old          string // token
	program      string
}

// TestInventories: one member, stated in every form under a name of its own,
// through all that happens to such objects.
func TestInventories(t *testing.T) {
	f := harness.Start(t, harness.Options{Clusters: []harness.Spec{{Name: "host"}, {Name: "member"}}})
	w := &trial{host: f.Cluster("host"), member: f.Cluster("member")}
	if err := w.member.Apply(t.Context(), readers+web(1)); err != nil {
		t.Fatal(err)
	}
	w.to, w.old = accessOf(t, w.member), token(t, w.member, "old")
	fedns, err := w.host.UserKubeconfig("fedns")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file.kubeconfig"), []byte(w.to.kubeconfig(t, w.old)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := w.host.Apply(t.Context(), rights+definitions()+ours("ours", w.to.kubeconfig(t, w.old))+w.to.others(t, w.old)); err != nil {
		t.Fatal(err)
	}
	w.program = filepath.Join(t.TempDir(), "fedns")
	if err := (binaries.Cache{}).Fedns(t.Context(), w.program); err != nil {
		t.Fatal(err)
	}
	w.fedns = harness.Fedns(t, f, harness.DaemonSpec{Binary: w.program, Config: fmt.Sprintf(config, fedns, dir)})
	t.Run("everybody is in DNS", func(t *testing.T) { w.answers(t, 0, everybody...) })
	t.Run("regions are as stated", w.regions)
	t.Run("fedns check", w.check)
	t.Run("a malformed Secret", w.malformed)
	t.Run("a credential is rotated", w.rotated)
	t.Run("a Secret is deleted", w.deleted)
	t.Run("the host goes away", w.silence)
}

// answers waits until the n-th endpoint has a name in exactly these clusters.
func (w *trial) answers(t *testing.T, n int, clusters ...string) {
	t.Helper()
	harness.Eventually(t, 30*time.Second, func(ctx context.Context) error {
		var have []string
		for _, c := range everybody {
			q := new(dns.Msg).SetQuestion(fmt.Sprintf("web-%d.%s.web.shop.svc.clusterset.local.", n, c), dns.TypeA)
			r, _, err := new(dns.Client).ExchangeContext(ctx, q, w.fedns.DNSAddr)
			if err != nil {
				return err
			}
			if r.Rcode == dns.RcodeSuccess && len(r.Answer) == 1 {
				have = append(have, c)
			}
		}
		if !slices.Equal(have, clusters) {
			return fmt.Errorf("web-%d is in %q, want %q", n, have, clusters)
		}
		return nil
	})
}

// get reads JSON of the API.
func (w *trial) get(ctx context.Context, path string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+w.fedns.HTTPAddr+path, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, into)
}

type clusterStatus struct{ ID, Phase, Reason, Region string }

func (w *trial) clusters(ctx context.Context) (map[string]clusterStatus, error) {
	var body struct{ Clusters []clusterStatus }
	all := map[string]clusterStatus{}
	err := w.get(ctx, "/api/v1/clusters", &body)
	for _, c := range body.Clusters {
		all[c.ID] = c
	}
	return all, err
}

// inventory waits until what an inventory tells satisfies want.
func (w *trial) inventory(t *testing.T, name string, want func(phase string, findings []string) bool) {
	t.Helper()
	harness.Eventually(t, 30*time.Second, func(ctx context.Context) error {
		var body struct {
			Inventories []struct {
				Name, Phase, Reason string
				Findings            []string
			}
		}
		if err := w.get(ctx, "/api/v1/inventories", &body); err != nil {
			return err
		}
		for _, i := range body.Inventories {
			if i.Name == name && want(i.Phase, i.Findings) {
				return nil
			}
		}
		return fmt.Errorf("inventories are %+v", body.Inventories)
	})
}

func (w *trial) regions(t *testing.T) {
	all, err := w.clusters(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"ours": "eu-west", "profile": "eu-north", "karmada": "us-east", "kubefed": "us-west", "argo": ""} {
		if got := all[name].Region; got != want {
			t.Errorf("%s is in region %q, want %q", name, got, want)
		}
	}
}

func (w *trial) check(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), w.program, "check", "--config", w.fedns.Config).Output()
	if err != nil {
		t.Errorf("%v:\n%s", err, out)
	}
	for _, line := range []string{
		"ok    host: can be reached; its Leases in fedns-system may not be read", "ok    inventory kubeconfigs: 1 clusters: file\n", "ok    inventory secrets: 4 clusters: argo, capi, istio, ours\n",
		"ok    inventory clusterProfiles: 1 clusters: profile\n", "ok    inventory karmada: 1 clusters: karmada\n", "ok    inventory kubefed: 1 clusters: kubefed\n",
		"ok    cluster argo: can be watched\n", "ok    cluster kubefed: can be watched\n",
	} {
		if !strings.Contains(string(out), line) {
			t.Errorf("lacks %q:\n%s", line, out)
		}
	}
}

func (w *trial) malformed(t *testing.T) {
	if err := w.host.Apply(t.Context(), ours("ours", "{apiVersion: v1, kind: Pod}")); err != nil {
		t.Fatal(err)
	}
	w.inventory(t, "secrets", func(_ string, findings []string) bool {
		return len(findings) == 1 && strings.HasPrefix(findings[0], "Secret (fedns) fleet/ours: data.kubeconfig: ") && strings.HasSuffix(findings[0], "; the cluster ours goes on as stated before")
	})
	w.answers(t, 0, everybody...)
}

// rotated: the member takes its new token up, and lives on when the old one is
// worth nothing. All others are told why they are refused, and stand.
func (w *trial) rotated(t *testing.T) {
	if err := w.host.Apply(t.Context(), ours("ours", w.to.kubeconfig(t, token(t, w.member, "new")))); err != nil {
		t.Fatal(err)
	}
	w.inventory(t, "secrets", func(_ string, findings []string) bool { return len(findings) == 0 })
	harness.Eventually(t, 20*time.Second, func(context.Context) error {
		if log := w.fedns.Process.Tail(10_000); !strings.Contains(log, "credentials have changed and are taken up") {
			return fmt.Errorf("the new token was not taken up")
		}
		return nil
	})
	if err := w.member.Client().CoreV1().ServiceAccounts("default").Delete(t.Context(), "old", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	// The API server looks at tokens again as connections are made anew.
	if err := w.member.StopAPIServer(); err != nil {
		t.Fatal(err)
	}
	if err := w.member.StartAPIServer(t.Context()); err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, 60*time.Second, func(ctx context.Context) error {
		all, err := w.clusters(ctx)
		if err != nil {
			return err
		}
		if all["ours"].Phase != "live" || all["argo"].Phase != "unreachable" || !strings.Contains(all["argo"].Reason, "Unauthorized") {
			return fmt.Errorf("ours is %+v, argo %+v", all["ours"], all["argo"])
		}
		return nil
	})
	w.answers(t, 0, everybody...)
	if err := w.member.Apply(t.Context(), web(2)); err != nil {
		t.Fatal(err)
	}
	w.answers(t, 1, "ours")
}

func (w *trial) deleted(t *testing.T) {
	if err := w.host.Client().CoreV1().Secrets("fleet").Delete(t.Context(), "ours", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	w.answers(t, 1)
	w.answers(t, 0, slices.DeleteFunc(slices.Clone(everybody), func(c string) bool { return c == "ours" })...)
}

// silence: that the host cannot be reached removes nobody.
func (w *trial) silence(t *testing.T) {
	if err := w.host.StopAPIServer(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"secrets", "clusterProfiles", "karmada", "kubefed"} {
		w.inventory(t, name, func(phase string, _ []string) bool { return phase == "unreachable" })
	}
	all, err := w.clusters(t.Context())
	if err != nil || len(all) != len(everybody)-1 {
		t.Errorf("%v, %+v", err, all)
	}
	w.answers(t, 0, slices.DeleteFunc(slices.Clone(everybody), func(c string) bool { return c == "ours" })...)
}
