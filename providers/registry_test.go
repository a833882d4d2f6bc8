package providers_test

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/ownership"
)

// TestClaimsThatDoNotTellTheirKey: the claims of a delegation are at a hashed name, and
// sealed by another owner they do not say whose they are. They are found all the same,
// and the delegation is neither taken for a stranger's nor for nobody's.
func TestClaimsThatDoNotTellTheirKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := fresh()
		theirs, err := ownership.NewCodec(apex, bytes.Repeat([]byte{7}, ownership.KeyLen))
		if err != nil {
			t.Fatal(err)
		}
		ns := zone.NewRRset(name_("sub"), zone.TypeNS, 300, zone.Target(dnsname.MustParse("ns.example.net.")))
		claim, err := theirs.Encode(ns.Key(), []ownership.Claim{{Owner: "test", Object: "static", TTL: 300, Digests: []string{ownership.Digest(ns.First())}}})
		if err != nil {
			t.Fatal(err)
		}
		server.Edit(hosted.Simple(ns), claim)
		d := start(t, server, nil, "web 30 192.0.2.1")
		b := zone.NewBuilder(d.snap)
		b.Set(zone.NewRRset(name_("sub"), zone.TypeNS, 60, zone.Target(dnsname.MustParse("ns.example.org."))))
		d.publish(b)
		pass()
		refused := func(when string) {
			t.Helper()
			st := d.sync.Status()
			if len(st.Refused) != 1 || st.Refused[0].Record != "sub.example.com. NS" || !strings.Contains(st.Refused[0].Reason, "their claims cannot be read") {
				t.Errorf("%s: refused is %+v", when, st.Refused)
			}
		}
		refused("beside another's")
		server.Edit(hosted.Entry{Key: ns.Key()}) // its claim is left: nobody knows who will be back
		d.halt()
		d.run()
		pass()
		refused("where another's was")
		want(t, server, "web A 30 192.0.2.1")
		server.Edit(hosted.Entry{Key: claim.Key})
		d.halt()
		d.run()
		pass()
		want(t, server, "sub NS 60 ns.example.org.", "web A 30 192.0.2.1")
	})
}
