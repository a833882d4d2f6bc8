package federationv1

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/fedns/fedns/federation/interpret"
	"github.com/fedns/fedns/federation/placement"
	"github.com/fedns/fedns/federation/work"
)

// A workload of a host that is a member is its own copy there: its replicas are the
// host's share, and what all clusters are to have together is in annotations.
const (
	totalKey = "fedns.io/total-replicas" // as people wrote it
	shareKey = "fedns.io/host-replicas"  // what fedns wrote in its place
)

// total is how many replicas of a workload people want in all clusters together.
// Whoever changes spec.replicas says so anew.
func total(o *unstructured.Unstructured, stated int32) int32 {
	if all, share, ok := shared(o); ok && stated == share {
		return all
	}
	return stated
}

// shared are the annotations of an object; false: it has none that can be read.
func shared(o *unstructured.Unstructured) (all, share int32, ok bool) {
	notes := o.GetAnnotations()
	a, err := strconv.ParseInt(notes[totalKey], 10, 32)
	b, other := strconv.ParseInt(notes[shareKey], 10, 32)
	return int32(a), int32(b), err == nil && other == nil && a >= 0 && b >= 0
}

// hostShare is what the host, as a member, is to have of a workload; false: it is no
// member that anything is known of, or is to be left as it is for now.
func hostShare(r *work.Report) (int32, bool) {
	i := slices.IndexFunc(r.Outcomes, func(o work.Outcome) bool { return o.Template && o.Key == r.Order.Key })
	if i < 0 || r.Order.Placement.Replicas == nil || r.Err != nil || len(r.Decision.Targets) == 0 {
		return 0, false
	}
	host := r.Outcomes[i].Cluster
	if slices.ContainsFunc(r.Leaving, func(l work.Leaving) bool { return l.Cluster == host }) {
		return 0, false // it stays until others have taken its place
	}
	at := slices.IndexFunc(r.Decision.Targets, func(t placement.Target) bool { return t.Cluster == host })
	if at < 0 {
		return 0, true
	}
	return r.Decision.Targets[at].Replicas, true
}

// share has a workload have the host's share of its replicas. Nothing is written over
// what people have written since the order was made.
func (d *Dialect) share(ctx context.Context, desk *desk, o *unstructured.Unstructured, r *work.Report) error {
	share, ok := hostShare(r)
	if !ok {
		return nil
	}
	key := r.Order.Key
	stated, _, err := interpret.Replicas(o)
	if err != nil || stated == nil {
		return nil // it is in the order's error
	}
	all := total(o, *stated)
	if all != *r.Order.Placement.Replicas {
		return nil // it is decided anew
	}
	if was, is, noted := shared(o); *stated == share && (noted && was == all && is == share || !noted && all == share) {
		return nil
	}
	body, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"uid": o.GetUID(), "resourceVersion": o.GetResourceVersion(), "annotations": map[string]any{
			totalKey: strconv.Itoa(int(all)), shareKey: strconv.Itoa(int(share)),
		}},
		"spec": map[string]any{"replicas": share},
	})
	if err != nil {
		return fmt.Errorf("%s: the host's replicas: %w", key, err)
	}
	return d.patch(ctx, desk, key, body, "the host's replicas")
}

// patch merges a patch into a federated object.
func (d *Dialect) patch(ctx context.Context, desk *desk, key work.Key, body []byte, what string) error {
	o := &unstructured.Unstructured{Object: map[string]any{}}
	o.SetGroupVersionKind(key.Kind)
	o.SetNamespace(key.Namespace)
	o.SetName(key.Name)
	err := d.cfg.Host.Client().Patch(ctx, o, client.RawPatch(types.MergePatchType, body), manager)
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("%s: write %s: %w", key, what, err)
	}
	if err == nil {
		desk.wrote(key, o)
	}
	return nil
}
