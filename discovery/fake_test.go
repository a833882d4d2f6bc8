package discovery

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/evidence"
	"github.com/fedns/fedns/discovery/ingress"
	"github.com/fedns/fedns/discovery/synth"
	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// recorder is a Publisher that keeps what it was told as a zone of the simplest kind.
type recorder struct {
	mu      sync.Mutex
	have    map[zone.Key]zone.RRset
	batches [][]zone.Edit
	refuse  func(zone.Edit) bool // edits before the refused one are made all the same
}

var errRefused = errors.New("refused")

func (p *recorder) Publish(edits []zone.Edit) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.batches = append(p.batches, edits)
	for _, e := range edits {
		if p.refuse != nil && p.refuse(e) {
			return fmt.Errorf("%s: %w", e.RRset.Owner, errRefused)
		}
		k := e.RRset.Key()
		was := p.have[k]
		switch e.Op {
		case zone.OpSet:
			was = e.RRset
		case zone.OpDelete:
			was = zone.RRset{}
		case zone.OpAdd:
			was = e.RRset.With(slices.Collect(was.RDATA())...)
		case zone.OpRemove:
			was = was.Without(slices.Collect(e.RRset.RDATA())...)
		}
		if p.have[k] = was; was.IsEmpty() {
			delete(p.have, k)
		}
	}
	return nil
}

// text is the zone in sorted lines: owner type rdata…
func (p *recorder) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []string
	for _, r := range p.have {
		out = append(out, r.String())
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// forget makes the zone empty, as a zone that is added begins.
func (p *recorder) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.have = map[zone.Key]zone.RRset{}
}

func (p *recorder) published() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.batches)
}

// source is a Source whose runs the test drives by hand.
type source struct {
	runs chan chan<- cluster.Update // each run's channel
	end  chan error                 // ends a run; a nil error panics
	ctx  chan context.Context
}

func newSource() *source {
	return &source{make(chan chan<- cluster.Update, 8), make(chan error), make(chan context.Context, 8)}
}

func (s *source) Run(ctx context.Context, up chan<- cluster.Update) error {
	s.ctx <- ctx
	s.runs <- up
	select {
	case err := <-s.end:
		if err == nil {
			panic("source went wrong")
		}
		return err
	case <-ctx.Done():
		return nil
	}
}

// stubborn is a Source that goes on talking when it was asked to end.
type stubborn struct{}

func (stubborn) Run(ctx context.Context, up chan<- cluster.Update) error {
	up <- live(group("web", "10.96.0.1"))
	<-ctx.Done()
	for range 50 {
		up <- live(group("ghost", "10.96.0.2"))
	}
	return nil
}

// rig is an Engine that runs inside a synctest bubble.
type rig struct {
	t *testing.T
	*Engine
	pub *recorder
	log *strings.Builder
}

var fed = synth.Federation{Name: dnsname.MustParse("prod.")}

func newRig(t *testing.T, cfg Config) *rig {
	if cfg.Withdrawals == (evidence.Limits{}) {
		cfg.Withdrawals.Share = 1 // tests of the guard say so
	}
	log := new(strings.Builder)
	cfg.Log = slog.New(slog.NewTextHandler(io.MultiWriter(log, t.Output()), nil))
	if cfg.Federation.Name.IsZero() {
		cfg.Federation = fed
	}
	p := &recorder{have: map[zone.Key]zone.RRset{}}
	r := &rig{t, New(cfg, p), p, log}
	r.run()
	return r
}

// run runs the Engine until the test ends.
func (r *rig) run() {
	t, p := r.t, r.pub
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.Run(ctx)
	}()
	t.Cleanup(func() {
		before := p.text()
		cancel()
		<-done
		if p.text() != before {
			t.Error("stopping changed the zone")
		}
	})
}

// want waits until nothing moves and compares the zone.
func (r *rig) want(what, text string) {
	r.t.Helper()
	synctest.Wait()
	var lines []string
	for l := range strings.Lines(text) {
		if l = strings.TrimSpace(l); l != "" {
			lines = append(lines, l)
		}
	}
	slices.Sort(lines)
	if got, want := r.pub.text(), strings.Join(lines, "\n"); got != want {
		r.t.Errorf("%s:\n got %s\nwant %s", what, strings.ReplaceAll(got, "\n", "\n     "), strings.ReplaceAll(want, "\n", "\n     "))
	}
}

func (r *rig) phase(id cluster.ID) string {
	for _, c := range r.Clusters() {
		if c.ID == id {
			return c.Phase
		}
	}
	return "gone"
}

// group is a healthy ClusterIP Service in namespace shop.
func group(name string, addr string) cluster.Group {
	return cluster.Group{
		Service: cluster.ServiceKey{Namespace: "shop", Name: name}, Export: cluster.ByAnnotation, Created: time.Unix(1, 0).UTC(),
		ClusterIPs: []netip.Addr{netip.MustParseAddr(addr)},
		Endpoints:  []cluster.Endpoint{{Addr: netip.MustParseAddr("10.9.9.9"), Ready: true, Serving: true}},
	}
}

func withdrawn(name string) cluster.Group {
	return cluster.Group{Service: cluster.ServiceKey{Namespace: "shop", Name: name}, Withdrawn: true}
}

// report is an Update of Groups; live says that they are all there are.
func report(groups ...cluster.Group) cluster.Update { return cluster.Update{Groups: groups} }

func live(groups ...cluster.Group) cluster.Update {
	return cluster.Update{Groups: groups, State: &cluster.State{Phase: cluster.Live}}
}

func unreachable(reason string) cluster.Update {
	return cluster.Update{State: &cluster.State{Phase: cluster.Unreachable, Reason: reason}}
}

// fakeResolver is a Resolver whose answers the test gives.
type fakeResolver struct {
	mu      sync.Mutex
	wanted  map[string]int
	last    map[string][]netip.Addr // that the Engine knew
	changes chan ingress.Change
}

func newFakeResolver() *fakeResolver {
	return &fakeResolver{wanted: map[string]int{}, last: map[string][]netip.Addr{}, changes: make(chan ingress.Change)}
}

func (f *fakeResolver) Acquire(hostname string, last ...netip.Addr) error {
	if strings.Contains(hostname, "..") {
		return errors.New("no name")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.wanted[hostname]++
	f.last[hostname] = last
	return nil
}

func (f *fakeResolver) Release(hostname string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.wanted[hostname]--; f.wanted[hostname] == 0 {
		delete(f.wanted, hostname)
	}
}

func (f *fakeResolver) Run(ctx context.Context, changes chan<- ingress.Change) {
	for {
		select {
		case c := <-f.changes:
			changes <- c
		case <-ctx.Done():
			return
		}
	}
}
