package discovery

import (
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/dnsserver/dnsname"
)

// TestAskedForComesFirst: of very many Services, those that somebody asks for are
// published before the others, and none twice.
func TestAskedForComesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const services = 3 * publishEdits
		d := newDrawer()
		var groups []cluster.Group
		for i := range services {
			groups = append(groups, group(fmt.Sprintf("s%05d", i), "10.96.0.1"))
		}
		d.has("eu-1", groups...)
		p := &recorder{have: nil}
		p.forget()
		e := New(Config{Federation: fed, Keeper: d}, p)
		asked := []string{"s20000.shop.prod.", "nothing.shop.prod.", "elsewhere.", "_http._tcp.s20001.shop.prod.", "s20000.shop.prod."}
		for _, name := range asked {
			e.Missed(dnsname.MustParse(name))
		}
		for range 2 * maxAsked {
			e.Missed(dnsname.MustParse("elsewhere."))
		}
		e.SetMembers([]Member{{ID: "eu-1", Source: newSource()}})
		r := &rig{t: t, Engine: e, pub: p}
		r.run()
		synctest.Wait()
		if p.published() != 2+3 { // two by themselves, the others by the thousands
			t.Errorf("%d publications", p.published())
		}
		for i, want := range []string{"s20000.shop.prod.", "s20001.shop.prod."} {
			if first := p.batches[i]; len(first) != 1 || first[0].RRset.Owner.String() != want {
				t.Errorf("publication %d is of %d edits, the first %s, want %s", i, len(first), first[0].RRset.Owner, want)
			}
		}
		edits := 0
		for _, b := range p.batches {
			edits += len(b)
		}
		if edits != services || len(p.have) != services || len(e.Ready()) != 0 {
			t.Errorf("%d edits for %d Services make %d RRsets", edits, services, len(p.have))
		}
	})
}
