package simulation

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/plan"
)

// labels are the names that owners want. The last is so long that its claims are at
// the apex, by a hash.
var labels = []string{"web", "api", "www", "*.app", "text", "db", long}

var long = strings.Repeat("x", 63) + "." + strings.Repeat("y", 63) + "." + strings.Repeat("z", 63) + "." + strings.Repeat("w", 44)

var types = []uint16{zone.TypeA, zone.TypeAAAA, zone.TypeCNAME, zone.TypeTXT}

var clusters = [3]string{"eu-1", "us-1", "us-2"}

var policies = []hosted.Policy{hosted.PolicySimple, hosted.PolicyWeighted, hosted.PolicyLatency, hosted.PolicyGeo, hosted.PolicyFailover, hosted.PolicyMultivalue}

var names = func() map[string]dnsname.Name {
	out := map[string]dnsname.Name{}
	for _, l := range append([]string{"mail", "ftp"}, labels...) {
		out[l] = dnsname.MustParse(l + ".example.com.")
	}
	return out
}()

func nameOf(label string) dnsname.Name { return names[label] }

func labelOf(n dnsname.Name) string {
	for l, o := range names {
		if o == n {
			return l
		}
	}
	return ""
}

// want is what an owner wants of a name. The zero want is nothing.
type want struct {
	addrs  [3]byte // of each cluster; 0: none
	six    bool    // AAAA as well
	text   byte    // 0: none
	target string  // of a CNAME, which is all there is
	ttl    uint32
	policy hosted.Policy
}

// without is what is known of it without some clusters.
func (t want) without(deafTo map[string]bool) want {
	for i, c := range clusters {
		if deafTo[c] {
			t.addrs[i] = 0
		}
	}
	if t.addrs == [3]byte{} && t.text == 0 && t.target == "" {
		return want{}
	}
	return t
}

func address(owner string, cluster int, n byte) netip.Addr {
	if n >= 60 { // is what all owners have
		return netip.AddrFrom4([4]byte{192, 0, 2, n})
	}
	return netip.AddrFrom4([4]byte{10, owner[0], byte(cluster), n})
}

func address6(owner string, cluster int, n byte) netip.Addr {
	return netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, owner[0], byte(cluster), 15: n})
}

// rrsets are the zone's.
func (t want) rrsets(owner, label string) []zone.RRset {
	var out []zone.RRset
	var a, aaaa []string
	for i, n := range t.addrs {
		if n != 0 {
			a = append(a, zone.Addr(address(owner, i, n)))
			aaaa = append(aaaa, zone.Addr(address6(owner, i, n)))
		}
	}
	add := func(typ uint16, rdata ...string) {
		if len(rdata) > 0 {
			out = append(out, zone.NewRRset(nameOf(label), typ, t.ttl, rdata...))
		}
	}
	if t.target != "" {
		add(zone.TypeCNAME, zone.Target(nameOf(t.target)))
		return out
	}
	add(zone.TypeA, a...)
	if t.six {
		add(zone.TypeAAAA, aaaa...)
	}
	if t.text != 0 {
		add(zone.TypeTXT, zone.TXT(fmt.Sprintf("%s says %d", owner, t.text)))
	}
	return out
}

// shards are the clusters' parts.
func (t want) shards(owner string) []plan.Shard {
	var out []plan.Shard
	for i, n := range t.addrs {
		if n != 0 && t.target == "" {
			out = append(out, plan.Shard{Cluster: clusters[i], Object: "Service/shop/web", Region: clusters[i][:2], Weight: uint16(i),
				Addrs: []netip.Addr{address(owner, i, n), address6(owner, i, n)}})
		}
	}
	return out
}

// random is a want, which may be nothing.
func (w *world) random() want {
	t := want{ttl: []uint32{30, 60}[w.IntN(2)]}
	switch w.IntN(10) {
	case 0:
		return want{}
	case 1:
		t.target = labels[w.IntN(2)]
		return t
	case 2:
		t.text = byte(1 + w.IntN(3))
	}
	for i := range t.addrs {
		if w.IntN(2) == 0 {
			t.addrs[i] = byte(1 + w.IntN(4))
		}
		switch w.IntN(60) {
		case 0:
			t.addrs[i] = 66 // badAddress
		case 1, 2:
			t.addrs[i] = 60
		}
	}
	t.six = w.IntN(4) == 0
	if w.IntN(3) == 0 {
		t.policy = policies[w.IntN(len(policies))]
	}
	return t.without(nil)
}

// change has an owner want something else of one name.
func (w *world) change(o *owner) {
	label := labels[w.IntN(len(labels))]
	w.set(o, label, w.random())
}

func (w *world) set(o *owner, label string, t want) {
	w.note("%s wants of %.10s %+v", o.name, label, t)
	w.mu.Lock()
	o.wants[label] = t
	w.mu.Unlock()
}

// tell publishes what an owner wants to all that believe to lead.
func (w *world) tell(o *owner) {
	for _, l := range append([]*life{o.leader}, o.stale...) {
		l.publish()
	}
}
