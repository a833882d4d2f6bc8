package simulation

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing/synctest"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/inmemory"
	"github.com/fedns/fedns/providers/ownership"
)

var apex = dnsname.MustParse("example.com.")

// codec reads claims for the world, and is every owner's.
var codec = func() ownership.Codec {
	c, err := ownership.NewCodec(apex, nil)
	if err != nil {
		panic(err)
	}
	return c
}()

// world is one history: a hosted zone, its owners and their lives, and what happened.
// What mu guards is used by lives; all else by the history, while they wait.
type world struct {
	*rand.Rand
	seed     uint64
	server   *inmemory.Server
	owners   []*owner
	trace    []line
	happened map[string]int
	calm     bool // no call fails
	hands    bool // somebody edits by hand
	usurped  bool // a stale life took the fence back: guarded by mu

	mu      sync.Mutex
	clock   int64
	batches int
	lives   map[string]*life // by the Server's name of them
	truth   map[hosted.Key]hosted.Entry
	decoded map[hosted.Key][]ownership.Claim // of truth, by the key that they are of
	subject map[hosted.Key]hosted.Key        // of truth's claims: what they are of
	landed  map[int]int64                    // when a batch was made
	broken  []string
	weather weather
	landing bool // calls that were given up are made
}

// owner is an installation of fedns: what it wants, and the life that leads.
type owner struct {
	name       string
	wants      map[string]want // by label
	retiring   bool            // all that it has is to go, and nothing is wanted any longer
	late       hosted.Entry    // the fence that a call created which was given up, or a life that leads no longer
	leader     *life
	stale      []*life // that believe to lead
	released   time.Time
	operations []porcupine.Operation // guarded by world.mu, as last is
	last       int                   // the batch of it that was made last
}

func newWorld(seed uint64) *world {
	w := &world{
		Rand: rand.New(rand.NewPCG(seed, 1)), seed: seed, happened: map[string]int{}, lives: map[string]*life{},
		truth: map[hosted.Key]hosted.Entry{}, decoded: map[hosted.Key][]ownership.Claim{}, subject: map[hosted.Key]hosted.Key{}, landed: map[int]int64{}, server: inmemory.NewServer(apex, inmemory.Limits()),
	}
	w.calm, w.hands = w.IntN(6) == 0, w.IntN(2) == 0
	w.server.Page(2 + w.IntN(12))
	w.server.Watch(w.served)
	w.server.Inject(w.fault)
	w.server.Poison(poisoned)
	for _, name := range []string{"prod", "other"}[:1+w.IntN(3)/2] {
		w.owners = append(w.owners, &owner{name: name, wants: map[string]want{}})
	}
	for _, o := range w.owners {
		for range 3 + w.IntN(5) {
			w.change(o)
		}
	}
	return w
}

// line is one of the trace. It is put into words only if somebody is to read it.
type line struct {
	at     time.Time
	format string
	args   []any // none of which changes any more
}

func (l line) String() string {
	return l.at.Format("15:04:05.000 ") + fmt.Sprintf(l.format, l.args...)
}

// note is for whoever reads how a history was broken.
func (w *world) note(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.say(format, args...)
}

// count counts what happened.
func (w *world) count(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.happened[what]++
}

// say is note; mu is held.
func (w *world) say(format string, args ...any) {
	w.trace = append(w.trace, line{time.Now(), format, args})
}

// wrong says that the history is broken; mu is held.
func (w *world) wrong(format string, args ...any) {
	w.broken = append(w.broken, time.Now().Format("15:04:05.000 ")+fmt.Sprintf(format, args...))
}

// tick is the order of calls and returns; mu is held.
func (w *world) tick() int64 { w.clock++; return w.clock }

func (w *world) nextBatch() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.batches++
	return w.batches
}

// pass lets time pass, and waits until nobody is in the middle of anything.
func (w *world) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// served is what the Server does, in order.
func (w *world) served(s inmemory.Served) {
	w.mu.Lock()
	defer w.mu.Unlock()
	l := w.lives[s.Client]
	switch s.Action {
	case inmemory.List:
		if s.First {
			l.listed = l.owner.last
		}
	case inmemory.Read:
		l.read = l.owner.last
	case inmemory.Apply:
		w.say("%s: batch %s: %s", s.Client, s.Batch.Comment, brief(s.Batch.Changes))
		if (w.landing || l.stale) && takesFence(s.Batch) && s.Batch.Changes[0].Old.IsEmpty() {
			l.owner.late = s.Batch.Changes[0].New
		}
		w.usurped = w.usurped || l.stale && takesFence(s.Batch)
		before := w.owned(l.owner.name)
		for _, c := range s.Batch.Changes {
			w.touch(l, c)
		}
		for _, c := range s.Batch.Changes {
			w.put(hosted.Entry{Key: c.Key(), Sets: c.New.Sets})
		}
		w.lose(l, before)
		l.owner.last, _ = strconv.Atoi(s.Batch.Comment)
		w.landed[l.owner.last] = w.tick()
	}
}

// takesFence says that a Batch is of the fence alone.
func takesFence(b hosted.Batch) bool {
	return len(b.Changes) == 1 && ownership.IsFence(b.Changes[0].Key())
}

// brief shows Changes without claims and fences, unless there is nothing else in it.
type brief []hosted.Change

func (b brief) String() string {
	var out []string
	for _, c := range b {
		if !registry(c.Key()) {
			out = append(out, c.String())
		}
	}
	if len(out) == 0 {
		return fmt.Sprint([]hosted.Change(b))
	}
	return strings.NewReplacer(long, "long", ".example.com.", "").Replace(strings.Join(out, "; "))
}

func (w *world) put(e hosted.Entry) {
	if of, ok := w.subject[e.Key]; ok {
		delete(w.decoded, of)
		delete(w.subject, e.Key)
	}
	if e.IsEmpty() {
		delete(w.truth, e.Key)
		return
	}
	w.truth[e.Key] = e
	if !ownership.IsClaim(e.Key) {
		return
	}
	if of, claims, _, err := codec.Decode(e); err == nil {
		w.decoded[of], w.subject[e.Key] = claims, of
	}
}

// edit is somebody who asks nobody. No life is in the middle of a call.
func (w *world) edit(e hosted.Entry) {
	w.note("by hand: %s", e)
	w.mu.Lock()
	w.put(e)
	w.mu.Unlock()
	w.server.Edit(e)
}

// claims are those of a key, as the hosted zone has them; mu is held.
func (w *world) claims(k hosted.Key) []ownership.Claim { return w.decoded[k] }

// owned are the Entries of an owner that are there; mu is held.
func (w *world) owned(name string) map[hosted.Key]bool {
	out := map[hosted.Key]bool{}
	for k := range w.truth {
		if k.Owner != apex && !registry(k) && slices.ContainsFunc(w.claims(k), func(c ownership.Claim) bool { return c.Owner == name }) {
			out[k] = true
		}
	}
	return out
}

func registry(k hosted.Key) bool { return strings.HasPrefix(k.Owner.Label(), "_fedns-") }

// touch holds a Change to what no batch may do; mu is held.
func (w *world) touch(l *life, c hosted.Change) {
	k := c.Key()
	if registry(k) {
		return
	}
	claims := w.claims(k)
	if !c.Old.IsEmpty() && len(claims) == 0 && !w.adopts(l, c) {
		w.wrong("foreign: %s touches %s", l.name, c)
	}
	if !c.Old.Equal(w.truth[k]) && !(c.Old.IsEmpty() && w.truth[k].IsEmpty()) {
		w.wrong("swap: %s replaces %s by %s", l.name, w.truth[k], c)
	}
	for _, claim := range claims {
		switch {
		case claim.Owner != l.owner.name:
			if gone := missing(claim, c); gone != "" {
				w.wrong("others: %s takes away %s of %s: %s", l.name, gone, claim, c)
			}
		case l.deafTo[claim.Cluster]:
			if gone := missing(claim, c); gone != "" {
				w.wrong("unheard: %s takes away %s of %s: %s", l.name, gone, claim, c)
			}
		}
	}
}

// missing is a record of a claim that a Change takes away: one of the set that was
// claimed, and not the same address in somebody else's.
func missing(claim ownership.Claim, c hosted.Change) string {
	claimed, _ := c.Old.Set(claim.Set)
	for r := range claimed.Records.RDATA() {
		if claim.Has(r) && !rdata(c.New)[r] {
			return fmt.Sprintf("%q", r)
		}
	}
	return ""
}

// rdata are all records of an Entry.
func rdata(e hosted.Entry) map[string]bool {
	out := map[string]bool{}
	for _, s := range e.Sets {
		for r := range s.Records.RDATA() {
			out[r] = true
		}
	}
	return out
}
