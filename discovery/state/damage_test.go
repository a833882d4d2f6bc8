package state

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
)

// history writes a base and three batches behind it; what there was after each
// is told. The last segment is the second.
func history(t *testing.T) (m *memory, states []*world) {
	t.Helper()
	m = newMemory()
	k, _ := opened(t, m)
	now := newWorld()
	ref := func(i int) Ref {
		return Ref{cluster.ID(fmt.Sprint("c", i%2)), cluster.ServiceKey{Namespace: "shop", Name: fmt.Sprint("s", i)}}
	}
	for _, id := range []cluster.ID{"c0", "c1"} {
		now.memos[id] = Memo{LastSync: time.Unix(1e9, 0).UTC()}
	}
	for batch := range 4 {
		for i := range 4 {
			r := ref(4*(batch/2) + i)
			now.groups[r] = fmt.Sprintf("value %d of batch %d", i, batch)
			k.Changed(r.Cluster, r.Service)
		}
		if err := k.beat(now); err != nil {
			t.Fatal(err)
		}
		states = append(states, now.clone())
	}
	return m, states
}

func (m *memory) copy() *memory {
	c := newMemory()
	for name, i := range m.names {
		c.names[name] = &inode{slices.Clone(i.data), slices.Clone(i.synced)}
	}
	c.durable = maps.Clone(c.names)
	return c
}

// judge says what is wrong with what was read of damaged files: every Group has
// a value it once had, and when one is not the last, that is told.
func judge(states []*world, k Known, told int) string {
	got, last := of(k), states[len(states)-1]
	for r, octets := range got.groups {
		if !slices.ContainsFunc(states, func(w *world) bool { return w.groups[r] == octets }) {
			return fmt.Sprintf("%v is %q, which it never was", r, octets)
		}
	}
	for id, m := range got.memos {
		if m.differs(last.memos[id]) && (!m.isZero() || k.Whole) {
			return fmt.Sprintf("memo of %s is %+v", id, m)
		}
	}
	if !maps.Equal(got.groups, last.groups) && told == 0 {
		return "something lacks, and nothing is told"
	}
	return ""
}

// isZero says that nothing is known of a cluster as a whole.
func (m Memo) isZero() bool { return !m.differs(Memo{}) && len(m.Topology.Findings) == 0 }

// TestFlippedBits: of one flipped bit anywhere, no wrong data comes; it is told,
// the file is set aside, and what is good stays.
func TestFlippedBits(t *testing.T) {
	m, states := history(t)
	last := states[len(states)-1]
	for _, name := range slices.Sorted(maps.Keys(m.names)) {
		data := m.names[name].data
		for at := range data {
			c := m.copy()
			c.names[name].data[at] ^= 1 << (at % 8)
			f, err := load(view{c})
			if err != nil {
				t.Fatal(err)
			}
			if wrong := judge(states, f.known, len(f.tell)); wrong != "" {
				t.Fatalf("%s, octet %d of %d: %s", name, at, len(data), wrong)
			}
			if len(f.tell) == 0 {
				t.Fatalf("%s, octet %d: nothing is told", name, at)
			}
			// A single damaged record costs nothing but itself; a header has a copy.
			if missing := len(last.groups) - len(of(f.known).groups); missing > 4 || at < 2*headerSize && missing != 0 {
				t.Fatalf("%s, octet %d: %d Groups are missing: %q", name, at, missing, f.tell)
			}
			k, known := opened(t, c)
			if err := k.beat(of(known)); err != nil {
				t.Fatal(err)
			}
			aside := slices.ContainsFunc(slices.Collect(maps.Keys(c.names)), func(n string) bool { return strings.HasPrefix(n, name+".corrupt-") })
			if aside != slices.Contains(f.damaged, name) {
				t.Fatalf("%s, octet %d: set aside %t, damaged %q", name, at, aside, f.damaged)
			}
			if _, again := opened(t, c); aside && !again.Whole {
				t.Fatalf("%s, octet %d: what was written anew is damaged", name, at)
			}
		}
	}
}

// TestCutFiles: a file cut at any length. What is missing from the end of the
// last one is taken for what a crash cost; all else is damage.
func TestCutFiles(t *testing.T) {
	m, states := history(t)
	names := slices.Sorted(maps.Keys(m.names))
	for i, name := range names {
		data := m.names[name].data
		for size := range data {
			c := m.copy()
			c.names[name].data = c.names[name].data[:size]
			f, err := load(view{c})
			if err != nil {
				t.Fatal(err)
			}
			told := len(f.tell)
			if i == len(names)-1 { // between two batches, nothing tells
				told = 1
			}
			if wrong := judge(states, f.known, told); wrong != "" {
				t.Fatalf("%s cut to %d: %s", name, size, wrong)
			}
			if f.known.Whole != (i == len(names)-1) {
				t.Fatalf("%s cut to %d: whole %t, %q", name, size, f.known.Whole, f.tell)
			}
		}
		c := m.copy()
		delete(c.names, name)
		if f, _ := load(view{c}); i == 0 && f.known.Whole {
			t.Errorf("without %s: whole", name)
		}
	}
}

// TestDamageAfterTheEnd: after a clean stop nothing can lack of the last segment,
// so that what does is damage, however it looks like what a crash costs.
func TestDamageAfterTheEnd(t *testing.T) {
	m, states := history(t)
	k, known := opened(t, m)
	if err := k.end(); err != nil || len(m.names) != 2 { // this process has written nothing
		t.Fatalf("%v, %q", err, slices.Sorted(maps.Keys(m.names)))
	}
	k.Changed("c0", cluster.ServiceKey{Namespace: "shop", Name: "s0"})
	now := of(known)
	now.groups[Ref{"c0", cluster.ServiceKey{Namespace: "shop", Name: "s0"}}] = "the last one"
	if err := k.beat(now); err != nil {
		t.Fatal(err)
	}
	states = append(states, now.clone())
	last := segmentName(3)
	torn := m.copy()
	if err := k.end(); err != nil || len(m.names) != 4 {
		t.Fatalf("%v, %q", err, slices.Sorted(maps.Keys(m.names)))
	}
	data := m.names[last].data
	for at := range data {
		for what, broken := range map[string][]byte{"cut": data[:at], "flipped": slices.Concat(data[:at], []byte{data[at] ^ 1}, data[at+1:])} {
			c := m.copy()
			c.names[last].data = slices.Clone(broken)
			f, err := load(view{c})
			if err != nil {
				t.Fatal(err)
			}
			if wrong := judge(states, f.known, len(f.tell)); wrong != "" {
				t.Fatalf("%s at %d: %s", what, at, wrong)
			}
			header := what == "flipped" && at < 2*headerSize // the other copy is good
			if f.known.Whole != header || !slices.Contains(f.damaged, last) {
				t.Fatalf("%s at %d of %d: whole %t, damaged %q, %q", what, at, len(data), f.known.Whole, f.damaged, f.tell)
			}
		}
	}
	// Without the end the same looks like a crash.
	torn.names[last].data = torn.names[last].data[:len(data)-1]
	if f, _ := load(view{torn}); !f.known.Whole || len(f.tell) != 1 {
		t.Errorf("torn: whole %t, %q", f.known.Whole, f.tell)
	}
	// The end itself is damaged: nothing lacks.
	c := m.copy()
	c.names[segmentName(4)].data = c.names[segmentName(4)].data[:5]
	if f, _ := load(view{c}); !f.known.Whole || !maps.Equal(of(f.known).groups, now.groups) {
		t.Errorf("without its end: %+v, %q", f.known, f.tell)
	}
}

// TestNewerFormat: files of a later program are set aside as they are.
func TestNewerFormat(t *testing.T) {
	m, states := history(t)
	name := slices.Sorted(maps.Keys(m.names))[1]
	i := m.names[name]
	for at := range 2 {
		b := i.data[at*headerSize : (at+1)*headerSize]
		binary.BigEndian.PutUint32(b[8:], version+1)
		binary.BigEndian.PutUint32(b[headerSize-4:], crc32.Checksum(b[:headerSize-4], castagnoli))
	}
	before := m.copy()
	k, known := opened(t, m)
	if len(known.Clusters) != 0 || known.Whole {
		t.Fatalf("%+v is used", known)
	}
	if err := k.beat(states[0]); err != nil {
		t.Fatal(err)
	}
	for name, was := range before.names {
		found := false
		for n, i := range m.names {
			found = found || strings.HasPrefix(n, name+".newer-") && bytes.Equal(i.data, was.data)
		}
		if !found {
			t.Errorf("%s is gone: %q", name, slices.Sorted(maps.Keys(m.names)))
		}
	}
	if _, known := opened(t, m); !maps.Equal(of(known).groups, states[0].groups) || !known.Whole {
		t.Errorf("%+v", known)
	}
}

// TestFilesOfOthers: what does not belong here stays, and does no harm.
func TestFilesOfOthers(t *testing.T) {
	f, err := load(fstest.MapFS{"lock": {}, "README": {Data: []byte("x")}, "0000000003.part": {Data: []byte("y")}, "17": {}, "0000000000": {}})
	if err != nil || !f.known.Whole || f.last != 0 || len(f.stale) != 1 || len(f.tell) != 0 {
		t.Errorf("%+v, %v", f, err)
	}
}

// FuzzLoad: whatever is in the files, reading them ends.
func FuzzLoad(f *testing.F) {
	m, _ := func() (*memory, []*world) { return history(&testing.T{}) }()
	names := slices.Sorted(maps.Keys(m.names))
	f.Add(m.names[names[0]].data, m.names[names[1]].data)
	f.Fuzz(func(t *testing.T, base, log []byte) {
		if _, err := load(fstest.MapFS{names[0]: {Data: base}, names[1]: {Data: log}}); err != nil {
			t.Error(err)
		}
	})
}
