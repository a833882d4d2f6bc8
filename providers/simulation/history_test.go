package simulation

import (
	"slices"
	"time"

	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/ownership"
)

// steps of a history.
const steps = 12

// event is something that may happen to an owner.
type event struct {
	name   string
	weight int
	hand   bool // somebody edits by hand
	do     func(w *world, o *owner)
}

// lease is how long nobody else begins to lead after the leader is paused.
const lease = 15 * time.Second

var events = []event{
	{"something else is wanted", 30, false, func(w *world, o *owner) {
		for range 1 + w.IntN(3) {
			w.change(o)
		}
		w.tell(o)
	}},
	{"much is wanted no longer", 3, false, func(w *world, o *owner) {
		for _, label := range labels {
			if w.IntN(4) > 0 {
				w.set(o, label, want{})
			}
		}
		w.tell(o)
	}},
	{"nothing is wanted", 2, false, func(w *world, o *owner) {
		for _, label := range labels {
			w.set(o, label, want{})
		}
		w.tell(o)
	}},
	{"a process takes over", 4, false, func(w *world, o *owner) {
		o.leader.halt()
		w.start(o, w.deaf()...)
	}},
	{"a process crashes in a call", 8, false, func(w *world, o *owner) {
		o.leader.pause()
		w.change(o)
		w.tell(o)
		w.pass(w.upTo(200 * time.Millisecond))
		o.leader.halt() // what it called is not made
		w.start(o, w.deaf()...)
	}},
	{"a process crashes, and its call lands later", 8, false, func(w *world, o *owner) {
		w.lose1(o)
		o.leader.halt()
		w.pass(w.upTo(lease))
		w.start(o, w.deaf()...)
		w.pass(w.upTo(20 * time.Second))
		w.land()
	}},
	{"a leader is paused for longer than its lease", 12, false, func(w *world, o *owner) {
		stale := o.leader
		stale.pause()
		o.stale = append(o.stale, stale)
		w.change(o)
		w.tell(o)
		w.pass(lease - w.upTo(5*time.Second))
		w.start(o, w.deaf()...)
		w.pass(w.upTo(15 * time.Second))
		if w.IntN(2) == 0 {
			w.change(o)
			w.tell(o)
			w.pass(w.upTo(time.Second))
		}
		stale.resume()
		w.pass(w.upTo(10 * time.Second))
		stale.halt()
		o.stale = nil
	}},
	{"calls that were given up land", 6, false, func(w *world, _ *owner) { w.land() }},
	{"a call is lost, and something else wanted", 6, false, func(w *world, o *owner) {
		label := labels[w.IntN(len(labels))]
		before := o.wants[label]
		w.set(o, label, w.random())
		w.lose1(o)
		w.set(o, label, before)
		w.tell(o)
		w.pass(w.upTo(20 * time.Second))
		w.land()
	}},
	{"the weather changes", 8, false, func(w *world, _ *owner) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.weather = weather{w.IntN(30), w.IntN(20), w.IntN(20), w.IntN(2) == 0}
		w.say("weather %+v", w.weather)
	}},
	{"all clusters are heard of", 4, false, func(_ *world, o *owner) { o.leader.hear() }},
	{"a word is given", 3, false, func(w *world, o *owner) { w.release(o) }},
	{"an hour passes", 3, false, func(w *world, _ *owner) { w.pass(time.Hour + w.upTo(10*time.Minute)) }},
	{"a foreign record comes", 4, true, func(w *world, _ *owner) {
		label := append([]string{"mail", "ftp"}, labels...)[w.IntN(2+len(labels))]
		k := hosted.Key{Owner: nameOf(label), Type: types[w.IntN(2)]}
		if w.exists(k) || w.exists(hosted.Key{Owner: k.Owner, Type: zone.TypeCNAME}) {
			return
		}
		w.edit(foreign(k))
	}},
	{"external-dns writes", 3, true, func(w *world, _ *owner) { _ = w.externalize() }},
	{"external-dns's records are adopted", 4, true, func(w *world, o *owner) { w.adoptOne(o) }},
	{"foreign records go", 3, true, func(w *world, _ *owner) {
		for _, k := range w.keys(func(k hosted.Key) bool { return !registry(k) && len(w.claims(k)) == 0 }) {
			w.edit(hosted.Entry{Key: k})
		}
	}},
	{"an owner retires", 2, false, func(w *world, o *owner) {
		o.leader.halt()
		o.retiring = true
		w.start(o)
	}},
	{"a record is edited", 4, true, func(w *world, o *owner) {
		w.one(func(k hosted.Key) bool {
			return !registry(k) && len(w.claims(k)) > 0 && k.Type != zone.TypeCNAME && k.Type != zone.TypeTXT
		}, func(e hosted.Entry) { w.edit(foreign(e.Key)) })
	}},
	{"a record is deleted", 4, true, func(w *world, o *owner) {
		w.one(func(k hosted.Key) bool { return !registry(k) && len(w.claims(k)) > 0 }, func(e hosted.Entry) { w.edit(hosted.Entry{Key: e.Key}) })
	}},
	{"claims are deleted", 3, true, func(w *world, o *owner) {
		w.one(ownership.IsClaim, func(e hosted.Entry) { w.edit(hosted.Entry{Key: e.Key}) })
	}},
	{"claims are garbled", 3, true, func(w *world, o *owner) {
		w.one(ownership.IsClaim, func(e hosted.Entry) {
			text := []string{"heritage=fedns,owner=??", "not ours"}[w.IntN(2)]
			w.edit(hosted.Simple(zone.NewRRset(e.Key.Owner, e.Key.Type, 300, zone.TXT(text))))
		})
	}},
	{"the fence is deleted", 3, true, func(w *world, o *owner) { w.edit(hosted.Entry{Key: fenceKey(o)}) }},
	{"the fence is garbled", 2, true, func(w *world, o *owner) {
		k := fenceKey(o)
		w.edit(hosted.Simple(zone.NewRRset(k.Owner, k.Type, 300, zone.TXT("who knows"))))
		w.pass(w.upTo(2 * time.Minute))
		w.edit(hosted.Entry{Key: k})
	}},
	{"everything is deleted", 3, true, func(w *world, _ *owner) {
		for _, k := range w.keys(func(hosted.Key) bool { return true }) {
			w.edit(hosted.Entry{Key: k})
		}
	}},
}

func fenceKey(o *owner) hosted.Key {
	k, err := ownership.FenceKey(o.name, apex)
	if err != nil {
		panic(err)
	}
	return k
}

// foreign is what somebody else has at a key.
func foreign(k hosted.Key) hosted.Entry {
	rdata := zone.Addr(address("theirs", 9, 9))
	if k.Type == zone.TypeAAAA {
		rdata = zone.Addr(address6("theirs", 9, 9))
	}
	return hosted.Simple(zone.NewRRset(k.Owner, k.Type, 77, rdata))
}

func (w *world) exists(k hosted.Key) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, ok := w.truth[k]
	return ok
}

// keys are those of the hosted zone that are so, in order. so is called with mu held.
func (w *world) keys(so func(hosted.Key) bool) []hosted.Key {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []hosted.Key
	for k := range w.truth {
		if so(k) {
			out = append(out, k)
		}
	}
	slices.SortFunc(out, hosted.CompareKeys)
	return out
}

// one does something with one Entry that is so.
func (w *world) one(so func(hosted.Key) bool, do func(hosted.Entry)) {
	if keys := w.keys(so); len(keys) > 0 {
		k := keys[w.IntN(len(keys))]
		w.mu.Lock()
		e := w.truth[k]
		w.mu.Unlock()
		do(e)
	}
}

func (w *world) upTo(d time.Duration) time.Duration { return time.Duration(w.Int64N(int64(d))) }

// deaf are clusters that a new life does not hear of for a while.
func (w *world) deaf() []string {
	var out []string
	for _, c := range clusters {
		if w.IntN(5) == 0 {
			out = append(out, c)
		}
	}
	return out
}

// lose1 has a change called for, and the call given up while it is on its way.
func (w *world) lose1(o *owner) {
	w.change(o)
	w.mu.Lock()
	o.leader.losing = true
	w.mu.Unlock()
	w.tell(o)
	w.pass(w.upTo(400 * time.Millisecond))
	w.mu.Lock()
	o.leader.losing = false
	w.mu.Unlock()
}

// land makes what is on its way.
func (w *world) land() {
	w.mu.Lock()
	w.landing = true
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.landing = false
	}()
	for _, err := range w.server.Release() {
		w.note("a call lands: %v", err)
		if err == nil {
			w.count("calls that landed late")
		}
	}
}

// release gives an owner the word if anything waits for it, and says so.
func (w *world) release(o *owner) bool {
	if o.leader.sync.Status().Held == 0 {
		return false
	}
	w.note("%s is given the word", o.name)
	w.mu.Lock()
	o.released = time.Now()
	w.mu.Unlock()
	o.leader.sync.Release()
	return true
}

// live lets things happen.
func (w *world) live() {
	for _, o := range w.owners {
		w.start(o)
	}
	w.pass(w.upTo(10 * time.Second))
	total := 0
	for _, e := range events {
		if !e.hand || w.hands {
			total += e.weight
		}
	}
	for range steps {
		n := w.IntN(total)
		for _, e := range events {
			if e.hand && !w.hands {
				continue
			}
			if n -= e.weight; n < 0 {
				w.note("— %s", e.name)
				w.count(e.name)
				e.do(w, w.owners[w.IntN(len(w.owners))])
				break
			}
		}
		w.pass(w.upTo([]time.Duration{200 * time.Millisecond, 5 * time.Second, 40 * time.Second}[w.IntN(3)]))
		if len(w.broken) > 0 {
			return
		}
	}
}
