package state

import (
	"cmp"
	"encoding/binary"
	"errors"
	"iter"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/cluster/packed"
)

// Known is what was kept. It is the caller's.
type Known struct {
	Clusters map[cluster.ID]*Cluster
	// Hosts are the addresses that load balancers' hostnames last resolved to.
	Hosts map[string][]netip.Addr
	// Whole says that nothing that was kept is missing. Where it is false, damage
	// was found: all that is here is good, but more may have been there.
	Whole bool
	// Services is about how many different ones the clusters have Groups of.
	Services int
}

// Cluster is what was kept of one cluster.
type Cluster struct {
	Memo
	Groups map[cluster.ServiceKey]string // as store.Append packs them
}

// Memo is what is known of a cluster as a whole.
type Memo struct {
	Topology cluster.Topology
	LastSync time.Time // when it was last heard of, to the minute; zero: it was never read whole
	Word     string    // the operator's: "", "drained", "evicted"
	WordAt   time.Time // of Word; zero: never given
	// Held is the weakest evidence of withdrawals that were held; NoLoss: none were.
	Held cluster.Loss
	// Tides are the highest resource versions that were seen, by resource: as of the
	// minute, as LastSync.
	Tides map[string]string
}

// Memory is what is known now. Its methods may be called from any goroutine, and
// return soon.
type Memory interface {
	// Memos are of all clusters that there are: what is not among them is dropped.
	Memos() map[cluster.ID]Memo
	// Hosts are the last good addresses of load balancers' hostnames: those that are
	// not among them are dropped. They are only read.
	Hosts() map[string][]netip.Addr
	// Packed is a Group as store.Append packs it; false: there is none.
	Packed(Ref) (octets string, ok bool)
	// All yields each Group that there is all the while; of others it may yield any.
	All() iter.Seq2[Ref, string]
}

// Ref names a Group.
type Ref struct {
	Cluster cluster.ID
	Service cluster.ServiceKey
}

// errBody says that a record says what this program does not understand.
var errBody = errors.New("record is not well formed")

func appendRef(dst []byte, r Ref) []byte {
	dst = packed.AppendText(dst, string(r.Cluster))
	dst = packed.AppendText(dst, r.Service.Namespace)
	return packed.AppendText(dst, r.Service.Name)
}

func appendMemo(dst []byte, id cluster.ID, m Memo) []byte {
	dst = packed.AppendText(dst, string(id))
	dst = packed.AppendText(dst, m.Topology.Region)
	for _, list := range [][]string{m.Topology.Zones, m.Topology.Findings} {
		dst = binary.AppendUvarint(dst, uint64(len(list)))
		for _, text := range list {
			dst = packed.AppendText(dst, text)
		}
	}
	dst = appendTime(dst, m.LastSync)
	dst = packed.AppendText(dst, m.Word)
	dst = append(appendTime(dst, m.WordAt), byte(m.Held))
	dst = binary.AppendUvarint(dst, uint64(len(m.Tides)))
	for _, resource := range slices.Sorted(maps.Keys(m.Tides)) {
		dst = packed.AppendText(packed.AppendText(dst, resource), m.Tides[resource])
	}
	return dst
}

// appendTime appends seconds and nanoseconds, each one more, or 0 for the zero time.
func appendTime(dst []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(dst, 0)
	}
	dst = append(dst, 1)
	dst = binary.AppendUvarint(dst, uint64(t.Unix()))
	return binary.AppendUvarint(dst, uint64(t.Nanosecond()))
}

func readTime(r *packed.Reader) time.Time {
	if r.Index(2) == 0 {
		return time.Time{}
	}
	seconds, nanos := r.Uvarint(), r.Uvarint()
	r.Must(nanos < uint64(time.Second))
	if r.Bad() {
		return time.Time{}
	}
	return time.Unix(int64(seconds), int64(nanos)).UTC()
}

func appendHost(dst []byte, name string, addrs []netip.Addr) []byte {
	dst = binary.AppendUvarint(packed.AppendText(dst, name), uint64(len(addrs)))
	for _, a := range addrs {
		dst = packed.AppendText(dst, string(a.AsSlice()))
	}
	return dst
}

func readAddr(r *packed.Reader) netip.Addr {
	a, ok := netip.AddrFromSlice([]byte(r.Text()))
	r.Must(ok)
	return a
}

// readTides reads the last part of a Memo, which the first ones did not have.
func readTides(r *packed.Reader) map[string]string {
	if r.Empty() {
		return nil
	}
	var all map[string]string
	for n := r.Count(); n > 0 && !r.Bad(); n-- {
		if all == nil {
			all = map[string]string{}
		}
		resource := clone(r.Text())
		all[resource] = clone(r.Text())
	}
	return all
}

// taker builds a Known from records in the order they were written.
type taker struct {
	known Known
	keys  map[string]cluster.ServiceKey // so that clusters share the texts of a Service's name
	ids   map[string]cluster.ID
	ended bool // a base's end was read
	last  *Cluster
}

// mostExpected is how many Groups a cluster is expected to have at most, from how
// many another one has: what is not needed of a hundred maps is little then.
const mostExpected = 4096

func newTaker() *taker {
	return &taker{
		known: Known{Clusters: map[cluster.ID]*Cluster{}, Hosts: map[string][]netip.Addr{}, Whole: true},
		keys:  map[string]cluster.ServiceKey{}, ids: map[string]cluster.ID{},
	}
}

// take takes one record in. body is not kept.
func (t *taker) take(kind byte, body string) error {
	r := packed.Read(body)
	switch kind {
	case kindGroup, kindGone:
		id, key := t.id(&r), t.key(&r, body)
		if r.Bad() {
			return errBody
		}
		c := t.cluster(id)
		if kind == kindGone {
			delete(c.Groups, key)
			return nil
		}
		c.Groups[key] = strings.Clone(r.Rest())
	case kindMemo:
		id, m := t.id(&r), Memo{}
		m.Topology.Region = clone(r.Text())
		m.Topology.Zones = packed.List(&r, func() string { return clone(r.Text()) })
		m.Topology.Findings = packed.List(&r, func() string { return clone(r.Text()) })
		m.LastSync, m.Word, m.WordAt = readTime(&r), clone(r.Text()), readTime(&r)
		m.Held = cluster.Loss(r.Octet())
		m.Tides = readTides(&r)
		if r.Bad() || !r.Empty() {
			return errBody
		}
		t.cluster(id).Memo = m
	case kindHost:
		name, addrs := clone(r.Text()), packed.List(&r, func() netip.Addr { return readAddr(&r) })
		if r.Bad() || !r.Empty() {
			return errBody
		}
		if t.known.Hosts[name] = addrs; len(addrs) == 0 {
			delete(t.known.Hosts, name)
		}
	case kindDropped:
		delete(t.known.Clusters, t.id(&r))
	case kindEnd:
		t.ended = true
	}
	return nil
}

func clone(s string) string { return strings.Clone(s) }

func (t *taker) cluster(id cluster.ID) *Cluster {
	c := t.known.Clusters[id]
	if c == nil {
		expected := 0 // a base has clusters one after the other
		if t.last != nil {
			expected = min(len(t.last.Groups), mostExpected)
		}
		c = &Cluster{Groups: make(map[cluster.ServiceKey]string, expected)}
		t.known.Clusters[id], t.last = c, c
	}
	return c
}

func (t *taker) id(r *packed.Reader) cluster.ID {
	text := r.Text()
	id, ok := t.ids[text]
	if !ok {
		id = cluster.ID(strings.Clone(text))
		t.ids[string(id)] = id
	}
	return id
}

func (t *taker) key(r *packed.Reader, body string) cluster.ServiceKey {
	from := len(body) - len(r.Rest())
	r.Text()
	r.Text()
	text := body[from : len(body)-len(r.Rest())] // namespace and name, with their lengths
	key, ok := t.keys[text]
	if !ok {
		text = strings.Clone(text)
		own := packed.Read(text)
		key.Namespace = own.Text()
		key.Name = own.Text()
		t.keys[text] = key
	}
	return key
}

// differs says that what was written of a cluster is not good enough any more.
// That it was heard of goes with every Update, so only every minute counts; and
// so it is with its resource versions, but for the first ones.
func (m Memo) differs(was Memo) bool {
	return !m.Topology.Equal(was.Topology) || m.Word != was.Word || !m.WordAt.Equal(was.WordAt) || m.Held != was.Held || len(m.Tides) != len(was.Tides) ||
		m.LastSync.IsZero() != was.LastSync.IsZero() || m.LastSync.Sub(was.LastSync).Abs() >= time.Minute
}

// sorted are the keys of a map.
func sorted[K cmp.Ordered, T any](m map[K]T) []K { return slices.Sorted(maps.Keys(m)) }
