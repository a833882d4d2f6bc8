package federate

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/fedns/fedns/federation/api/v1alpha1"
	"github.com/fedns/fedns/federation/cluster"
	"github.com/fedns/fedns/federation/host"
)

// Member is a member cluster as the daemon knows it.
type Member struct {
	Name     string
	Region   string
	Zones    []string
	Labels   map[string]string
	Taints   []string // key=value:effect
	Standing cluster.Standing
	Since    time.Time // of Standing
	// Access changes when the member is reached otherwise than before.
	Access string
}

// reachedAnew says that a member is reached otherwise than it was, or is back, so
// that what waits for it need not wait until it is tried the next time.
func (m Member) reachedAnew(was Member) bool {
	away := was.Standing == cluster.Unreachable || was.Standing == cluster.Degraded
	return m.Access != was.Access || away && m.Standing == cluster.Live
}

// details are what MemberClusters of the host say of clusters beyond what the
// daemon knows.
type details struct {
	host hostCluster

	mu   sync.Mutex
	read bool
	all  map[string]*v1alpha1.MemberCluster
	came map[string]time.Time // of taints that do not say when they came, by cluster and taint
}

func newDetails(h hostCluster) *details {
	return &details{host: h, all: map[string]*v1alpha1.MemberCluster{}, came: map[string]time.Time{}}
}

// run watches them until ctx is done.
func (d *details) run(ctx context.Context) error {
	done := func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.read = true
	}
	kind := v1alpha1.GroupVersion.WithKind("MemberCluster")
	return d.host.Watch(ctx, kind, host.Handler{
		Put: func(o *unstructured.Unstructured) {
			var m v1alpha1.MemberCluster
			if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &m); err != nil {
				return // what was known of it stands; the inventory tells of it
			}
			d.mu.Lock()
			defer d.mu.Unlock()
			d.all[m.Name] = &m
		},
		Delete: func(o *unstructured.Unstructured) {
			if d.host.Ended(kind) != "" {
				return // it went with its definition: what it said stands
			}
			d.mu.Lock()
			defer d.mu.Unlock()
			delete(d.all, o.GetName())
		},
		Synced: done, Absent: done,
	})
}

// synced says that all there are were read, or that the host has none.
func (d *details) synced() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.read
}

// cluster is a member as federation sees it.
func (d *details) cluster(m Member) *cluster.Cluster {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := &cluster.Cluster{Name: m.Name, Region: m.Region, Zones: m.Zones, Labels: maps.Clone(m.Labels), Taints: cluster.TaintsOf(m.Standing, m.Since)}
	more := d.all[m.Name]
	if more == nil {
		for _, text := range m.Taints {
			if t, err := parseTaint(text); err == nil {
				c.Taints = append(c.Taints, d.dated(m.Name, t))
			}
		}
		return c
	}
	// What discovery has seen here is newer than what was written into the status.
	seen := more.DeepCopy()
	seen.Status.Standing = string(m.Standing)
	if seen.Status.StandingSince = nil; !m.Since.IsZero() {
		since := at(m.Since)
		seen.Status.StandingSince = &since
	}
	for i := range seen.Spec.Taints {
		t := &seen.Spec.Taints[i]
		t.TimeAdded = d.dated(m.Name, t.Core()).TimeAdded
	}
	c = cluster.OfMember(seen)
	if c.Labels == nil {
		c.Labels = map[string]string{}
	}
	for name, value := range m.Labels {
		if _, ok := c.Labels[name]; !ok {
			c.Labels[name] = value
		}
	}
	if c.Region == "" {
		c.Region = m.Region
	}
	if len(c.Zones) == 0 {
		c.Zones = m.Zones
	}
	return c
}

// dated is a taint with when it came: when it was first seen, if it does not say.
func (d *details) dated(name string, t corev1.Taint) corev1.Taint {
	if t.TimeAdded == nil {
		key := name + " " + t.ToString()
		if d.came[key].IsZero() {
			d.came[key] = time.Now()
		}
		since := at(d.came[key])
		t.TimeAdded = &since
	}
	return t
}

// parseTaint reads key=value:effect.
func parseTaint(s string) (t corev1.Taint, err error) {
	left, effect, ok := strings.Cut(s, ":")
	if !ok || left == "" {
		return t, fmt.Errorf("taint %.80q: want key=value:effect", s)
	}
	t.Key, t.Value, _ = strings.Cut(left, "=")
	t.Effect = corev1.TaintEffect(effect)
	return t, nil
}

// equal says that two clusters are the same in all.
func equal(a, b *cluster.Cluster) bool { return reflect.DeepEqual(a, b) }
