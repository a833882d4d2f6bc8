package simulation

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/fedns/fedns/discovery"
	"github.com/fedns/fedns/discovery/evidence"
	"github.com/fedns/fedns/discovery/synth"
	"github.com/fedns/fedns/dnsserver"
	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
)

// What the Engine is told to let pass, small enough for histories to meet it.
const (
	window = time.Minute
	// longestStop is how long the daemon may stop. What it is told meanwhile it takes
	// in afterwards, so that losses that lie further apart fall into one window.
	longestStop = 2 * time.Minute
	count       = 2
)

var apex = dnsname.MustParse("prod.")

// daemon is one life of a daemon: what it knew ends with it.
type daemon struct {
	*discovery.Engine
	server *dnsserver.Server
	gate   *gate
	stop   func()
	serial uint32
}

// gate is a Publisher that can be made to take long, as a process that is stopped does.
type gate struct {
	*dnsserver.Server
	mu    sync.Mutex
	next  time.Duration // the next Publish takes
	until time.Time     // the last one took
}

func (g *gate) Publish(edits []zone.Edit) error {
	g.mu.Lock()
	wait := g.next
	if g.next = 0; wait > 0 {
		g.until = time.Now().Add(wait)
	}
	g.mu.Unlock()
	time.Sleep(wait)
	return g.Server.Publish(edits)
}

// busy is for how long it will still take.
func (g *gate) busy() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return time.Until(g.until)
}

// start begins a daemon's life; revision stands for the configuration of members.
func (w *world) start() error {
	log := slog.New(slog.DiscardHandler)
	if os.Getenv("FEDNS_SEED") != "" {
		log = slog.New(slog.NewTextHandler(w.t.Output(), nil))
	}
	server := dnsserver.New(dnsserver.Config{Log: log})
	if err := server.SetZones([]dnsserver.ZoneSpec{{Apex: apex, Filled: true}}); err != nil {
		return fmt.Errorf("set zones: %w", err)
	}
	g := &gate{Server: server}
	engine := discovery.New(discovery.Config{
		Federation: synth.Federation{Name: apex}, Log: log, Batch: 1 + w.IntN(8),
		Withdrawals: evidence.Limits{Window: window, Count: count, Share: 0.5},
	}, g)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		engine.Run(ctx)
	}()
	w.daemon = &daemon{Engine: engine, server: server, gate: g, stop: func() { cancel(); <-done }}
	w.losses, w.mayHold = nil, false
	for _, s := range w.sites {
		s.lock(func() {
			s.told, s.excused, s.withheld, s.most, s.held = map[string]state{}, map[string]bool{}, map[string]bool{}, 0, 0
			s.apiDown, s.nodesSince, s.live, s.losses, s.mayHold = time.Time{}, time.Time{}, false, nil, false
		})
	}
	w.setMembers()
	for _, s := range w.sites {
		w.probe(s)
	}
	return nil
}

func (w *world) setMembers() {
	var members []discovery.Member
	for _, s := range w.sites {
		members = append(members, discovery.Member{ID: s.id, Source: w.followers[s.id], Revision: fmt.Sprint(w.revisions[s.id])})
	}
	w.daemon.SetMembers(members)
}
