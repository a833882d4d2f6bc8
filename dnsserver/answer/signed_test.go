package answer_test

import (
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/answer"
	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/dnssec"
	"github.com/fedns/fedns/dnsserver/policy"
)

// TestSignedAnswers counts what is signed in each kind of answer; that the
// signatures are good, others' programs judge.
func TestSignedAnswers(t *testing.T) {
	key, err := dnssec.Generate(t.TempDir(), dnsname.MustParse("example."), dnssec.ECDSAP256SHA256, true, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	signer, err := dnssec.New(dnsname.MustParse("example."), dnssec.Config{Keys: []dnssec.Key{key}})
	if err != nil {
		t.Fatal(err)
	}
	e := answer.NewEngine()
	e.Serve(snapshot(t, "example.", exampleZone))
	e.SetSigner(dnsname.MustParse("example."), signer)
	for _, c := range []struct {
		what, name string
		typ        uint16
		do, co     bool
		rcode      int
		answer     string // types, in order
		authority  string
	}{
		{"not asked for", "www.example.", dns.TypeTXT, false, false, dns.RcodeSuccess, "TXT", ""},
		{"data", "www.example.", dns.TypeTXT, true, false, dns.RcodeSuccess, "TXT RRSIG", ""},
		{"by wildcard", "x.wild.example.", dns.TypeA, true, false, dns.RcodeSuccess, "A RRSIG", ""},
		{"by alias", "alias.example.", dns.TypeTXT, true, false, dns.RcodeSuccess, "CNAME RRSIG TXT RRSIG", ""},
		{"by DNAME", "host.old.example.", dns.TypeA, true, false, dns.RcodeSuccess, "DNAME RRSIG CNAME A RRSIG", ""},
		{"no data", "www.example.", dns.TypeMX, true, false, dns.RcodeSuccess, "", "SOA RRSIG NSEC RRSIG"},
		{"no name", "nx.example.", dns.TypeA, true, false, dns.RcodeSuccess, "", "SOA RRSIG NSEC RRSIG"},
		{"no name, to who knows of it", "nx.example.", dns.TypeA, true, true, dns.RcodeNameError, "", "SOA RRSIG NSEC RRSIG"},
		{"no name, unsigned", "nx.example.", dns.TypeA, false, false, dns.RcodeNameError, "", "SOA"},
		{"the proof itself", "www.example.", dns.TypeNSEC, true, false, dns.RcodeSuccess, "NSEC RRSIG", ""},
		{"the proof that there is no name", "nx.example.", dns.TypeNSEC, true, false, dns.RcodeSuccess, "NSEC RRSIG", ""},
		{"a signed delegation", "x.cut.example.", dns.TypeA, true, false, dns.RcodeSuccess, "", "NS NS DS RRSIG"},
		{"the type of names that do not exist", "nx.example.", 128, true, false, dns.RcodeFormatError, "", ""},
	} {
		q := new(dns.Msg).SetQuestion(c.name, c.typ)
		q.SetEdns0(1232, c.do)
		if c.co {
			q.IsEdns0().Hdr.Ttl |= 1 << 14
		}
		r := ask(t, e.NewWorker(policy.TCP, &answer.Counts{}), q)
		types := func(rrs []dns.RR) (text string) {
			for i, rr := range rrs {
				if i > 0 {
					text += " "
				}
				text += dns.TypeToString[rr.Header().Rrtype]
			}
			return text
		}
		if r.Rcode != c.rcode || types(r.Answer) != c.answer || types(r.Ns) != c.authority {
			t.Errorf("%s: %s, %q, %q; want %s, %q, %q", c.what, dns.RcodeToString[r.Rcode], types(r.Answer), types(r.Ns),
				dns.RcodeToString[c.rcode], c.answer, c.authority)
		}
	}
}
