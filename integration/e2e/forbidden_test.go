package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/integration/harness"
)

// rotate does what the README says of rotation. Then the old token is worth
// nothing, and the new one was taken up without a restart.
func (i *installation) rotate(t *testing.T) {
	n := i.newcomer
	if _, err := n.sh(t, "kubectl --context eu-1 -n fedns delete secret fedns-reader-token"); err != nil {
		t.Fatal(err)
	}
	for k, b := range n.blocks { // the blocks for the member, once more
		if strings.HasPrefix(b.section, "2.") && (strings.Contains(b.code, "member.yaml") || strings.Contains(b.code, "fedns-reader-token") ||
			strings.Contains(b.code, "create secret generic")) {
			n.done = k
			n.follow(t, b.code)
		}
	}
	reconnect(t, i.member) // the old token is refused from now on
	i.reason(t, "unreachable", "Unauthorized")
	v4, _ := families(append(clusterIPs(t, i.host, "web"), clusterIPs(t, i.member, "web")...))
	stays(t, i.fedns.Daemon, "web.shop.prod", dns.TypeA, v4...)
	i.fedns.refresh(t)
	i.wantLive(t, "host", "eu-1")
	i.changes(t)
}

// streams: without the right to list, all is read by streamed lists (KEP-3157),
// which proves that they are used.
func (i *installation) streams(t *testing.T) {
	i.grant(t, "[list, watch]", "[watch]", 5)
	harness.Eventually(t, 30*time.Second, func(context.Context) error {
		if rights(t, i.member, "fedns-reader", "default")["list services"] {
			return errors.New("the right is not taken away yet")
		}
		return nil
	})
	i.fedns.restart(t)
	i.fedns.probe(t)
	i.wantLive(t, "host", "eu-1")
	i.changes(t)
	i.grant(t, "", "", 0)
}

// forbidden: of one right less it is said which, and what was known stands.
func (i *installation) forbidden(t *testing.T) {
	const slices = "  resources: [endpointslices]\n  verbs: "
	const told = "watch endpointslices: endpointslices.discovery.k8s.io is forbidden"
	i.grant(t, slices+"[list, watch]", slices+"[list]", 1)
	reconnect(t, i.member)
	i.reason(t, "unreachable", told)
	v4, _ := families(append(clusterIPs(t, i.host, "web"), clusterIPs(t, i.member, "web")...))
	stays(t, i.fedns.Daemon, "web.shop.prod", dns.TypeA, v4...)
	addrs, _ := podIPs(t, i.member, "db", 2)
	stays(t, i.fedns.Daemon, "db.shop.svc.clusterset.local", dns.TypeA, addrs...)

	// After a start it has never been seen whole; a readiness probe lets that pass.
	i.fedns.restart(t)
	i.fedns.probe(t)
	i.reason(t, "unreachable", told)
	code, body, err := get(t.Context(), i.fedns.Daemon, "/readyz")
	if err != nil || code != 503 || !strings.Contains(body, "cluster eu-1: unreachable since ") || !strings.Contains(body, told) {
		t.Errorf("/readyz: %d %s (%v)", code, body, err)
	}
	// What it never saw whole it does not tell of, and the others' part stands.
	answers(t, i.fedns.Daemon, time.Time{}, "web.shop.prod", dns.TypeA, clusterIPs(t, i.host, "web")...)

	i.grant(t, "", "", 0)
	began := time.Now()
	i.wantLive(t, "host", "eu-1")
	t.Logf("live %v after the right was given back", time.Since(began).Round(time.Millisecond))
	i.changes(t)
}

// grant applies member.yaml, a text in it replaced that is there so many times.
func (i *installation) grant(t *testing.T, old, now string, times int) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(i.newcomer.dir, "deploy/manifests/member.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	member := string(text)
	if times > 0 {
		if found := strings.Count(member, old); found != times {
			t.Fatalf("member.yaml has %q %d times, this test knows %d", old, found, times)
		}
		member = strings.ReplaceAll(member, old, now)
	}
	if err := i.member.Apply(t.Context(), member); err != nil {
		t.Fatal(err)
	}
}

// reason waits until the member is in a phase, for a reason with this in it.
func (i *installation) reason(t *testing.T, phase, reason string) {
	t.Helper()
	harness.Eventually(t, 40*time.Second, func(ctx context.Context) error {
		for _, c := range clusters(ctx, t, i.fedns.Daemon) {
			if c.ID != "eu-1" {
				continue
			}
			if c.Phase == phase && strings.Contains(c.Reason, reason) {
				return nil
			}
			return fmt.Errorf("eu-1 is %s: %s", c.Phase, c.Reason)
		}
		return errors.New("eu-1 is not told")
	})
}
