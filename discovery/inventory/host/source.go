package host

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/inventory"
	"github.com/fedns/fedns/discovery/kubernetes"
)

// Config says where the host cluster is and how its inventory is read.
type Config struct {
	Connect   kubernetes.Config // to the host cluster; of it, how to connect counts
	AllowExec bool              // credentials may come from commands that objects name
	HoldShare float64           // see inventory.NewTable
}

// Kind is one kind of objects that states clusters. Fields but Group, Namespace
// and selectors are required.
type Kind struct {
	Name      string // unique within a Plan, told to the operator: ClusterProfile
	Group     string
	Versions  []string // best first
	Resource  string
	Namespace string // empty: all
	Labels    string // selector
	Fields    string // selector
	// Read says what an object states; the caller fills in Key and Created. It is
	// given the Plan's Secrets, must not keep or change what it is given, and needs
	// no copy of an object of the wrong form: a panic is that object's fault alone.
	Read func(o *unstructured.Unstructured, secrets Secrets) inventory.Object
}

// Plan is what one inventory consists of.
type Plan struct {
	Kinds []Kind
	// Secrets are read beside, for Read to find credentials in: of a namespace
	// (empty: all) and with labels. nil: none.
	Secrets *Selection
}

// Selection is some Secrets.
type Selection struct{ Namespace, Labels string }

// Source follows one inventory; see inventory.Source.
type Source struct {
	cfg     Config
	plan    Plan
	changed chan struct{} // holds one

	mu      sync.Mutex
	table   *inventory.Table
	objects []map[string]*unstructured.Unstructured // by kind, by key: as seen last
	secrets Secrets
	seen    []bool // by kind, Secrets last: was read whole once, or is not served
	absent  map[string]bool
	state   cluster.State
}

var _ inventory.Source = (*Source)(nil)

// New prepares a Source; it looks at nothing.
func New(cfg Config, plan Plan) *Source {
	s := &Source{cfg: cfg, plan: plan, changed: make(chan struct{}, 1), table: inventory.NewTable(cfg.HoldShare), secrets: Secrets{}, absent: map[string]bool{}}
	for range plan.Kinds {
		s.objects = append(s.objects, map[string]*unstructured.Unstructured{})
	}
	s.seen = make([]bool, len(plan.Kinds)+1)
	s.seen[len(plan.Kinds)] = plan.Secrets == nil
	return s
}

// Run implements inventory.Source.
func (s *Source) Run(ctx context.Context, up chan<- inventory.List) error {
	follower, err := kubernetes.NewFollower(s.cfg.Connect)
	if err != nil {
		return fmt.Errorf("host: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	running.Go(func() { follower.Run(ctx, s.follows(), s.tell) })
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.changed:
		}
		select {
		case up <- s.list():
		case <-ctx.Done():
			return nil
		}
	}
}

// follows lists what is to be followed, each with its part of s as handler.
func (s *Source) follows() []kubernetes.Objects {
	var all []kubernetes.Objects
	for i, k := range s.plan.Kinds {
		all = append(all, kubernetes.Objects{
			Group: k.Group, Versions: k.Versions, Resource: k.Resource, Namespace: k.Namespace, Labels: k.Labels, Fields: k.Fields,
			Handler: kindHandler{s, i},
		})
	}
	if sel := s.plan.Secrets; sel != nil {
		all = append(all, kubernetes.Objects{Versions: []string{"v1"}, Resource: "secrets", Namespace: sel.Namespace, Labels: sel.Labels, Handler: secretHandler{s}})
	}
	return all
}

func (s *Source) tell(state cluster.State) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = state
	s.wake()
}

func (s *Source) wake() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// list is what is known now.
func (s *Source) list() inventory.List {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := inventory.List{State: s.state, Read: !slices.Contains(s.seen, false), Absent: slices.Sorted(maps.Keys(s.absent))}
	l.Members, l.Findings = s.table.Members()
	return l
}
