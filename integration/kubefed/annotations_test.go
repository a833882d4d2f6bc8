package kubefed

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/fedns/fedns/federation/cluster"
	"github.com/fedns/fedns/federation/federationv1"
	"github.com/fedns/fedns/federation/work"
	"github.com/fedns/fedns/federation/work/worktest"
	"github.com/fedns/fedns/integration/harness"
)

// annotations: a Service of Federation v1 is ordered, and its addresses are written
// back.
func (w *dialect) annotations(t *testing.T) {
	h := w.Host
	d, err := federationv1.New(federationv1.Config{Host: w.Objects, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	s := &worktest.Sink{}
	var running sync.WaitGroup
	running.Go(func() { _ = d.Run(ctx, s) })
	defer running.Wait()
	defer cancel()
	const service = `
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: default
  annotations: {federation.alpha.kubernetes.io/cluster-selector: '[{"key": "pci", "operator": "In", "values": ["true"]}, {"key": "environment", "operator": "NotIn", "values": ["test"]}]'}
spec: {ports: [{port: 80}], type: LoadBalancer}
`
	if err := h.Apply(ctx, service); err != nil {
		t.Fatal(err)
	}
	key := work.Key{Kind: schema.GroupVersionKind{Version: "v1", Kind: "Service"}, Namespace: "default", Name: "web"}
	order := func(so func(work.Order) bool) (o work.Order) {
		t.Helper()
		if err := harness.Wait(ctx, func(context.Context) error {
			var ok bool
			_, synced := s.Last()
			if o, ok = s.Of(key); !ok || !so(o) || synced == 0 {
				return fmt.Errorf("not as it is to be: %v, %d orders", ok, s.Told())
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return o
	}
	o := order(func(o work.Order) bool { return o.Template != nil })
	for labels, want := range map[string]bool{"pci=true": true, "pci=true,environment=test": false, "pci=false": false, "pci=true,environment=prod": true} {
		c := &cluster.Cluster{Name: "a", Labels: map[string]string{}}
		for label := range strings.SplitSeq(labels, ",") {
			name, value, _ := strings.Cut(label, "=")
			c.Labels[name] = value
		}
		if got := o.Placement.Affinities[0].Selects(c); got != want {
			t.Errorf("%s: selected %v", labels, got)
		}
	}
	for range 2 { // the second writes nothing
		if err := d.Report(ctx, work.Report{Order: o, Outcomes: []work.Outcome{{Cluster: "eu", Key: key, Phase: work.Applied, Status: json.RawMessage(`{"loadBalancer":{"ingress":[{"ip":"192.0.2.1","ipMode":"VIP"}]}}`)}}}); err != nil {
			t.Fatal(err)
		}
	}
	out, err := h.Kubectl(ctx, "get", "service", "web", "-o", `jsonpath={.metadata.annotations.federation\.kubernetes\.io/service-ingresses}`)
	if want := `{"items":[{"cluster":"eu","items":[{"ip":"192.0.2.1"}]}]}`; err != nil || string(out) != want {
		t.Errorf("kubectl shows %q, %v, want %s", out, err, want)
	}
	if err := h.Delete(ctx, service); err != nil {
		t.Fatal(err)
	}
	order(func(o work.Order) bool { return o.Template == nil && !o.Options.Orphan })
}
