package federationv1

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/fedns/fedns/federation/placement"
	"github.com/fedns/fedns/federation/work"
	"github.com/fedns/fedns/federation/work/worktest"
)

// workload is a Deployment with replicas and, if any, more annotations.
const workload = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, uid: "u", resourceVersion: "%s", annotations: {federation.alpha.kubernetes.io/cluster-selector: "[]"%s}}
spec: {replicas: %d}
`

// TestTotal: what is told out is what people wrote, though the object has the host's
// share of it; who changes the replicas changes the total.
func TestTotal(t *testing.T) {
	const noted = `, fedns.io/total-replicas: "9", fedns.io/host-replicas: "3"`
	for _, tt := range []struct {
		notes  string
		stated int
		want   int32
	}{
		{"", 9, 9}, {noted, 3, 9}, {noted, 12, 12}, {noted, 9, 9}, {noted, 0, 0},
		{`, fedns.io/total-replicas: "many", fedns.io/host-replicas: "3"`, 3, 3}, {`, fedns.io/total-replicas: "9"`, 3, 3},
	} {
		d := newDesk()
		d.put(worktest.Objects(t, fmt.Sprintf(workload, "1", tt.notes, tt.stated))[0])
		o, ok := d.next()
		if !ok || o.Err != nil {
			t.Fatal(ok, o.Err)
		}
		if got := *o.Placement.Replicas; got != tt.want {
			t.Errorf("%d replicas with %q: %d are told out, want %d", tt.stated, tt.notes, got, tt.want)
		}
		if notes := o.Template.GetAnnotations(); len(notes) > 0 {
			t.Errorf("members get annotations %v", notes)
		}
	}
}

// TestHostShare: the host's share is written, once, with the total beside it, and
// orders nothing anew; it is not written over what people wrote meanwhile.
func TestHostShare(t *testing.T) {
	q := &quiet{}
	made := func() (*Dialect, error) { return New(Config{Host: q, Log: slog.New(slog.DiscardHandler)}) }
	worktest.Run(t, made, func(t *testing.T, d *Dialect, e *worktest.Sink) {
		put := func(o *unstructured.Unstructured) { q.Put(t, o) }
		put(worktest.Objects(t, fmt.Sprintf(workload, "1", "", 9))[0])
		synctest.Wait()
		o, _ := e.Last()
		r := work.Report{
			Order: o, Decision: placement.Decision{Targets: []placement.Target{{Cluster: "a", Replicas: 6}, {Cluster: "h", Replicas: 3}}},
			Outcomes: []work.Outcome{{Cluster: "a", Key: o.Key, Phase: work.Applied}, {Cluster: "h", Key: o.Key, Phase: work.Applied, Template: true}},
		}
		report := func(r work.Report, want string) {
			t.Helper()
			q.patches = nil
			if err := d.Report(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(q.patches, "\n"); got != want {
				t.Errorf("wrote %s, want %s", got, want)
			}
		}
		none := r
		none.Outcomes = r.Outcomes[:1]
		report(none, "") // the host is no member
		leaves := r
		leaves.Decision.Targets, leaves.Leaving = r.Decision.Targets[:1], []work.Leaving{{Cluster: "h"}}
		report(leaves, "")
		const patch = `web {"metadata":{"annotations":{"fedns.io/host-replicas":"%d","fedns.io/total-replicas":"9"},"resourceVersion":"%s","uid":"u"},"spec":{"replicas":%d}}`
		report(r, fmt.Sprintf(patch, 3, "1", 3))
		const noted = `, fedns.io/total-replicas: "9", fedns.io/host-replicas: "3"`
		put(worktest.Objects(t, fmt.Sprintf(workload, "2", noted, 3))[0])
		synctest.Wait()
		report(r, "")
		if e.Told() != 1 {
			t.Errorf("what we wrote made %d orders", e.Told()-1)
		}
		gone := r
		gone.Decision.Targets = r.Decision.Targets[:1]
		report(gone, fmt.Sprintf(patch, 0, "2", 0))
		put(worktest.Objects(t, fmt.Sprintf(workload, "3", noted, 12))[0])
		synctest.Wait()
		report(r, "") // of what was ordered before
		if o, _ := e.Last(); e.Told() != 2 || *o.Placement.Replicas != 12 {
			t.Errorf("after people wrote 12, the last of %d orders is %v", e.Told(), o)
		}
	})
}
