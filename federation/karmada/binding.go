package karmada

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/rand"

	policyv1alpha1 "github.com/fedns/fedns/federation/api/karmada/policy/v1alpha1"
	workv1alpha2 "github.com/fedns/fedns/federation/api/karmada/work/v1alpha2"
	"github.com/fedns/fedns/federation/work"
)

// Labels and annotations of what fedns writes.
const (
	managedBy      = "app.kubernetes.io/managed-by"
	fedns          = "fedns"
	templateDigest = "fedns.io/template-digest"
)

// bindingName is the name of a template's ResourceBinding, as Karmada has it.
func bindingName(k work.Key) string {
	return strings.ToLower(strings.ReplaceAll(k.Name, ":", ".") + "-" + k.Kind.Kind)
}

// workName is the name of a template's Works, as Karmada has it: nginx-687f7fb96f.
func workName(k work.Key) string {
	name := strings.ToLower(strings.ReplaceAll(k.Name, ":", "."))
	whole := name + "-" + strings.ToLower(k.Kind.Kind)
	if k.Namespace != "" {
		whole = k.Namespace + "-" + whole
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(whole)) // which cannot fail
	return name + "-" + rand.SafeEncodeString(fmt.Sprint(h.Sum32()))
}

// workNamespace is where a cluster's Works are.
func workNamespace(cluster string) string { return "karmada-es-" + cluster }

// binding is a ResourceBinding, or a ClusterResourceBinding, which differs in its
// scope only. before is what it was; nil: nothing. Times of conditions that did not
// change stay.
func binding(r *work.Report, st *standing, before *workv1alpha2.ResourceBinding) *workv1alpha2.ResourceBinding {
	key := r.Order.Key
	b := &workv1alpha2.ResourceBinding{}
	b.SetGroupVersionKind(bindingKind(key))
	b.Namespace, b.Name = key.Namespace, bindingName(key)
	b.Labels = map[string]string{managedBy: fedns}
	b.Annotations = map[string]string{}
	if uid := r.Order.Source.UID; uid != "" { // so that it goes with the template
		b.OwnerReferences = []metav1.OwnerReference{{APIVersion: key.Kind.GroupVersion().String(), Kind: key.Kind.Kind, Name: key.Name, UID: uid}}
	}
	s := &b.Spec
	s.Resource = workv1alpha2.ObjectReference{APIVersion: key.Kind.GroupVersion().String(), Kind: key.Kind.Kind, Namespace: key.Namespace, Name: key.Name, UID: r.Order.Source.UID}
	if st != nil {
		label, annotations := claimOf(st.policy)
		b.Labels[label] = st.id
		for k, v := range annotations {
			b.Annotations[k] = v
		}
		b.Annotations[templateDigest] = hex.EncodeToString(st.template[:])
		bindTerms(s, st.terms)
	}
	bindPlacement(s, r)
	if before != nil {
		b.Status.Conditions = slices.Clone(before.Status.Conditions)
	}
	bindStatus(&b.Status, r)
	return b
}

// claimOf is what says that a policy claimed a template.
func claimOf(p reference) (label string, annotations map[string]string) {
	if p.kind == propagationPolicy.Kind {
		return policyIDLabel, map[string]string{policyNamespaceAnnotation: p.namespace, policyNameAnnotation: p.name}
	}
	return clusterPolicyIDLabel, map[string]string{clusterPolicyNameAnnotation: p.name}
}

func bindTerms(s *workv1alpha2.ResourceBindingSpec, t *terms) {
	s.Placement = t.placement.DeepCopy()
	s.PropagateDeps, s.ConflictResolution = t.deps, t.conflict
	s.Suspension, s.Failover = t.suspension, t.failover
	if t.preserve {
		s.PreserveResourcesOnDeletion = &t.preserve
	}
	s.Placement.ClusterTolerations = t.request.Tolerations // the defaults among them, as Karmada's own show
	if s.ConflictResolution == "" {
		s.ConflictResolution = policyv1alpha1.ConflictAbort
	}
}

// bindPlacement is where it is.
func bindPlacement(s *workv1alpha2.ResourceBindingSpec, r *work.Report) {
	p := &r.Order.Placement
	if p.Replicas != nil {
		s.Replicas = *p.Replicas
	}
	for name, amount := range p.Requests {
		if name == corev1.ResourcePods {
			continue
		}
		if s.ReplicaRequirements == nil {
			s.ReplicaRequirements = &workv1alpha2.ReplicaRequirements{ResourceRequest: corev1.ResourceList{}}
		}
		s.ReplicaRequirements.ResourceRequest[name] = *resource.NewMilliQuantity(amount, resource.DecimalSI)
	}
	for _, t := range r.Decision.Targets {
		s.Clusters = append(s.Clusters, workv1alpha2.TargetCluster{Name: t.Cluster, Replicas: t.Replicas})
	}
	for _, l := range r.Leaving {
		task := workv1alpha2.GracefulEvictionTask{FromCluster: l.Cluster, Reason: workv1alpha2.ReasonTaintUntolerated, Message: cut(l.Why), Producer: fedns}
		if !l.Since.IsZero() {
			task.CreationTimestamp = &metav1.Time{Time: l.Since}
			if l.Until.After(l.Since) {
				seconds := int32(l.Until.Sub(l.Since).Seconds())
				task.GracePeriodSeconds = &seconds
			}
		}
		s.GracefulEvictionTasks = append(s.GracefulEvictionTasks, task)
	}
}

// bindStatus is what came of it.
func bindStatus(s *workv1alpha2.ResourceBindingStatus, r *work.Report) {
	s.SchedulerObservedAffinityName = r.Decision.Affinity
	s.AggregatedStatus = nil
	applied := map[string]bool{}
	for _, o := range r.Outcomes {
		if o.Key != r.Order.Key || o.Phase == work.Removed {
			continue
		}
		item := workv1alpha2.AggregatedStatusItem{ClusterName: o.Cluster, Applied: o.Phase == work.Applied, Health: string(cmp.Or(o.Health, work.Unknown))}
		if len(o.Status) > 0 {
			item.Status = &runtime.RawExtension{Raw: o.Status}
		}
		if !item.Applied || o.Reason != "" { // the cluster may have made something else of it
			item.AppliedMessage = message(&o)
		}
		if why := unheard(r, o.Cluster); why != "" {
			item.Health = string(work.Unknown)
			item.AppliedMessage = cut(strings.TrimPrefix(item.AppliedMessage+"; "+why, "; "))
		}
		applied[o.Cluster] = item.Applied
		s.AggregatedStatus = append(s.AggregatedStatus, item)
	}
	slices.SortFunc(s.AggregatedStatus, func(a, b workv1alpha2.AggregatedStatusItem) int {
		return strings.Compare(a.ClusterName, b.ClusterName)
	})
	scheduled(s, r)
	full := metav1.Condition{Type: workv1alpha2.FullyApplied, Status: metav1.ConditionTrue, Reason: workv1alpha2.ReasonAppliedSuccess, Message: "all clusters have it as it is to be"}
	var lacking []string
	for _, t := range r.Decision.Targets {
		if !applied[t.Cluster] {
			lacking = append(lacking, t.Cluster)
		}
	}
	if len(lacking) > 0 || len(r.Decision.Targets) == 0 {
		full.Status, full.Reason, full.Message = metav1.ConditionFalse, workv1alpha2.ReasonAppliedFailed, "no cluster has it"
		if len(lacking) > 0 {
			full.Message = cut("not yet in " + strings.Join(lacking, ", ") + ": see aggregatedStatus")
		}
	}
	meta.SetStatusCondition(&s.Conditions, full)
}

// unheard says of a cluster that is lost since when nothing is known of it; empty: it
// is not lost.
func unheard(r *work.Report, name string) string {
	if !slices.Contains(r.Lost, name) {
		return ""
	}
	since := ""
	if at := r.LostSince[name]; !at.IsZero() {
		since = " since " + at.UTC().Format(time.RFC3339)
	}
	return "the cluster is lost" + since + ": what is said of it is what was seen last"
}

// scheduled says what became of the placement.
func scheduled(s *workv1alpha2.ResourceBindingStatus, r *work.Report) {
	c := metav1.Condition{Type: workv1alpha2.Scheduled, Status: metav1.ConditionTrue, Reason: workv1alpha2.ReasonSuccess, Message: fmt.Sprintf("placed in %d clusters", len(r.Decision.Targets))}
	switch err := cmpErr(r.Order.Err, r.Err); {
	case err != nil && r.Order.Err == nil && len(r.Decision.Targets) == 0:
		c.Status, c.Reason, c.Message = metav1.ConditionFalse, workv1alpha2.ReasonNoClusterFit, cut(err.Error())
	case err != nil:
		c.Status, c.Reason, c.Message = metav1.ConditionFalse, workv1alpha2.ReasonSchedulerError, cut(err.Error())
	case len(r.Decision.Targets) == 0:
		c.Status, c.Reason, c.Message = metav1.ConditionFalse, workv1alpha2.ReasonNoClusterFit, "no cluster fits"
	case r.Decision.Unplaced > 0:
		c.Status, c.Reason, c.Message = metav1.ConditionFalse, workv1alpha2.ReasonUnschedulable, fmt.Sprintf("%d replicas fit nowhere", r.Decision.Unplaced)
	}
	meta.SetStatusCondition(&s.Conditions, c)
}

func cmpErr(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// message is why a cluster does not have it.
func message(o *work.Outcome) string {
	text := o.Message
	if o.Reason != "" {
		text = strings.TrimSuffix(o.Reason+": "+text, ": ")
	}
	return cut(cmp.Or(text, string(o.Phase)))
}

// cut keeps a text within what Karmada's fields hold.
func cut(text string) string {
	const most = 1024
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most-3], "") + "..."
}
