package protocol

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/integration/harness"
)

const (
	parent   = "fedns.example."
	secret   = "bm90IGEgc2VjcmV0LCBvbmx5IGEgdGVzdCBvZiBvbmU="
	transfer = `key "transfer." { algorithm hmac-sha256; secret "` + secret + `"; };
`
)

// parentZone has each kind of content that signing has a rule for. Two of its
// delegations lead to the name server at the address given, one of them signed by
// the DS records given.
func parentZone(children, ds string) string {
	return `$ORIGIN ` + parent + `
$TTL 60
@               SOA   ns host 1 3600 600 86400 5
@               NS    ns
@               MX    10 mail
@               TXT   "apex"
ns              A     192.0.2.53
ns.children     A     ` + children + `
mail            A     192.0.2.25
www             A     192.0.2.80
www             AAAA  2001:db8::80
*.wild          A     192.0.2.42
*.wild          TXT   "star"
there.wild      A     192.0.2.43
deep.b.ent      A     192.0.2.44
one             CNAME two
two             CNAME three
three           CNAME www
starred         CNAME anything.wild
dangling        CNAME nothing
old             DNAME new
host.new        A     192.0.2.45
insecure        NS    ns.children
secure          NS    ns.children
glued           NS    ns.glued
ns.glued        A     192.0.2.54
` + ds
}

const childZone = `$TTL 60
@    SOA ns.children.` + parent + ` host 1 3600 600 86400 5
@    NS  ns.children.` + parent + `
www  A   198.51.100.80
*.w  A   198.51.100.81
`

// TestSignedZone: signers' own tools accept the zone as it is transferred, and a
// validator what it is answered.
func TestSignedZone(t *testing.T) {
	harness.Need(t, "unbound", "unbound")
	f := harness.Start(t, harness.Options{Network: true}) // a delegation names no port: it has to be 53
	write(t, f.Dir, "transfer.key", transfer)
	write(t, f.Dir, "child.zone", childZone)
	for _, dir := range []string{"keys", "childkeys"} {
		if err := os.Mkdir(f.Dir+"/"+dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	child := start(t, f, listenPlain+`
zones:
- {name: secure.fedns.example, files: [child.zone]}
- {name: insecure.fedns.example, files: [child.zone]}
dnssec: {keys: childkeys, zones: [secure.fedns.example], generate: true}
`)
	address, _, err := net.SplitHostPort(child.DNSAddr)
	if err != nil {
		t.Fatal(err)
	}
	var ds []string
	for _, d := range delegationSigners(t, child.DNSAddr, "secure."+parent) {
		ds = append(ds, d.String()+"\n")
	}
	write(t, f.Dir, "parent.zone", parentZone(address, strings.Join(ds, "")))
	server := start(t, f, listenPlain+`
zones:
- {name: fedns.example, files: [parent.zone]}
tsigKeys: [transfer.key]
access: {transfer: [{key: transfer}]}
dnssec: {keys: keys, zones: [fedns.example], generate: true}
`).DNSAddr

	t.Run("ldns-verify-zone", func(t *testing.T) { verify(t, server, "ldnsutils", "ldns-verify-zone") })
	// -z: one key is both KSK and ZSK.
	t.Run("dnssec-verify", func(t *testing.T) { verify(t, server, "bind9-utils", "dnssec-verify", "-z", "-o", parent) })
	t.Run("unbound", func(t *testing.T) { validated(t, server) })
	t.Run("a compact denial says NXDOMAIN to who knows it", func(t *testing.T) {
		for name, want := range map[string]int{"nothing." + parent: dns.RcodeNameError, "b.ent." + parent: dns.RcodeSuccess} {
			r := ask(t, server, question(name, dns.TypeA, dnssecOK, func(m *dns.Msg) { m.IsEdns0().SetCo() }))
			if r.Rcode != want {
				t.Errorf("%s: %s, want %s (RFC 9824 §5.1)", name, dns.RcodeToString[r.Rcode], dns.RcodeToString[want])
			}
		}
	})
}

// delegationSigners makes the DS records of the keys a zone shows.
func delegationSigners(t *testing.T, server, apex string) (all []*dns.DS) {
	t.Helper()
	for _, rr := range ask(t, server, question(apex, dns.TypeDNSKEY)).Answer {
		if key, ok := rr.(*dns.DNSKEY); ok && key.Flags&dns.SEP != 0 {
			all = append(all, key.ToDS(dns.SHA256))
		}
	}
	if len(all) == 0 {
		t.Fatalf("%s has no key", apex)
	}
	return all
}

// verify transfers the zone as secondaries do and has a tool look at it.
func verify(t *testing.T, server, pkg, tool string, args ...string) {
	t.Helper()
	harness.Need(t, "dig", "bind9-dnsutils")
	harness.Need(t, tool, pkg)
	host, port, err := net.SplitHostPort(server)
	if err != nil {
		t.Fatal(err)
	}
	dig := func(args ...string) string {
		out, err := exec.CommandContext(t.Context(), "dig", append([]string{"@" + host, "-p", port, "+tcp"}, args...)...).Output()
		if err != nil {
			t.Fatalf("dig: %v\n%s", err, out)
		}
		return string(out)
	}
	if out := dig(parent, "AXFR"); !strings.Contains(out, "Transfer failed") {
		t.Errorf("a transfer without a key went through:\n%s", out)
	}
	zone := dig("+onesoa", "+noall", "+answer", "-y", "hmac-sha256:transfer:"+secret, parent, "AXFR")
	if !strings.Contains(zone, "RRSIG") {
		t.Fatalf("the zone that was transferred is not signed:\n%s", zone)
	}
	file := write(t, t.TempDir(), "zone", zone)
	if out, err := exec.CommandContext(t.Context(), tool, append(args, file)...).CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s\n%s", tool, err, out, zone)
	}
}

// trusting is Unbound's configuration for one zone at a server, with DS records to trust.
func trusting(t *testing.T, server string, anchors []*dns.DS, more string) string {
	t.Helper()
	host, port, err := net.SplitHostPort(server)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	for _, ds := range anchors {
		fmt.Fprintf(&b, "  trust-anchor: %q\n", strings.ReplaceAll(ds.String(), "\t", " "))
	}
	fmt.Fprintf(&b, "%s\nstub-zone:\n  name: %q\n  stub-addr: %s@%s\n", more, parent, host, port)
	return b.String()
}

// validated asks Unbound for each kind of answer.
func validated(t *testing.T, server string) {
	resolver := unbound(t, trusting(t, server, delegationSigners(t, server, parent), ""))
	for _, c := range []struct {
		what, name string
		typ        uint16
		insecure   bool     // no AD is right
		gone       bool     // there is no such name
		answer     []string // of typ
	}{
		{what: "positive", name: "www", typ: dns.TypeA, answer: []string{"192.0.2.80"}},
		{what: "positive, at the apex", name: "", typ: dns.TypeMX, answer: []string{"10 mail." + parent}},
		{what: "wildcard", name: "any.wild", typ: dns.TypeA, answer: []string{"192.0.2.42"}},
		{what: "wildcard, two labels", name: "a.b.wild", typ: dns.TypeTXT, answer: []string{`"star"`}},
		{what: "beside the wildcard", name: "there.wild", typ: dns.TypeA, answer: []string{"192.0.2.43"}},
		{what: "the wildcard itself", name: "*.wild", typ: dns.TypeA, answer: []string{"192.0.2.42"}},
		{what: "NODATA", name: "mail", typ: dns.TypeAAAA},
		{what: "NODATA at the apex", name: "", typ: dns.TypeSRV},
		{what: "NODATA of a wildcard", name: "any.wild", typ: dns.TypeAAAA},
		{what: "NODATA of a name beside a wildcard", name: "there.wild", typ: dns.TypeTXT},
		{what: "NXDOMAIN", name: "nothing", typ: dns.TypeA, gone: true},
		{what: "NXDOMAIN, far below", name: "a.b.c.nothing", typ: dns.TypeA, gone: true},
		{what: "NXDOMAIN below a name", name: "below.www", typ: dns.TypeTXT, gone: true},
		{what: "empty non-terminal", name: "b.ent", typ: dns.TypeA},
		{what: "empty non-terminal above that", name: "ent", typ: dns.TypeTXT},
		{what: "below an empty non-terminal", name: "deep.b.ent", typ: dns.TypeA, answer: []string{"192.0.2.44"}},
		{what: "CNAME chain", name: "one", typ: dns.TypeA, answer: []string{"192.0.2.80"}},
		{what: "CNAME itself", name: "one", typ: dns.TypeCNAME, answer: []string{"two." + parent}},
		{what: "CNAME to no such type", name: "one", typ: dns.TypeMX},
		{what: "CNAME to a wildcard", name: "starred", typ: dns.TypeA, answer: []string{"192.0.2.42"}},
		{what: "CNAME to nothing", name: "dangling", typ: dns.TypeA, gone: true},
		{what: "DNAME", name: "host.old", typ: dns.TypeA, answer: []string{"192.0.2.45"}},
		{what: "DNAME itself", name: "old", typ: dns.TypeDNAME, answer: []string{"new." + parent}},
		{what: "DNAME to nothing", name: "nothing.old", typ: dns.TypeA, gone: true},
		{what: "below a signed delegation", name: "www.secure", typ: dns.TypeA, answer: []string{"198.51.100.80"}},
		{what: "wildcard below a signed delegation", name: "x.w.secure", typ: dns.TypeA, answer: []string{"198.51.100.81"}},
		{what: "NXDOMAIN below a signed delegation", name: "nothing.secure", typ: dns.TypeA, gone: true},
		{what: "no DS at an unsigned delegation", name: "insecure", typ: dns.TypeDS},
		{what: "below an unsigned delegation", name: "www.insecure", typ: dns.TypeA, answer: []string{"198.51.100.80"}, insecure: true},
		{what: "a key", name: "", typ: dns.TypeDNSKEY, answer: data(ask(t, server, question(parent, dns.TypeDNSKEY)), dns.TypeDNSKEY)},
	} {
		t.Run(c.what, func(t *testing.T) {
			name := strings.TrimPrefix(c.name+"."+parent, ".")
			r := ask(t, resolver, question(name, c.typ, dnssecOK))
			// A validator that does not know compact denials sees NODATA where there is
			// no such name (RFC 9824 §3.1).
			if r.Rcode != dns.RcodeSuccess && (r.Rcode != dns.RcodeNameError || !c.gone) {
				t.Errorf("%s\n%s", dns.RcodeToString[r.Rcode], r)
			}
			if r.AuthenticatedData == c.insecure {
				t.Errorf("AD is %v\n%s", r.AuthenticatedData, r)
			}
			if got := data(r, c.typ); !slices.Equal(got, c.answer) {
				t.Errorf("got %v, want %v", got, c.answer)
			}
		})
	}
	for _, rr := range ask(t, server, question("www.glued."+parent, dns.TypeA, dnssecOK)).Ns {
		if nsec, ok := rr.(*dns.NSEC); ok {
			if !slices.Contains(nsec.TypeBitMap, dns.TypeNS) || slices.Contains(nsec.TypeBitMap, dns.TypeDS) {
				t.Errorf("the referral's proof that there is no DS is %s", nsec)
			}
			return
		}
	}
	t.Error("a referral without DS has no proof of that (RFC 4035 §3.1.4.1)")
}
