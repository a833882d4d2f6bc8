package plan_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/ownership"
	"github.com/fedns/fedns/providers/plan"
)

// TestDecisionsSettle has two owners want of one name what they like. After each
// decision is made a second one finds nothing to do, and the other owner has lost
// nothing; once neither wants anything, nothing is left.
func TestDecisionsSettle(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	codec, err := ownership.NewCodec(apex, nil)
	if err != nil {
		t.Fatal(err)
	}
	k := hosted.Key{Owner: web, Type: zone.TypeA}
	for range 3000 {
		owners := []plan.Rules{{Owner: "prod", Codec: codec, Limits: limits()}, {Owner: "test", Codec: codec, Limits: limits()}}
		policy := []hosted.Policy{hosted.PolicySimple, hosted.PolicyWeighted}[r.IntN(2)]
		var have plan.Have
		wants := make([]plan.Want, len(owners))
		history := ""
		step := func(i int, w plan.Want) plan.Action {
			wants[i] = w
			a := owners[i].One(k, w, have)
			history += fmt.Sprintf("%s wants %s: %s, %s\n", owners[i].Owner, w.Entry, a.Verb, a.Reason)
			for _, c := range a.Changes {
				if c.Key() == k {
					have.Entry = c.New
				} else {
					have.Registry = c.New
				}
			}
			if again := owners[i].One(k, w, have); len(again.Changes) > 0 {
				t.Fatalf("after\n%sit would %s once more: %s", history, again.Verb, again.Reason)
			}
			return a
		}
		refused := make([]bool, len(owners))
		for range 6 {
			i := r.IntN(len(owners))
			refused[i] = step(i, wish(r, policy, i)).Verb == plan.Refuse
			other := 1 - i
			if refused[other] {
				continue
			}
			if a := owners[other].One(k, wants[other], have); a.Lost > 0 || a.Verb == plan.Create || a.Verb == plan.Delete {
				t.Fatalf("after\n%s%s has to %s: %s", history, owners[other].Owner, a.Verb, a.Reason)
			}
		}
		for i := range owners {
			step(i, plan.Want{})
		}
		if !have.Entry.IsEmpty() || !have.Registry.IsEmpty() {
			t.Fatalf("after\n%swhat is left is %s and %s", history, have.Entry, have.Registry)
		}
	}
}

// wish is what an owner wants: some addresses of two clusters, or nothing. Owners may
// want the same addresses, but not the same clusters.
func wish(r *rand.Rand, policy hosted.Policy, owner int) plan.Want {
	var shards []plan.Shard
	var data []string
	for c := range 2 {
		s := plan.Shard{Cluster: fmt.Sprintf("c-%d-%d", owner, c), Object: "web", Weight: uint16(r.IntN(3))}
		for range r.IntN(3) {
			a := netip.AddrFrom4([4]byte{192, 0, 2, byte(r.IntN(6))})
			s.Addrs = append(s.Addrs, a)
			data = append(data, zone.Addr(a))
		}
		shards = append(shards, s)
	}
	if len(data) == 0 {
		return plan.Want{}
	}
	return plan.Shape{Routing: policy}.New(zone.NewRRset(web, zone.TypeA, uint32(30+30*r.IntN(2)), data...), "static", shards)
}
