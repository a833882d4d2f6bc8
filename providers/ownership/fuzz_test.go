package ownership

import (
	"slices"
	"testing"

	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
)

// FuzzDecode: whatever is in a TXT, nothing of it gets lost by writing again what
// was read, and the second reading is as the first.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		"heritage=fedns,owner=prod,cluster=eu-1,object=Service/shop/web,ttl=30,rdata=AAAAAABBBBBB",
		"heritage=fedns,owner=prod,object=a%2Cb,set=x,ttl=0", "heritage=fedns,v=2", "heritage=fedns,sealed=AAAA", "v=spf1 -all", "",
		"heritage=fedns,owner=prod,object=x,name=sub.example.com.,ttl=30", "heritage=fedns,owner=prod,,object=x,ttl=1",
	} {
		f.Add(s, s+"x", uint8(0))
	}
	plain, sealed := newCodec(f, ""), newCodec(f, "k")
	sub, err := plain.Key(key("sub.example.com.", zone.TypeNS))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, a, b string, how uint8) {
		c, at := plain, "_fedns-a.web.example.com."
		if how&1 != 0 {
			c = sealed
		}
		if how&2 != 0 {
			at = sub.Owner.String()
		}
		if len(a)+len(b) > 8000 {
			return
		}
		e := txt(at, a, b)
		k, claims, foreign, err := c.Decode(e)
		if err != nil {
			t.Fatal(err)
		}
		if k == (hosted.Key{}) {
			k = key("sub.example.com.", zone.TypeNS)
		}
		again, err := c.Rewrite(e, k, claims)
		if err != nil {
			t.Fatalf("%+v: %v", claims, err)
		}
		_, second, left, err := c.Decode(again)
		if err != nil || left != foreign || !slices.EqualFunc(second, claims, Claim.Equal) {
			t.Fatalf("%q is read as %+v, written as %q and read as %+v, %v", texts(e), claims, texts(again), second, err)
		}
		for _, x := range claims {
			if x.IsUnknown() && !slices.Contains(slices.Collect(again.Sets[0].Records.RDATA()), x.opaque) {
				t.Fatalf("%q is lost: %q", x.opaque, texts(again))
			}
		}
	})
}
