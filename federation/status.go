package federation

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fedns/fedns/federation/api/v1alpha1"
	"github.com/fedns/fedns/federation/cluster"
	"github.com/fedns/fedns/federation/work"
)

type status = v1alpha1.BindingStatus

// Lengths that a Binding's status has room for.
const (
	maxReason  = 253
	maxMessage = 2048
)

// altered is the Reason of an Outcome that is Applied, but not as it was sent.
const altered = "Altered"

// absentNow says that nothing can be done in a cluster, as its evidence has it.
func absentNow(c *cluster.Cluster) bool {
	return c != nil && slices.ContainsFunc(c.Taints, func(t corev1.Taint) bool {
		return t.Key == cluster.TaintUnreachable || t.Key == cluster.TaintNotReady
	})
}

// bindingStatus is what came of a Binding; mu is held.
func (e *Engine) bindingStatus(known *entry) status {
	p := known.placed
	s := status{}
	applied, healthy := true, true
	var short, sick, other string
	for _, o := range known.outcome() {
		c := v1alpha1.ClusterStatus{
			Cluster: v1alpha1.DNSLabel(o.Cluster), Phase: string(o.Phase), Reason: cut(o.Reason, maxReason), Message: cut(o.Message, maxMessage),
			Health: string(o.Health), Replicas: o.Replicas, Ready: o.Ready,
		}
		if !o.Since.IsZero() {
			c.Since = &metav1.Time{Time: o.Since.Truncate(time.Second)}
		}
		if lostNow(e.byName[o.Cluster]) && o.Phase != work.Abandoned {
			c.Health = string(work.Unknown)
			c.Message = cut(strings.TrimPrefix(o.Message+"; the cluster is lost: this is what was seen last", "; "), maxMessage)
		}
		s.Clusters = append(s.Clusters, c)
		if p.removing(o.Cluster) && (o.Phase == work.Abandoned || e.outOfReach(o.Cluster, o)) {
			s.Abandoned = append(s.Abandoned, v1alpha1.Abandoned{Cluster: v1alpha1.DNSLabel(o.Cluster), Since: metav1.Time{Time: since(p, o.Cluster)}})
		}
		if p.Target(o.Cluster) == nil {
			continue
		}
		if o.Phase != work.Applied {
			applied, short = false, fmt.Sprintf("cluster %s: %s %s", o.Cluster, o.Phase, o.Reason)
		}
		if o.Phase == work.Applied && o.Reason == altered {
			other = fmt.Sprintf("cluster %s: %s", o.Cluster, o.Message)
		}
		if o.Phase != work.Applied || o.Health == work.Unhealthy {
			healthy, sick = false, fmt.Sprintf("cluster %s: %s %s", o.Cluster, o.Health, o.Message)
		}
	}
	scheduled := condition(v1alpha1.ConditionScheduled, known.err == nil, "Placed", "NotPlaced", errText(known.err))
	if why := known.holds(); why != "" {
		scheduled = condition(v1alpha1.ConditionScheduled, false, "", "WithdrawalHeld", why)
	}
	propagated := condition(v1alpha1.ConditionPropagated, applied, "Applied", "NotApplied", short)
	if applied && other != "" {
		propagated.Reason, propagated.Message = altered, cut(other, maxMessage)
	}
	s.Conditions = []metav1.Condition{
		scheduled,
		propagated,
		condition(v1alpha1.ConditionHealthy, healthy, "Healthy", "NotHealthy", sick),
	}
	return s
}

// since is when a cluster began to have no more of it.
func since(p *Binding, name string) time.Time {
	for _, r := range p.Removing {
		if r.Cluster == name {
			return r.Since
		}
	}
	return time.Time{}
}

// condition is one, without when it came: the Store knows what it was before.
func condition(name string, holds bool, yes, no, message string) metav1.Condition {
	c := metav1.Condition{Type: name, Status: metav1.ConditionTrue, Reason: yes}
	if !holds {
		c.Status, c.Reason, c.Message = metav1.ConditionFalse, no, cut(message, maxMessage)
	}
	return c
}

// cut keeps a text to n octets.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	const end = "…"
	return strings.ToValidUTF8(s[:n-len(end)], "") + end
}
