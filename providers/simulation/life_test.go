package simulation

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/inmemory"
	"github.com/fedns/fedns/providers/ownership"
	"github.com/fedns/fedns/providers/plan"
)

// life is one time of a process that leads, or believes to.
type life struct {
	world  *world
	owner  *owner
	number int
	name   string // to the Server
	retire bool   // it is to take away all that its owner has
	sync   *providers.Sync
	snap   *zone.Snapshot
	stop   context.CancelFunc
	done   chan struct{}

	// What follows is guarded by world.mu.
	deafTo       map[string]bool // clusters of which it has not heard yet
	wants        map[string]want
	calls        int
	paused       chan struct{} // closed: its calls go on
	stale        bool          // another leads
	losing       bool          // its batches are given up while they are on their way
	believed     int           // the last batch that it knows of
	took         bool          // that batch took the fence
	listed, read int           // the last batch as of its last listing and read
	lost         []time.Time   // Entries that it took away
	held         int
	adopting     []ownership.Adoption
	planning     bool // a listing is somebody's who plans an adoption
}

// guard lets so little go that small zones reach it.
var guard = providers.Guard{Window: time.Minute, Count: 2, Share: 0.5}

// quiet throws logs away before anything is formatted.
var quiet = slog.New(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelError + 1}))

// start has a new life lead.
func (w *world) start(o *owner, deafTo ...string) {
	if o.retiring {
		deafTo = nil
	}
	l := &life{world: w, owner: o, retire: o.retiring, number: len(w.lives) + 1, deafTo: map[string]bool{}, wants: map[string]want{}, done: make(chan struct{})}
	l.name = fmt.Sprintf("%s/%d", o.name, l.number)
	for _, c := range deafTo {
		l.deafTo[c] = true
	}
	w.note("%s begins, deaf to %v", l.name, deafTo)
	w.mu.Lock()
	w.lives[l.name] = l
	w.mu.Unlock()
	z, err := inmemory.New(inmemory.Config{Server: w.server, Client: l.name})
	if err != nil {
		panic(err)
	}
	l.sync = providers.New(providers.Config{
		Name: "memory", Apex: apex, Zone: recorder{z, l}, Holder: l.name, Log: quiet, Guard: guard, Origins: l.origin, Retire: l.retire,
		Rules:  plan.Rules{Owner: o.name, Codec: codec, Limits: w.server.Limits(), Unheard: l.unheard},
		Jitter: rand.New(rand.NewPCG(w.seed, uint64(l.number)<<32)).Float64,
	})
	w.mu.Lock()
	if o.leader != nil {
		o.leader.stale = true
	}
	w.mu.Unlock()
	o.leader = l
	l.publish()
	ctx, stop := context.WithCancel(context.Background())
	l.stop = stop
	go func() {
		defer close(l.done)
		l.sync.Run(ctx)
	}()
}

// halt ends a life, in the middle of whatever it does.
func (l *life) halt() {
	l.world.note("%s ends", l.name)
	l.stop()
	<-l.done
}

// pause holds up all calls that the life makes from now on.
func (l *life) pause() {
	l.world.note("%s is paused", l.name)
	l.world.mu.Lock()
	defer l.world.mu.Unlock()
	l.paused = make(chan struct{})
}

// resume lets them go on.
func (l *life) resume() {
	l.world.note("%s goes on", l.name)
	l.world.mu.Lock()
	defer l.world.mu.Unlock()
	close(l.paused)
	l.paused = nil
}

// hear has the life know all clusters.
func (l *life) hear() {
	l.world.mu.Lock()
	deaf := len(l.deafTo) > 0
	clear(l.deafTo)
	l.world.mu.Unlock()
	if deaf {
		l.world.note("%s has heard of all clusters", l.name)
		l.publish()
		l.sync.Recheck()
	}
}

// publish gives the life the zone as it hears of it.
func (l *life) publish() {
	w := l.world
	var b *zone.Builder
	if l.snap == nil {
		b = zone.NewZone(apex)
		b.Set(zone.NewRRset(apex, zone.TypeSOA, 60, zone.SOA{MName: apex, RName: apex, Serial: 1, Minimum: 5}.RDATA()))
	} else {
		b = zone.NewBuilder(l.snap)
	}
	w.mu.Lock()
	var touched []dnsname.Name
	for _, label := range labels {
		next := l.owner.wants[label].without(l.deafTo)
		was := l.wants[label]
		if next == was {
			continue
		}
		l.wants[label] = next
		touched = append(touched, nameOf(label))
		for _, t := range types {
			b.Delete(zone.Key{Owner: nameOf(label), Type: t})
		}
		for _, r := range next.rrsets(l.owner.name, label) {
			b.Set(r)
		}
	}
	w.mu.Unlock()
	snap, changes, err := b.Build()
	if err != nil {
		panic(err)
	}
	l.snap = snap
	l.sync.Publish(snap, changes)
	l.sync.Touch(touched...)
}

// origin tells where a name's records come from.
func (l *life) origin(name dnsname.Name) (providers.Origin, bool) {
	l.world.mu.Lock()
	defer l.world.mu.Unlock()
	label := labelOf(name)
	t := l.wants[label]
	return providers.Origin{Object: "Service/shop/" + label[:min(len(label), 10)], Shards: t.shards(l.owner.name), Routing: &t.policy}, true
}

func (l *life) unheard(cluster string) bool {
	l.world.mu.Lock()
	defer l.world.mu.Unlock()
	return l.deafTo[cluster]
}

// seen is the batch that a listing or a read has shown as the last.
func (l *life) seen(a inmemory.Action) int {
	l.world.mu.Lock()
	defer l.world.mu.Unlock()
	if a == inmemory.List {
		return l.listed
	}
	return l.read
}

func (l *life) believe(batch int) {
	l.world.mu.Lock()
	defer l.world.mu.Unlock()
	l.believed = batch
}

func (l *life) takes(fence bool) {
	l.world.mu.Lock()
	defer l.world.mu.Unlock()
	l.took = fence
}

// begins says that a life goes on from a listing that has shown a batch as the last:
// not when it took the fence before, and another has taken it since.
func (l *life) begins(tag int) bool {
	l.world.mu.Lock()
	defer l.world.mu.Unlock()
	if l.planning || l.took && tag != l.believed || l.retire && !l.took {
		return false // or when it only looks whether anything is left
	}
	l.believed = tag
	return true
}

func (l *life) belief() int {
	l.world.mu.Lock()
	defer l.world.mu.Unlock()
	return l.believed
}

// lose holds what a batch has taken away to the guard: nothing wanted at all takes
// nothing away, and, where no call fails, no more goes than may. mu is held.
func (w *world) lose(l *life, before map[hosted.Key]bool) {
	after := w.owned(l.owner.name)
	gone := 0
	for k := range before {
		if !after[k] {
			gone++
		}
	}
	now := time.Now()
	for len(l.lost) > 0 && now.Sub(l.lost[0]) >= guard.Window {
		l.lost = l.lost[1:]
	}
	if len(l.lost) == 0 {
		l.held = len(before)
	}
	l.held = max(l.held, len(before))
	if gone == 0 {
		return
	}
	for range gone {
		l.lost = append(l.lost, now)
	}
	if !l.owner.released.IsZero() || w.hands {
		return // a word was given, or the daemon cannot know what there is
	}
	wanted := false
	for _, t := range l.wants {
		wanted = wanted || t != want{} && !l.retire
	}
	if len(after) == 0 && !wanted {
		w.wrong("emptied: %s took away all that there was, and no word was given", l.name)
	}
	if n := len(l.lost); w.calm && n > guard.Count && float64(n) > guard.Share*float64(l.held) {
		w.wrong("guard: %s took away %d of %d within %v, and no word was given", l.name, n, l.held, guard.Window)
	}
}
