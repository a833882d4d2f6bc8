package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// written is the zone as external-dns would have left it: the Service's name, another's,
// and a stranger's.
const written = `; Written by fedns.
$ORIGIN example.com.
@ 300 IN SOA ns.invalid. hostmaster 1 7200 900 1209600 300
@ 300 IN NS ns.invalid.
web.shop.prod.svc 300 IN A 192.0.2.200
extdns-a-web.shop.prod.svc 300 IN TXT "heritage=external-dns,external-dns/owner=old,external-dns/resource=service/shop/web"
other 300 IN A 192.0.2.201
extdns-a-other 300 IN TXT "heritage=external-dns,external-dns/owner=old,external-dns/resource=service/shop/other"
foreign 300 IN A 192.0.2.202
`

// TestAdopt: the daemon is asked by HTTP, tells first, and then takes over.
func TestAdopt(t *testing.T) {
	s := serveDaemon(t, exported, map[string]string{"a/web.yaml": webManifest, "example.com.zone": written})
	s.answers(globally, dns.TypeA, "NOERROR 10.0.0.1")
	file := filepath.Join(s.dir, "example.com.zone")
	has := func(text string, want bool) {
		t.Helper()
		s.await(text, func() string {
			now, err := os.ReadFile(file)
			if err == nil && strings.Contains(string(now), text) == want {
				return ""
			}
			return "the file has it or not:\n" + string(now)
		})
	}
	s.await("the provider", func() string {
		_, body := s.get("/api/v1/providers")
		if strings.Contains(body, `"phase": "InSync"`) && strings.Contains(body, "no claim says whose it is") {
			return ""
		}
		return body
	})
	adopt := func(more ...string) []string {
		return append([]string{"adopt", "--provider", "disk", "--from-owner", "old"}, more...)
	}
	s.fednsTold(0, `disk example.com.: of "old", 0 record sets would be adopted, 0 are refused, 0 are left`, adopt("--dry-run")...) // without the prefix
	s.fednsTold(0, `disk example.com.: of "old", 1 record sets would be adopted, 0 are refused, 1 are left`, adopt("--dry-run", "--txt-prefix", "extdns-")...)
	s.fednsTold(0, "          - 300 192.0.2.200\n", adopt("--dry-run", "--txt-prefix", "extdns-")...)
	s.fednsTold(0, `"adopts": "old"`, adopt("--dry-run", "--txt-prefix", "extdns-", "--output", "json")...)
	s.fednsTold(1, "a prefix", adopt("--txt-prefix", "a", "--txt-suffix", "b")...)
	s.fednsTold(1, `there is no provider "cloud"`, "adopt", "--provider", "cloud", "--from-owner", "old")
	s.fednsTold(2, "from-owner", "adopt", "--provider", "disk")
	has("192.0.2.200", true) // nothing was done yet
	s.fednsTold(0, "replace "+globally+" A: it is adopted from the owner \"old\" of external-dns", adopt("--txt-prefix", "extdns-")...)
	has("192.0.2.200", false)
	has("10.0.0.1", true)
	has("resource=service/shop/web\"", false)
	has("resource=service/shop/other\"", true)
	has("192.0.2.202", true)
	s.fednsTold(0, "disk example.com.: nothing to do", "plan")
}
