package hosted

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/fedns/fedns/integration/harness"
)

// crowded holds that a name with more addresses than BIND takes (max-records-per-type,
// 100 unless it is told otherwise), which it answers with SERVFAIL and no more, is told
// as refused and keeps no other name from being written.
func crowded(t *testing.T, f *harness.Fleet) {
	const n = 101
	host, b := f.Cluster("host"), hosting(t)
	must(t, host.Apply(t.Context(), "apiVersion: v1\nkind: Namespace\nmetadata: {name: crowd}\n"))
	for name, n := range map[string]int{"all": n, "few": 3} {
		must(t, host.Apply(t.Context(), fmt.Sprintf(`{apiVersion: v1, kind: Service, metadata: {name: %s, namespace: crowd, annotations: {fedns.io/export: "true"}}, spec: {clusterIP: None}}`, name)))
		must(t, endpoints(t.Context(), host, "crowd", name, n, func(e int) string { return fmt.Sprintf("10.1.0.%d", e+1) }))
	}
	d := daemon(t, f, configuration(f, toBIND(b, "  names: [crowd.svc.clusterset.local]\n"), "host"))
	harness.Eventually(t, 60*time.Second, func(ctx context.Context) error {
		got, _, err := holds(ctx, b.addr, busy, true)
		if err != nil {
			return err
		}
		maps.DeleteFunc(got, func(q question, _ []string) bool { return q.registry() })
		endpoints := 0
		for q := range got {
			if strings.Contains(string(q), ".host.all.crowd.svc.") {
				endpoints++
			}
		}
		if few := got["few.crowd.svc.clusterset.local. A"]; endpoints != n || len(few) != 3 {
			return fmt.Errorf("BIND has %d of %d endpoints, and %q", endpoints, n, few)
		}
		all, err := status(ctx, d)
		if err != nil {
			return err
		}
		for _, r := range all[busy].Refused {
			if r.Record == "all.crowd.svc.clusterset.local. A" && strings.Contains(r.Reason, "SERVFAIL") && len(r.Objects) > 0 {
				return nil
			}
		}
		return fmt.Errorf("nobody says what is refused: %+v", all[busy])
	})
}
