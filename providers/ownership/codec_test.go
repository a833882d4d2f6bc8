package ownership

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
)

var apex = dnsname.MustParse("example.com.")

func key(name string, typ uint16) hosted.Key {
	return hosted.Key{Owner: dnsname.MustParse(name), Type: typ}
}

func newCodec(t testing.TB, secret string) Codec {
	t.Helper()
	var k []byte
	if secret != "" {
		k = []byte(strings.Repeat(secret, KeyLen))[:KeyLen]
	}
	c, err := NewCodec(apex, k)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func digest(addr string) string { return Digest(zone.Addr(netip.MustParseAddr(addr))) }

func sorted(s ...string) []string {
	slices.Sort(s)
	return s
}

func claim(owner, cluster string, digests ...string) Claim {
	return Claim{Owner: owner, Cluster: cluster, Object: "Service/shop/web", TTL: 30, Digests: sorted(digests...)}
}

// texts are an Entry's, for people.
func texts(e hosted.Entry) []string {
	var out []string
	for r := range records(e) {
		s, _ := joinStrings(r)
		out = append(out, s)
	}
	return out
}

// equal tells of differences that matter: how a claim was read does not.
func equal(a, b []Claim) bool { return slices.EqualFunc(a, b, Claim.Equal) }

func TestText(t *testing.T) {
	c := newCodec(t, "")
	a, b := digest("192.0.2.1"), digest("192.0.2.2")
	for _, tt := range []struct {
		name   string
		k      hosted.Key
		claims []Claim
		at     string
		want   []string
	}{
		{"one", key("web.example.com.", zone.TypeA), []Claim{claim("prod", "eu-1", a)}, "_fedns-a.web.example.com.",
			[]string{"heritage=fedns,owner=prod,cluster=eu-1,object=Service/shop/web,ttl=30,rdata=" + a}},
		{"two clusters", key("web.example.com.", zone.TypeA), []Claim{claim("prod", "us-1", b), claim("prod", "eu-1", a)}, "_fedns-a.web.example.com.",
			[]string{
				"heritage=fedns,owner=prod,cluster=eu-1,object=Service/shop/web,ttl=30,rdata=" + a,
				"heritage=fedns,owner=prod,cluster=us-1,object=Service/shop/web,ttl=30,rdata=" + b,
			}},
		{"the same twice is one with all records and the lowest TTL", key("web.example.com.", zone.TypeA),
			[]Claim{claim("prod", "eu-1", a), {Owner: "prod", Cluster: "eu-1", Object: "Service/shop/web", TTL: 5, Digests: []string{a, b}}},
			"_fedns-a.web.example.com.",
			[]string{"heritage=fedns,owner=prod,cluster=eu-1,object=Service/shop/web,ttl=5,rdata=" + strings.Join(sorted(a, b), "")}},
		{"an alias of a set", key("web.example.com.", zone.TypeA), []Claim{{Owner: "prod", Object: "x.zone", Set: "prod/eu-1"}}, "_fedns-a.web.example.com.",
			[]string{"heritage=fedns,owner=prod,object=x.zone,set=prod/eu-1,ttl=0"}},
		{"escapes", key("web.example.com.", zone.TypeA), []Claim{{Owner: "prod", Object: "a,b=c\"\\ \x00é%2C"}}, "_fedns-a.web.example.com.",
			[]string{"heritage=fedns,owner=prod,object=a%2Cb%3Dc%22%5C%20%00%C3%A9%252C,ttl=0"}},
		{"a delegation", key("sub.example.com.", zone.TypeNS), []Claim{{Owner: "prod", Object: "x.zone"}}, "_fedns-ns-" + hash(dnsname.MustParse("sub.example.com.")) + ".example.com.",
			[]string{"heritage=fedns,owner=prod,object=x.zone,name=sub.example.com.,ttl=0"}},
		{"none", key("web.example.com.", zone.TypeA), nil, "_fedns-a.web.example.com.", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e, err := c.Encode(tt.k, tt.claims)
			if err != nil {
				t.Fatal(err)
			}
			if want := key(tt.at, zone.TypeTXT); e.Key != want {
				t.Errorf("at %s, want %s", e.Key.Owner, want.Owner)
			}
			if got := texts(e); !slices.Equal(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
			for _, s := range e.Sets {
				if s.TTL() != 300 {
					t.Errorf("TTL %d", s.TTL())
				}
			}
			k, got, foreign, err := c.Decode(e)
			if err != nil || foreign != 0 || !equal(got, gather(tt.claims)) {
				t.Errorf("read as %+v, %d foreign, %v", got, foreign, err)
			}
			if k != tt.k && !e.IsEmpty() {
				t.Errorf("read as of %s", hosted.KeyString(k))
			}
		})
	}
}

// TestRoundTrip: what is encoded is decoded, with and without a key, in any order,
// and twice the same octets.
func TestRoundTrip(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	owners := []string{"web.example.com.", "*.web.example.com.", "example.com.", "*.example.com.", "a.*.example.com.", `we\.b.example.com.`,
		strings.Repeat(strings.Repeat("a", 60)+".", 3) + strings.Repeat("b", 50) + ".example.com."}
	types := []uint16{zone.TypeA, zone.TypeNS, zone.TypeDS, zone.TypeDNAME, zone.TypeTXT, zone.TypeSRV, 65, 257, 65535}
	for range 300 {
		c := newCodec(t, []string{"", "k"}[r.IntN(2)])
		k := key(owners[r.IntN(len(owners))], types[r.IntN(len(types))])
		var claims []Claim
		for range 1 + r.IntN(3) {
			x := claim([]string{"prod", "test-2"}[r.IntN(2)], randomText(r, 20))
			x.Object, x.Set = randomText(r, 60), []string{"", randomText(r, 10)}[r.IntN(2)]
			for range []int{0, 1, 3, 1500}[r.IntN(4)] {
				x.Digests = append(x.Digests, Digest(fmt.Sprint(r.Uint64())))
			}
			claims = append(claims, x)
		}
		e, err := c.Encode(k, claims)
		if err != nil {
			t.Fatal(err)
		}
		checkSizes(t, e)
		got, decoded, foreign, err := c.Decode(e)
		if err != nil || got != k || foreign != 0 || !equal(decoded, gather(claims)) {
			t.Fatalf("%s of %+v is read as %s %+v, %d foreign, %v", e, claims, hosted.KeyString(got), decoded, foreign, err)
		}
		r.Shuffle(len(claims), func(i, j int) { claims[i], claims[j] = claims[j], claims[i] })
		for _, again := range [][]Claim{claims, decoded} {
			if f, err := c.Encode(k, again); err != nil || !f.Equal(e) {
				// A claim that was read as plain stays so only without a key.
				t.Fatalf("encoded twice: %s and %s, %v", e, f, err)
			}
		}
	}
}

func randomText(r *rand.Rand, most int) string {
	b := make([]byte, r.IntN(most))
	for i := range b {
		b[i] = byte(r.IntN(256))
		if r.IntN(2) == 0 {
			b[i] = `,="\%/ a`[r.IntN(8)]
		}
	}
	return string(b)
}

// checkSizes counts as Route 53 does: quotes and the spaces between strings too.
func checkSizes(t *testing.T, e hosted.Entry) {
	t.Helper()
	for r := range records(e) {
		characters := 0
		for i := 0; i < len(r); i += 1 + int(r[i]) {
			characters += int(r[i]) + 3
		}
		if characters > 4000 {
			t.Errorf("a TXT record of %d characters", characters)
		}
	}
}

func TestSplit(t *testing.T) {
	c := newCodec(t, "")
	x := claim("prod", "eu-1")
	for i := range 1500 {
		x.Digests = append(x.Digests, Digest(fmt.Sprint(i)))
	}
	slices.Sort(x.Digests)
	k := key("web.example.com.", zone.TypeA)
	e, err := c.Encode(k, []Claim{x})
	if err != nil {
		t.Fatal(err)
	}
	if n := e.Sets[0].Records.Len(); n != 3 {
		t.Errorf("%d records, want 3: 9,000 octets of digests", n)
	}
	if _, got, _, err := c.Decode(e); err != nil || !reflect.DeepEqual(got[0].Digests, x.Digests) || len(got) != 1 {
		t.Errorf("read as %d claims, %v", len(got), err)
	}
}

func TestEncodeRefuses(t *testing.T) {
	c := newCodec(t, "")
	k := key("web.example.com.", zone.TypeA)
	for _, tt := range []struct {
		name  string
		k     hosted.Key
		claim Claim
		want  string
	}{
		{"another zone", key("web.example.org.", zone.TypeA), claim("prod", ""), "not in the zone example.com."},
		{"a claim", key("_fedns-a.web.example.com.", zone.TypeTXT), claim("prod", ""), "fedns's own"},
		{"a fence", key("_fedns-fence-prod.example.com.", zone.TypeTXT), claim("prod", ""), "fedns's own"},
		{"no owner", k, claim("", ""), "owner is empty"},
		{"an owner nobody is", k, claim(Unknown, ""), `owner "?" has '?'`},
		{"a long object", k, Claim{Owner: "prod", Object: strings.Repeat("x", 4000)}, "too long for a TXT record"},
		{"no digest", k, claim("prod", "", "192.0.2.1"), `"192.0.2.1" is no digest`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := c.Encode(tt.k, []Claim{tt.claim}); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}
