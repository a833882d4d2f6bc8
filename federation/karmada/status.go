package karmada

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/fedns/fedns/federation/interpret"
	"github.com/fedns/fedns/federation/work"
)

// contended is how often the same status is written until it is left to whoever
// else writes it.
const contended = 4

// written is a template's status as it was written last.
type written struct {
	status [32]byte
	times  int
}

// status writes what the copies' statuses come to into the template's own.
func (d *Dialect) status(ctx context.Context, desk *desk, book *book, r *work.Report) error {
	_, template, _ := desk.of(r.Order.Key) // after the claim
	if template == nil {
		return nil
	}
	var own []work.Outcome
	for _, o := range r.Outcomes {
		if o.Key != r.Order.Key {
			continue
		}
		if o.Template {
			return nil // a copy is the template itself: its status is what that cluster makes of it
		}
		own = append(own, o)
	}
	want, ok := interpret.Aggregate(template, own)
	if !ok {
		return nil
	}
	have, _, _ := unstructured.NestedMap(template.Object, "status")
	patch := difference(have, want)
	key := r.Order.Key
	if len(patch) == 0 {
		return nil
	}
	switch n := book.attempt(key, work.Digest(want)); {
	case n == contended+1:
		d.cfg.Log.Warn("karmada: somebody else writes the status of a template, and it is left to them", "template", key)
		return nil
	case n > contended:
		return nil
	}
	body, err := json.Marshal(map[string]any{"status": patch})
	if err != nil {
		return fmt.Errorf("%s: status: %w", key, err)
	}
	o := named(key.Kind, key.Namespace, key.Name)
	err = d.cfg.Host.Client().Status().Patch(ctx, o, client.RawPatch(types.MergePatchType, body), manager)
	if apierrors.IsNotFound(err) {
		return nil // it is gone, or its kind has no status
	}
	if err != nil {
		return fmt.Errorf("%s: write the status: %w", key, err)
	}
	desk.wrote(key, o)
	return nil
}

// attempt counts how often a status was to be written, this time included.
func (b *book) attempt(key work.Key, status [32]byte) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	w := b.statuses[key]
	if w == nil || w.status != status {
		w = &written{status: status}
		b.statuses[key] = w
	}
	w.times++
	return w.times
}

// difference is a merge patch (RFC 7386) that makes a status what it is to be.
// Conditions, and when they were observed, are left alone where nothing is said of them.
func difference(have, want map[string]any) map[string]any {
	patch := map[string]any{}
	for k, v := range want {
		if !equality.Semantic.DeepEqual(have[k], v) {
			patch[k] = v
		}
	}
	for k, v := range have {
		if _, ok := want[k]; ok || k == "conditions" || k == "observedGeneration" {
			continue
		}
		switch v.(type) {
		case int64, float64: // a count that is 0 is left out
			patch[k] = nil
		}
	}
	if lb, ok := patch["loadBalancer"].(map[string]any); ok && lb["ingress"] == nil {
		lb = maps.Clone(lb)
		lb["ingress"] = nil
		patch["loadBalancer"] = lb
	}
	return patch
}

// claim writes on the template which policy claimed it, as Karmada does.
func (d *Dialect) claim(ctx context.Context, desk *desk, template *unstructured.Unstructured, st *standing) error {
	if st == nil {
		return nil
	}
	label, annotations := claimOf(st.policy)
	a, l := map[string]any{}, map[string]any{}
	for _, k := range []string{policyNameAnnotation, policyNamespaceAnnotation, clusterPolicyNameAnnotation} {
		if have, want := template.GetAnnotations()[k], annotations[k]; want != have {
			a[k] = orNull(want)
		}
	}
	for _, k := range []string{policyIDLabel, clusterPolicyIDLabel} {
		want := ""
		if k == label {
			want = st.id
		}
		if have := template.GetLabels()[k]; want != have {
			l[k] = orNull(want)
		}
	}
	if len(a)+len(l) == 0 {
		return nil
	}
	body, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": a, "labels": l}})
	if err != nil {
		return fmt.Errorf("claim: %w", err)
	}
	o := named(template.GroupVersionKind(), template.GetNamespace(), template.GetName())
	err = d.cfg.Host.Client().Patch(ctx, o, client.RawPatch(types.MergePatchType, body), manager)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: claim for %s: %w", keyOf(template), st.policy, err)
	}
	desk.wrote(keyOf(template), o)
	return nil
}

// orNull is a value of a merge patch; an empty one takes the key away.
func orNull(v string) any {
	if v == "" {
		return nil
	}
	return v
}
