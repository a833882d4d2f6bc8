package kubefed

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	typesv1beta1 "github.com/fedns/fedns/federation/api/kubefed/types/v1beta1"
	"github.com/fedns/fedns/federation/cluster"
	"github.com/fedns/fedns/federation/override"
	"github.com/fedns/fedns/federation/work"
)

// statusBefore is the status that an object has; one that cannot be read is none.
func statusBefore(o *unstructured.Unstructured) (s typesv1beta1.FederatedStatus) {
	all, ok, _ := unstructured.NestedMap(o.Object, "status")
	if !ok {
		return s
	}
	body, err := json.Marshal(all)
	if err == nil {
		err = json.Unmarshal(body, &s)
	}
	if err != nil {
		return typesv1beta1.FederatedStatus{}
	}
	return s
}

// statusOf is the status after a report; changed says that it differs from before.
// Times are those of before where nothing changed.
func statusOf(r *work.Report, collect bool, before typesv1beta1.FederatedStatus) (s typesv1beta1.FederatedStatus, changed bool) {
	s.ObservedGeneration = r.Order.Source.Generation
	s.Clusters = clusters(r, collect)
	c := typesv1beta1.Condition{Type: typesv1beta1.Propagation, Status: metav1.ConditionTrue}
	switch {
	case failedAsAWhole(r):
		c.Reason = typesv1beta1.ComputePlacementFailed
	case slices.ContainsFunc(s.Clusters, func(c typesv1beta1.ClusterStatus) bool { return c.Status != "" }):
		c.Reason = typesv1beta1.CheckClusters
	}
	if c.Reason != "" {
		c.Status = metav1.ConditionFalse
	}
	now := time.Now().UTC().Format(time.RFC3339)
	c.LastUpdateTime, c.LastTransitionTime = now, now
	spread := !sameClusters(before.Clusters, s.Clusters)
	for _, b := range before.Conditions {
		if b.Type != c.Type {
			s.Conditions = append(s.Conditions, b)
			continue
		}
		if b.Status == c.Status && b.Reason == c.Reason {
			c.LastTransitionTime = b.LastTransitionTime
			if !spread {
				c.LastUpdateTime = b.LastUpdateTime
			}
		}
	}
	s.Conditions = append(s.Conditions, c)
	return s, spread || before.ObservedGeneration != s.ObservedGeneration || !slices.Equal(before.Conditions, s.Conditions)
}

// failedAsAWhole says that nothing could be placed: errors of overrides are those of
// their clusters.
func failedAsAWhole(r *work.Report) bool {
	var of *override.Error
	return r.Order.Err != nil || r.Err != nil && !errors.As(r.Err, &of)
}

// clusters are all that have the object, are to have it, or have not lost it yet.
func clusters(r *work.Report, collect bool) (all []typesv1beta1.ClusterStatus) {
	add := func(name string, o *work.Outcome, target bool) {
		c := typesv1beta1.ClusterStatus{Name: name, Status: propagated(o, target)}
		if target && overridesFail(r, name) {
			c.Status = typesv1beta1.ApplyOverridesFailed
		}
		if collect && len(o.Status) > 0 {
			c.RemoteStatus = o.Status
		}
		all = append(all, c)
	}
	seen, targets := map[string]bool{}, map[string]bool{}
	for _, t := range r.Decision.Targets {
		targets[t.Cluster] = r.Order.Template != nil
	}
	for i := range r.Outcomes {
		o := &r.Outcomes[i]
		gone := o.Phase == work.Removed || o.Phase == work.Abandoned
		if o.Key != r.Order.Key || gone && !targets[o.Cluster] {
			continue
		}
		seen[o.Cluster] = true
		add(o.Cluster, o, targets[o.Cluster])
	}
	for name, target := range targets {
		if target && !seen[name] {
			add(name, &work.Outcome{Phase: work.Pending}, true)
		}
	}
	slices.SortFunc(all, func(a, b typesv1beta1.ClusterStatus) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// overridesFail says that a cluster's overrides cannot be applied. KubeFed's select by
// name only.
func overridesFail(r *work.Report, name string) bool {
	var of *override.Error
	if !errors.As(r.Err, &of) || r.Order.Template == nil {
		return false
	}
	_, err := override.Apply(r.Order.Template, &cluster.Cluster{Name: name}, r.Order.Overrides)
	return err != nil
}

// awayReasons are those of outcomes by which a cluster, and not the object, is in
// the way.
var awayReasons = []string{"Unreachable", "Unauthorized", "NoAccess"}

// timedOut are those of calls that came to no end in time.
var timedOut = []string{"Timeout", "ServerTimeout", "GatewayTimeout", "TooManyRequests"}

// propagated is an outcome in KubeFed's words. Empty: it is as it is to be.
func propagated(o *work.Outcome, target bool) typesv1beta1.PropagationStatus {
	there := len(o.Status) > 0 || o.Replicas > 0 || o.Health == work.Healthy || o.Health == work.Unhealthy
	// of chooses between what fails: making, changing or removing it.
	of := func(create, update, remove typesv1beta1.PropagationStatus) typesv1beta1.PropagationStatus {
		switch {
		case !target:
			return remove
		case there:
			return update
		}
		return create
	}
	switch {
	case o.Phase == work.Applied && target:
		return ""
	case o.Phase == work.Removing, o.Phase == work.Applied:
		return typesv1beta1.WaitingForRemoval
	case slices.Contains(awayReasons, o.Reason), o.Phase == work.Abandoned:
		return typesv1beta1.ClusterNotReady
	case o.Reason == "Conflict":
		return typesv1beta1.AlreadyExists
	case o.Reason == "Unreadable":
		return typesv1beta1.ComputeResourceFailed
	case slices.Contains(timedOut, o.Reason), o.Phase == work.Pending && target:
		return of(typesv1beta1.CreationTimedOut, typesv1beta1.UpdateTimedOut, typesv1beta1.DeletionTimedOut)
	case !target && o.Phase != work.Failed:
		return typesv1beta1.WaitingForRemoval
	}
	return of(typesv1beta1.CreationFailed, typesv1beta1.UpdateFailed, typesv1beta1.DeletionFailed)
}

func sameClusters(a, b []typesv1beta1.ClusterStatus) bool {
	return slices.EqualFunc(a, b, func(a, b typesv1beta1.ClusterStatus) bool {
		return a.Name == b.Name && a.Status == b.Status && sameJSON(a.RemoteStatus, b.RemoteStatus)
	})
}

// sameJSON compares what two texts say.
func sameJSON(a, b json.RawMessage) bool {
	if bytes.Equal(a, b) {
		return true
	}
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && apiequality.Semantic.DeepEqual(x, y)
}
