package failover

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"

	"github.com/fedns/fedns/federation/cluster"
	"github.com/fedns/fedns/federation/work"
)

// Seen is what is known of a template in one cluster. The zero Seen is of a cluster
// that does not have it.
type Seen struct {
	Applied bool      // it is there as it should be
	Ready   int32     // replicas
	Healthy bool      // it does its work, or nobody can tell of its kind
	Sick    time.Time // since when it does not; zero: it does
}

// Case is one template.
type Case struct {
	State       State
	Tolerations []corev1.Toleration
	Options     work.Failover
	// Divided says that replicas are told out, so that they can move one by one.
	// Otherwise a cluster has the template or not.
	Divided bool
	Seen    func(cluster string) Seen
}

// Eviction is what Evict says.
type Eviction struct {
	By   map[string]string // why a cluster gets nothing, by its name
	Sick map[string]bool   // of those, where the template did not work
	Held map[string]string // why a cluster keeps what it would lose, by its name
	Next time.Time         // there is more by then if nothing else changes; zero: never
}

// Evict says which clusters a template must leave, or must not come to. lost are
// those of Lost.
func Evict(c Case, clusters []*cluster.Cluster, lost map[string]bool, cfg Config, now time.Time) Eviction {
	cfg = cfg.WithDefaults()
	e := Eviction{By: map[string]string{}, Sick: map[string]bool{}, Held: map[string]string{}}
	for _, member := range clusters {
		if len(member.Taints) == 0 {
			continue
		}
		_, here := c.State.Has(member.Name)
		for i := range member.Taints {
			t := &member.Taints[i]
			due, evicts := c.due(t, cfg)
			switch {
			case !evicts || byEvidence(t) && c.Options.Never:
			case !due.IsZero() && now.Before(due):
				if here {
					e.soon(due)
				}
			case here && byEvidence(t) && lost[member.Name]:
				e.Held[member.Name] = fmt.Sprintf("taint %s is not acted on: too many clusters were lost at once", t.ToString())
			default:
				e.By[member.Name] = "taint " + t.ToString()
			}
		}
	}
	c.sick(&e, now)
	return e
}

// soon notes that there is more at a time.
func (e *Eviction) soon(at time.Time) {
	if e.Next.IsZero() || at.Before(e.Next) {
		e.Next = at
	}
}

// due is when a taint evicts; zero: at once. Without evicts it never does. A taint
// that does not say when it came is as young as can be.
func (c Case) due(t *corev1.Taint, cfg Config) (at time.Time, evicts bool) {
	if t.Effect != corev1.TaintEffectNoExecute {
		return time.Time{}, false
	}
	within, tolerated := c.tolerated(t)
	if !tolerated && byEvidence(t) {
		seconds := int64(cfg.Toleration / time.Second)
		within, tolerated = &seconds, true
	}
	switch {
	case !tolerated:
		return time.Time{}, true
	case within == nil || t.TimeAdded == nil:
		return time.Time{}, false
	}
	return t.TimeAdded.Add(time.Duration(max(*within, 0)) * time.Second), true
}

// tolerated says for how many seconds the order tolerates a taint; nil: for ever.
// Of several tolerations the shortest counts, as in Kubernetes.
func (c Case) tolerated(t *corev1.Taint) (seconds *int64, tolerated bool) {
	for i := range c.Tolerations {
		o := &c.Tolerations[i]
		if !o.ToleratesTaint(klog.Background(), t, true) {
			continue
		}
		tolerated = true
		if o.TolerationSeconds != nil && (seconds == nil || *o.TolerationSeconds < *seconds) {
			seconds = o.TolerationSeconds
		}
	}
	return seconds, tolerated
}

// sick evicts from where the template has not worked for too long.
func (c Case) sick(e *Eviction, now time.Time) {
	if c.Options.Unhealthy <= 0 {
		return
	}
	for _, t := range c.State.Targets {
		s := c.Seen(t.Cluster)
		switch due := s.Sick.Add(c.Options.Unhealthy); {
		case s.Sick.IsZero() || e.By[t.Cluster] != "":
		case now.Before(due):
			e.soon(due)
		default:
			e.By[t.Cluster] = fmt.Sprintf("not healthy for %v", c.Options.Unhealthy)
			e.Sick[t.Cluster] = true
		}
	}
}
