package federation

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/fedns/fedns/federation/work"
)

// served is what a test has the host serve.
type served struct {
	mu            sync.Mutex
	ended, absent map[schema.GroupVersionKind]bool
}

func (s *served) Ended(kind schema.GroupVersionKind) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended[kind] {
		return "the definition of " + kind.Kind + " is being removed"
	}
	return ""
}

func (s *served) Absent(kind schema.GroupVersionKind) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.absent[kind]
}

func (s *served) set(ended, absent map[schema.GroupVersionKind]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended, s.absent = ended, absent
}

var policies = []schema.GroupVersionKind{{Group: "policy", Kind: "Policy"}, {Group: "policy", Kind: "ClusterPolicy"}}

// clerks are people whose orders rest on policies.
type clerks struct{ people }

func (*clerks) OrderedBy() ([]schema.GroupVersionKind, bool) { return policies, true }

// TestWithdrawnWithADefinition: what goes with the definition of its Source, or of the
// policies that order it, is held; so is what is not ordered after a restart where
// nobody can order it.
func TestWithdrawnWithADefinition(t *testing.T) {
	all := func(kinds ...schema.GroupVersionKind) map[schema.GroupVersionKind]bool {
		out := map[schema.GroupVersionKind]bool{}
		for _, k := range kinds {
			out[k] = true
		}
		return out
	}
	for name, tt := range map[string]struct {
		ended, absent map[schema.GroupVersionKind]bool
		restart, held bool
	}{
		"all stand":                          {},
		"another kind's":                     {ended: all(services)},
		"its source's":                       {ended: all(federatedServices), held: true},
		"one of its policies'":               {ended: all(policies[1]), held: true},
		"one kind of policies was never":     {absent: all(policies[1])},
		"after a restart":                    {restart: true},
		"after a restart, its source's":      {absent: all(federatedServices), restart: true, held: true},
		"after a restart, one kind of them":  {absent: all(policies[0]), restart: true},
		"after a restart, all kinds of them": {absent: all(policies...), restart: true, held: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := deployment("web", 2)
				o.Source.Kind = federatedServices
				c := &clerks{people{name: "people", orders: []work.Order{o}}}
				s, f, store := &served{}, newFleet(t, "a"), newMemory()
				defined := func(cfg *Config) { cfg.Definitions = s }
				h := begin(t, store, f, defined, c)
				defer func() { h.stop() }()
				after(30 * time.Second)
				h.want(t, o.Key, map[string]int32{"a": 2})
				taken := o
				taken.Template = nil
				if tt.restart {
					h.stop()
					c.orders = nil
				}
				s.set(tt.ended, tt.absent)
				if tt.restart {
					h = begin(t, store, f, defined, c)
				} else {
					c.order(taken)
				}
				after(time.Minute)
				if _, stands := store.get(o.Key); stands != tt.held || h.Stats().Held != len(store.all) {
					t.Fatalf("it stands: %v, %d held; want %v", stands, h.Stats().Held, tt.held)
				}
				if !tt.held {
					return
				}
				if r := c.report(o.Key); !tt.restart && !strings.Contains(r.Held, "held until fedns release --federation: the definition of ") {
					t.Errorf("told as held by %q", r.Held)
				}
				s.set(nil, nil)
				c.order(o)
				after(time.Minute)
				if h.Stats().Held != 0 {
					t.Error("it is ordered again, and held")
				}
				c.order(taken)
				after(time.Minute)
				if len(store.all) != 0 {
					t.Error("it is withdrawn by itself, and stands")
				}
			})
		})
	}
}
