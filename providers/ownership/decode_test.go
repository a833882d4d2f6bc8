package ownership

import (
	"slices"
	"strings"
	"testing"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
)

func txt(name string, texts ...string) hosted.Entry {
	rdatas := make([]string, len(texts))
	for i, t := range texts {
		rdatas[i] = zone.TXT(t)
	}
	return entry(key(name, zone.TypeTXT), rdatas)
}

// TestNotUnderstood: what this version would write otherwise is Unknown's, and is
// given back as it was; what does not speak of fedns is foreign, and stays too.
func TestNotUnderstood(t *testing.T) {
	c := newCodec(t, "")
	k := key("web.example.com.", zone.TypeA)
	good := "heritage=fedns,owner=prod,object=Service/shop/web,ttl=30,rdata=AAAAAA"
	for _, tt := range []struct {
		name, text string
		foreign    bool
	}{
		{"a newer version", "heritage=fedns,v=2,owner=prod,object=Service/shop/web,ttl=30", false},
		{"another field", good + ",color=red", false},
		{"another order", "heritage=fedns,object=Service/shop/web,owner=prod,ttl=30", false},
		{"a field twice", good + ",owner=prod", false},
		{"an escape that is not needed", "heritage=fedns,owner=%70rod,object=x,ttl=30", false},
		{"a small escape", "heritage=fedns,owner=prod,object=%2c,ttl=30", false},
		{"a cut escape", "heritage=fedns,owner=prod,object=x,ttl=3%", false},
		{"a number written otherwise", "heritage=fedns,owner=prod,object=x,ttl=030", false},
		{"a number too large", "heritage=fedns,owner=prod,object=x,ttl=4294967296", false},
		{"half a digest", "heritage=fedns,owner=prod,object=x,ttl=30,rdata=AAA", false},
		{"digests out of order", "heritage=fedns,owner=prod,object=x,ttl=30,rdata=BBBBBBAAAAAA", false},
		{"a digest twice", "heritage=fedns,owner=prod,object=x,ttl=30,rdata=AAAAAAAAAAAA", false},
		{"an owner nobody may be", "heritage=fedns,owner=?,object=x,ttl=30", false},
		{"a name where none belongs", "heritage=fedns,owner=prod,object=x,name=web.example.com.,ttl=30", false},
		{"nothing", "heritage=fedns", false},
		{"sealed, without a key", "heritage=fedns,sealed=AAAA", false},
		{"external-dns", "heritage=external-dns,external-dns/owner=x", true},
		{"another word", "heritage=fednsx,owner=prod", true},
		{"SPF", "v=spf1 -all", true},
		{"empty", "", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := txt("_fedns-a.web.example.com.", tt.text, good)
			of, claims, foreign, err := c.Decode(e)
			if err != nil || of != k {
				t.Fatalf("of %s, %v", hosted.KeyString(of), err)
			}
			want := []Claim{{Owner: Unknown, opaque: zone.TXT(tt.text)}, {Owner: "prod", Object: "Service/shop/web", TTL: 30, Digests: []string{"AAAAAA"}}}
			if tt.foreign {
				want = want[1:]
			}
			if (foreign == 1) != tt.foreign || !equal(claims, want) {
				t.Errorf("%d foreign, claims %+v", foreign, claims)
			}
			if again, err := c.Rewrite(e, k, claims); err != nil || !again.Equal(e) {
				t.Errorf("rewritten as %q, %v", texts(again), err)
			}
			left := slices.DeleteFunc(claims, func(c Claim) bool { return c.Owner == "prod" })
			if less, err := c.Rewrite(e, k, left); err != nil || !slices.Equal(texts(less), []string{tt.text}) {
				t.Errorf("without the claim it is %q, %v", texts(less), err)
			}
		})
	}
}

// TestNotOurs: Entries that are not claims, whatever their names are.
func TestNotOurs(t *testing.T) {
	c := newCodec(t, "")
	good := "heritage=fedns,owner=prod,object=x,ttl=30"
	k := key("_fedns-a.web.example.com.", zone.TypeTXT)
	for _, tt := range []struct {
		name string
		e    hosted.Entry
		want string
	}{
		{"another name", txt("web.example.com.", good), "no name of claims"},
		{"another zone", txt("_fedns-a.web.example.org.", good), "is not where the claims of web.example.org. A are"},
		{"a delegation's, beside it", txt("_fedns-ns.sub.example.com.", good), "is not where"},
		{"hashed, but not at the apex", txt("_fedns-ns-0123456789abcdef.web.example.com.", good), "not at the apex"},
		{"claims of claims", txt("_fedns-txt._fedns-a.example.com.", good), "is not where"},
		{"sets", hosted.NewEntry(k, hosted.Set{ID: "x", Records: txt("_fedns-a.web.example.com.", good).Sets[0].Records}), "routing policy"},
		{"an alias", hosted.NewEntry(k, hosted.Set{Alias: hosted.Alias{Target: apex, ZoneID: "Z"}}), "alias"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, _, _, err := c.Decode(tt.e); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// TestHashed: where the name does not tell, the text does, and only if it is true.
func TestHashed(t *testing.T) {
	c := newCodec(t, "")
	sub, other := key("sub.example.com.", zone.TypeNS), key("other.example.com.", zone.TypeNS)
	at, err := c.Key(sub)
	if err != nil {
		t.Fatal(err)
	}
	text := "heritage=fedns,owner=prod,object=x,name=%s,ttl=30"
	told := strings.Replace(text, "%s", sub.Owner.String(), 1)
	lied := strings.Replace(text, "%s", other.Owner.String(), 1)
	for _, tt := range []struct {
		name    string
		texts   []string
		k       hosted.Key
		unknown int
	}{
		{"told", []string{told}, sub, 0},
		{"another's", []string{lied}, hosted.Key{}, 1},
		{"both", []string{lied, told}, sub, 1},
		{"in capitals", []string{strings.Replace(told, "sub.", "SUB.", 1)}, hosted.Key{}, 1},
		{"not told", []string{strings.Replace(told, "name=sub.example.com.,", "", 1)}, hosted.Key{}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k, claims, _, err := c.Decode(txt(at.Owner.String(), tt.texts...))
			unknown := 0
			for _, c := range claims {
				if c.IsUnknown() {
					unknown++
				}
			}
			if err != nil || k != tt.k || unknown != tt.unknown || len(claims) != len(tt.texts) {
				t.Errorf("of %v, claims %+v, %v", k, claims, err)
			}
		})
	}
}

func TestNames(t *testing.T) {
	c := newCodec(t, "")
	long := dnsname.MustParse(strings.Repeat(strings.Repeat("a", 60)+".", 3) + strings.Repeat("b", 55) + ".example.com.")
	for _, tt := range []struct{ of, typ, at string }{
		{"example.com.", "A", "_fedns-a.example.com."},
		{"example.com.", "NS", "_fedns-ns.example.com."},
		{"sub.example.com.", "NS", "_fedns-ns-" + hash(dnsname.MustParse("sub.example.com.")) + ".example.com."},
		{"sub.example.com.", "DS", "_fedns-ds-" + hash(dnsname.MustParse("sub.example.com.")) + ".example.com."},
		{"sub.example.com.", "DNAME", "_fedns-dname-" + hash(dnsname.MustParse("sub.example.com.")) + ".example.com."},
		{"*.sub.example.com.", "AAAA", "_fedns-aaaa-wildcard.sub.example.com."},
		{"*.sub.example.com.", "NS", "_fedns-ns-" + hash(dnsname.MustParse("*.sub.example.com.")) + ".example.com."},
		{"web.example.com.", "TYPE65", "_fedns-type65.web.example.com."},
		{"web.example.com.", "RRSIG", "_fedns-type46.web.example.com."}, // zone knows it; names stay as they are
		{long.String(), "A", "_fedns-a-" + hash(long) + ".example.com."},
	} {
		of := hosted.Key{Owner: dnsname.MustParse(tt.of)}
		for typ := uint16(1); typ < 260 && zone.TypeString(of.Type) != tt.typ; typ++ {
			of.Type = typ
		}
		at, err := c.Key(of)
		if err != nil || at != key(tt.at, zone.TypeTXT) {
			t.Errorf("%s %s: claims at %s, %v; want %s", tt.of, tt.typ, at.Owner, err, tt.at)
		}
		if !IsClaim(at) || IsFence(at) {
			t.Errorf("%s: not known to be claims", at.Owner)
		}
	}
	for _, name := range []string{"a.example.com.", "fedns-a.example.com.", "_fedns-.example.com.", "_fedns-type1.example.com.",
		"_fedns-type01.example.com.", "_fedns-type65536.example.com.", "_fedns-type0.example.com.", "_fedns-a-wild.example.com.",
		"_fedns-a-0123456789ABCDEG.example.com.", "_fedns-fence-a.example.com.", "_fedns-a-wildcard-x.example.com."} {
		if IsClaim(key(name, zone.TypeTXT)) {
			t.Errorf("%s counts as claims", name)
		}
	}
	if IsClaim(key("_fedns-a.example.com.", zone.TypeA)) {
		t.Error("an A record counts as claims")
	}
}

// TestTypeLabels: names in hosted zones are for ever.
func TestTypeLabels(t *testing.T) {
	var got []string
	for typ := range 65535 {
		if l := typeLabel(uint16(typ)); !strings.HasPrefix(l, "type") {
			got = append(got, l)
		}
		if back, ok := parseType(typeLabel(uint16(typ))); typ > 0 && (!ok || int(back) != typ) {
			t.Errorf("type %d is read as %d, %v", typ, back, ok)
		}
	}
	if want := strings.Fields("a ns cname soa ptr mx txt aaaa srv dname ds"); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
