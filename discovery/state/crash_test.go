package state

import (
	"fmt"
	"io"
	"io/fs"
	"iter"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/netip"
	"os"
	"reflect"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
)

// world is a Memory of the simplest kind.
type world struct {
	memos  map[cluster.ID]Memo
	groups map[Ref]string
	hosts  map[string][]netip.Addr
}

func newWorld() *world {
	return &world{map[cluster.ID]Memo{}, map[Ref]string{}, map[string][]netip.Addr{}}
}

func (w *world) Memos() map[cluster.ID]Memo { return maps.Clone(w.memos) }

func (w *world) Hosts() map[string][]netip.Addr { return maps.Clone(w.hosts) }

func (w *world) Packed(r Ref) (string, bool) {
	octets, ok := w.groups[r]
	return octets, ok
}

func (w *world) All() iter.Seq2[Ref, string] { return maps.All(w.groups) }

func (w *world) clone() *world {
	return &world{maps.Clone(w.memos), maps.Clone(w.groups), maps.Clone(w.hosts)}
}

// of is what is known, as a world.
func of(k Known) *world {
	w := newWorld()
	maps.Copy(w.hosts, k.Hosts)
	for id, c := range k.Clusters {
		w.memos[id] = c.Memo
		for key, octets := range c.Groups {
			w.groups[Ref{id, key}] = octets
		}
	}
	return w
}

// step changes something.
func (w *world) step(r *rand.Rand, k *Keeper) {
	id := cluster.ID(fmt.Sprintf("c%d", r.IntN(4)))
	key := cluster.ServiceKey{Namespace: "shop", Name: fmt.Sprintf("s%d", r.IntN(12))}
	if host := fmt.Sprintf("lb-%d.cloud.test", r.IntN(5)); r.IntN(4) == 0 {
		delete(w.hosts, host)
		for i := range r.IntN(3) { // of other arrays: what was told is not changed
			w.hosts[host] = append(slices.Clone(w.hosts[host]), netip.AddrFrom4([4]byte{192, 0, byte(i), byte(r.IntN(4))}))
		}
	}
	_, there := w.memos[id]
	switch n := r.IntN(20); {
	case !there:
		w.memos[id] = Memo{}
	case n < 12:
		w.groups[Ref{id, key}] = fmt.Sprintf("%0*d", r.IntN(200), r.Uint32())
		k.Changed(id, key)
	case n < 16:
		delete(w.groups, Ref{id, key})
		k.Changed(id, key)
	case n < 19:
		w.memos[id] = Memo{
			Topology: cluster.Topology{Region: fmt.Sprint("r", r.IntN(3)), Zones: []string{"a", "b"}[:r.IntN(3)]},
			LastSync: time.Unix(int64(r.IntN(1000))*60, 5).UTC(), Word: []string{"", "drained"}[r.IntN(2)], WordAt: time.Unix(int64(r.IntN(9)), 0).UTC(),
		}
		if n := r.IntN(3); n > 0 {
			m := w.memos[id]
			m.Tides = map[string]string{"services": fmt.Sprint(r.IntN(1000)), "endpointslices": "7"}
			w.memos[id] = m
		}
		if len(w.memos[id].Topology.Zones) == 0 {
			m := w.memos[id]
			m.Topology.Zones = nil
			w.memos[id] = m
		}
	default:
		delete(w.memos, id)
		for ref := range w.groups {
			if ref.Cluster == id {
				delete(w.groups, ref)
				k.Changed(ref.Cluster, ref.Service)
			}
		}
	}
}

// among says what is wrong with now, which ought to be made of what there was at some time.
func among(states []*world, now *world) string {
	for ref, octets := range now.groups {
		if !slices.ContainsFunc(states, func(w *world) bool { return w.groups[ref] == octets }) {
			return fmt.Sprintf("%v is %q, which it never was", ref, octets)
		}
	}
	for ref, octets := range states[0].groups {
		if now.groups[ref] == "" && octets != "" && !slices.ContainsFunc(states, func(w *world) bool { return w.groups[ref] == "" }) {
			return fmt.Sprintf("%v is gone, which it never was", ref)
		}
	}
	for host, addrs := range now.hosts {
		if !slices.ContainsFunc(states, func(w *world) bool { return slices.Equal(w.hosts[host], addrs) }) {
			return fmt.Sprintf("%s has %v, which it never had", host, addrs)
		}
	}
	for id, m := range now.memos {
		if !slices.ContainsFunc(states, func(w *world) bool { return !m.differs(w.memos[id]) }) {
			return fmt.Sprintf("memo of %s is %+v, which it never was", id, m)
		}
	}
	return ""
}

// between says what is wrong with now, which ought to lie between two states.
func between(before, after, now *world) string {
	for i := range 5 {
		host := fmt.Sprintf("lb-%d.cloud.test", i)
		if is := now.hosts[host]; !slices.Equal(is, before.hosts[host]) && !slices.Equal(is, after.hosts[host]) {
			return fmt.Sprintf("%s has %v, had %v, came to have %v", host, is, before.hosts[host], after.hosts[host])
		}
	}
	newMemo := false
	for id, m := range now.memos {
		was, had := before.memos[id]
		is, has := after.memos[id]
		switch {
		case had && reflect.DeepEqual(m, was):
		case has && reflect.DeepEqual(m, is):
			newMemo = newMemo || !m.LastSync.IsZero()
		case reflect.DeepEqual(m, Memo{}): // of a cluster whose first Groups came through
		case has && !m.differs(is):
		default:
			return fmt.Sprintf("memo of %s is %+v, was %+v, became %+v", id, m, was, is)
		}
	}
	for id := range before.memos {
		if _, ok := now.memos[id]; !ok {
			if _, ok := after.memos[id]; ok {
				return fmt.Sprintf("memo of %s is gone", id)
			}
		}
	}
	for ref, octets := range now.groups {
		if octets != before.groups[ref] && octets != after.groups[ref] {
			return fmt.Sprintf("%v is %q, was %q, became %q", ref, octets, before.groups[ref], after.groups[ref])
		}
		if newMemo && octets != after.groups[ref] {
			return fmt.Sprintf("%v is %q, not what the memo that is there rests on, %q", ref, octets, after.groups[ref])
		}
	}
	for ref, octets := range after.groups {
		if _, ok := now.groups[ref]; ok {
			continue
		}
		if before.groups[ref] == octets {
			return fmt.Sprintf("%v was there before and after, and is gone", ref)
		}
		if newMemo {
			return fmt.Sprintf("%v is missing, and the memo that rests on it is there", ref)
		}
	}
	return ""
}

var quiet = Config{Log: slog.New(slog.NewTextHandler(io.Discard, nil))}

// opened is a Keeper on m, and what it knew.
func opened(t *testing.T, m *memory) (*Keeper, Known) {
	t.Helper()
	k, err := open(m, view{m}, noLock{}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	return k, k.Restore()
}

// seeded is a source of chance; FEDNS_SEED repeats a run.
func seeded(t *testing.T) uint64 {
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("FEDNS_SEED"); s != "" {
		seed, _ = strconv.ParseUint(s, 10, 64)
	}
	t.Logf("FEDNS_SEED=%d", seed)
	return seed
}

// TestCrashAnywhere: after a crash at any operation, what is read is whole and
// lies between the last two beats, and the next process goes on from there.
func TestCrashAnywhere(t *testing.T) {
	seed := seeded(t)
	histories := 40
	if testing.Short() {
		histories = 8
	}
	points := 0
	for h := range histories {
		for at := 0; ; at++ {
			r := rand.New(rand.NewPCG(seed, uint64(h)))
			crash := rand.New(rand.NewPCG(seed+uint64(at), uint64(h)))
			m, crashed := newMemory(), false
			for life := 0; life < 3 && !crashed; life++ {
				k, known := opened(t, m)
				now := of(known)
				before := now.clone()
				for beat := range 7 {
					write := k.end // as a process that is stopped does last
					if beat < 6 {
						for range 1 + r.IntN(10) {
							now.step(r, k)
						}
						if r.IntN(8) == 0 {
							k.anew = true
						}
						write = func() error { return k.beat(now) }
					}
					if life == 2 && m.left < 0 {
						m.left = at
					}
					err := write()
					if crashed = m.left == 0; crashed {
						m = m.crash(crash)
						_, known := opened(t, m)
						if !known.Whole {
							f, _ := load(view{m})
							t.Fatalf("seed %d, history %d, operation %d: damaged: %q", seed, h, at, f.tell)
						}
						if wrong := between(before, now, of(known)); wrong != "" {
							t.Fatalf("seed %d, history %d, operation %d: %s", seed, h, at, wrong)
						}
						break
					}
					if err != nil {
						t.Fatal(err)
					}
					before = now.clone()
				}
			}
			if !crashed {
				break
			}
			points++
			// Life goes on, and nothing of the crash is left.
			k, known := opened(t, m)
			now := of(known)
			for range 10 {
				now.step(r, k)
			}
			if err := k.beat(now); err != nil {
				t.Fatal(err)
			}
			_, known = opened(t, m.crash(crash))
			if wrong := between(now, now, of(known)); wrong != "" || !known.Whole {
				t.Fatalf("seed %d, history %d, after a crash at %d: whole %t, %s", seed, h, at, known.Whole, wrong)
			}
		}
	}
	t.Logf("%d points of %d histories", points, histories)
}

// TestRandomHistories: through restarts, failing writes and crashes, what is
// read is what there was at the last beat that went well.
func TestRandomHistories(t *testing.T) {
	seed := seeded(t)
	for h := range 100 {
		r := rand.New(rand.NewPCG(seed, uint64(h)))
		m := newMemory()
		k, known := opened(t, m)
		now := of(known)
		states := []*world{now.clone()} // since the last beat that went well
		for range 60 {
			for range r.IntN(6) {
				now.step(r, k)
			}
			m.full.Store(r.IntN(4) == 0)
			if r.IntN(10) == 0 {
				k.anew = true
			}
			err := k.beat(now)
			states = append(states, now.clone())
			if m.full.Store(false); err == nil {
				states = states[len(states)-1:]
			}
			switch r.IntN(12) {
			case 0:
				m = m.crash(r)
				k, known = opened(t, m)
			case 1:
				if err := k.end(); err != nil {
					t.Fatal(err)
				}
				k, known = opened(t, m)
			case 2:
				k, known = opened(t, m)
			default:
				continue
			}
			if wrong := among(states, of(known)); wrong != "" || !known.Whole {
				f, _ := load(view{m})
				t.Fatalf("seed %d, history %d: whole %t, %s, %q, %q", seed, h, known.Whole, wrong, f.tell, slices.Sorted(maps.Keys(m.names)))
			}
			now = of(known)
			states = append(states, now.clone()) // what was read may not be on disk yet
		}
	}
}

// view reads what a memory has just now.
type view struct{ m *memory }

func (v view) Open(name string) (fs.File, error) { return v.m.files().Open(name) }
