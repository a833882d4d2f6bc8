package membership

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fedns/fedns/discovery"
	"github.com/fedns/fedns/federation/api/v1alpha1"
	"github.com/fedns/fedns/federation/cluster"
)

// Standing sums up what discovery has of a cluster, in federation's words.
func Standing(c discovery.ClusterStatus) cluster.Standing {
	data := c.Signals.Data
	switch c.State {
	case "drained":
		return cluster.Drained
	case "evicted":
		return cluster.Evicted
	case "live":
		if data == "down" {
			return cluster.Degraded
		}
		return cluster.Live
	case "unreachable":
		if data == "down" {
			return cluster.Unreachable
		}
		return cluster.Degraded
	}
	return cluster.Syncing
}

// credentials are what is known of a member's token and, from asking with it, of the
// member.
type credentials struct {
	expires time.Time // zero: it has no end
	err     string    // why it was not renewed; empty: it is not due, or was
	none    string    // why it is not renewed at all
	version string    // of Kubernetes
	// capacity as measured last; nil: it was not, or may not be.
	capacity *v1alpha1.MeasuredCapacity
}

// ofEvidence are the types of conditions that evidence makes.
var ofEvidence = []string{v1alpha1.ConditionReady, v1alpha1.ConditionReachable, v1alpha1.ConditionSynced, v1alpha1.ConditionDataPath}

// statusOf is what a MemberCluster's status is to be; was is the one it has. known
// is nil where discovery has no such cluster, for the reason why.
func statusOf(was v1alpha1.MemberClusterStatus, generation int64, known *discovery.ClusterStatus, why string, cred *credentials, now time.Time) v1alpha1.MemberClusterStatus {
	is := *was.DeepCopy()
	is.ObservedGeneration = generation
	is.Conditions = slices.DeleteFunc(is.Conditions, func(c metav1.Condition) bool {
		return slices.Contains(ofEvidence, c.Type) || c.Type == v1alpha1.ConditionCredentials && cred != nil // others' stay
	})
	for _, c := range append(evidence(known, why), credentialsCondition(cred)...) {
		c.ObservedGeneration, c.LastTransitionTime = generation, metav1.NewTime(now.Truncate(time.Second))
		c.Message = shorten(c.Message)
		if old := apimeta.FindStatusCondition(was.Conditions, c.Type); old != nil && old.Status == c.Status {
			c.LastTransitionTime = old.LastTransitionTime
		}
		is.Conditions = append(is.Conditions, c)
	}
	standing := ""
	if known != nil {
		standing = string(Standing(*known))
	}
	if standing != was.Standing {
		is.Standing, is.StandingSince = standing, nil
		if standing != "" {
			is.StandingSince = &metav1.Time{Time: now.Truncate(time.Second)}
		}
	}
	if cred != nil {
		is.KubernetesVersion = cmp.Or(cred.version, was.KubernetesVersion)
		is.Capacity = newer(was.Capacity, cred.capacity)
		is.TokenExpires = nil
		if !cred.expires.IsZero() {
			is.TokenExpires = &metav1.Time{Time: cred.expires}
		}
	}
	// In one order, whoever wrote them before: what differs in that alone is not written.
	slices.SortFunc(is.Conditions, func(a, b metav1.Condition) int { return strings.Compare(a.Type, b.Type) })
	return is
}

// same says that two statuses tell the same.
func same(a, b v1alpha1.MemberClusterStatus) bool { return equality.Semantic.DeepEqual(a, b) }

func condition(kind string, status metav1.ConditionStatus, reason, message string) metav1.Condition {
	return metav1.Condition{Type: kind, Status: status, Reason: reason, Message: message}
}

// evidence is what is seen of a cluster, as conditions.
func evidence(c *discovery.ClusterStatus, why string) []metav1.Condition {
	if c == nil {
		return []metav1.Condition{condition(v1alpha1.ConditionReady, metav1.ConditionUnknown, "NotTakenUp", cmp.Or(why, "no cluster of this name is followed"))}
	}
	standing := Standing(*c)
	ready := map[cluster.Standing]metav1.ConditionStatus{cluster.Live: metav1.ConditionTrue, cluster.Syncing: metav1.ConditionUnknown}
	text := string(standing)
	all := []metav1.Condition{
		condition(v1alpha1.ConditionReady, cmp.Or(ready[standing], metav1.ConditionFalse), strings.ToUpper(text[:1])+text[1:], cmp.Or(c.Why, c.Reason)),
		signal(v1alpha1.ConditionReachable, c.Signals.API, "APIServerAnswers", "APIServerSilent", "NotKnown", c.Reason),
		signal(v1alpha1.ConditionDataPath, c.Signals.Data, "ProbesAnswered", "ProbesFail", "NotProbed", ""),
	}
	synced := condition(v1alpha1.ConditionSynced, metav1.ConditionTrue, "Followed", "")
	switch {
	case c.Phase == "live":
	case c.Synced || c.Restored:
		synced = condition(v1alpha1.ConditionSynced, metav1.ConditionFalse, "LastKnown", "what was last known stands: "+cmp.Or(c.Reason, "it is being read"))
	default:
		synced = condition(v1alpha1.ConditionSynced, metav1.ConditionFalse, "NeverRead", cmp.Or(c.Reason, "it is being read for the first time"))
	}
	return append(all, synced)
}

// signal is one kind of evidence. why is told only while it is not up.
func signal(kind, is, up, down, unknown, why string) metav1.Condition {
	switch is {
	case "up":
		return condition(kind, metav1.ConditionTrue, up, "")
	case "down":
		return condition(kind, metav1.ConditionFalse, down, why)
	}
	return condition(kind, metav1.ConditionUnknown, unknown, why)
}

func credentialsCondition(c *credentials) []metav1.Condition {
	switch {
	case c == nil:
		return nil
	case c.none != "":
		return []metav1.Condition{condition(v1alpha1.ConditionCredentials, metav1.ConditionUnknown, "NotRenewed", c.none)}
	case c.err != "":
		return []metav1.Condition{condition(v1alpha1.ConditionCredentials, metav1.ConditionFalse, "RenewalFailed", c.err)}
	}
	return []metav1.Condition{condition(v1alpha1.ConditionCredentials, metav1.ConditionTrue, "Renewed", "")}
}

// shorten keeps a message within what conditions may hold.
func shorten(s string) string {
	const longest = 1024
	if len(s) > longest {
		s = s[:longest]
	}
	return strings.ToValidUTF8(s, "?")
}
