package dnssec_test

import (
	"flag"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/dnssec"
	"github.com/fedns/fedns/dnsserver/zone"
)

var (
	seed = flag.Uint64("seed", uint64(time.Now().UnixNano()), "seed of the random tests")
	apex = dnsname.MustParse("example.")
)

func random(t testing.TB) *rand.Rand {
	t.Logf("go test -run '%s' -seed %d", t.Name(), *seed)
	return rand.New(rand.NewPCG(*seed, 1))
}

// tool runs a program. Without it the test fails in CI and is skipped elsewhere.
func tool(t testing.TB, debianPackage, name string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is not installed: apt-get install %s", name, debianPackage)
		}
		t.Skipf("%s is not installed: apt-get install %s", name, debianPackage)
	}
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// clock is a clock that stands still until it is moved.
type clock struct{ time.Time }

func (c *clock) now() time.Time { return c.Time }

func key(t testing.TB, alg uint8, sep bool, when func(*dnssec.Timing)) dnssec.Key {
	t.Helper()
	k, err := dnssec.Generate(t.TempDir(), apex, alg, sep, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if when != nil {
		k.Timing = dnssec.Timing{}
		when(&k.Timing)
	}
	return k
}

func signer(t testing.TB, cfg dnssec.Config) *dnssec.Signer {
	t.Helper()
	s, err := dnssec.New(apex, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// records turns an RRset into what miekg/dns makes of its wire form.
func records(t testing.TB, r zone.RRset) []dns.RR {
	t.Helper()
	var rrs []dns.RR
	for d := range r.RDATA() {
		h := dns.RR_Header{Name: r.Owner.String(), Rrtype: r.Type, Class: dns.ClassINET, Ttl: r.TTL, Rdlength: uint16(len(d))}
		rr, _, err := dns.UnpackRRWithHeader(h, []byte(d), 0)
		if err != nil {
			t.Fatalf("%v: %v", r, err)
		}
		rrs = append(rrs, rr)
	}
	return rrs
}

// verify has miekg/dns validate r by sigs with one of the keys, at t.
func verify(t testing.TB, r, sigs, dnskeys zone.RRset, at time.Time) bool {
	t.Helper()
	for _, sig := range records(t, sigs) {
		for _, k := range records(t, dnskeys) {
			if sig := sig.(*dns.RRSIG); sig.Verify(k.(*dns.DNSKEY), records(t, r)) == nil && sig.ValidityPeriod(at) {
				return true
			}
		}
	}
	return false
}

func txt(name, text string) zone.RRset {
	return zone.NewRRset(dnsname.MustParse(name), zone.TypeTXT, 300, zone.TXT(text))
}

func must(t testing.TB, r zone.RRset, err error) zone.RRset {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return r
}
