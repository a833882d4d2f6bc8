package providertest

import (
	"context"
	"fmt"
	"slices"

	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
)

func anAddress(z site) []step {
	return []step{
		wants("nothing"),
		wants("an address", z.a("www", 300, "192.0.2.1")),
		wants("the same: no change", z.a("www", 300, "192.0.2.1")),
		wants("another in its place", z.a("www", 300, "192.0.2.2")),
		wants("a second name", z.a("www", 300, "192.0.2.2"), z.a("api", 60, "192.0.2.3")),
		wants("the names exchange addresses", z.a("www", 300, "192.0.2.3"), z.a("api", 60, "192.0.2.2")),
		wants("an IPv6 address beside it", z.a("www", 300, "192.0.2.3"), z.aaaa("www", 300, "2001:db8::1"), z.a("api", 60, "192.0.2.2")),
		wants("IPv6 alone", z.aaaa("www", 300, "2001:db8::1"), z.a("api", 60, "192.0.2.2")),
		wants("IPv6 with zeros in odd places", z.aaaa("www", 300, "2001:0:0:1::", "::1", "fe80::0:1:0:0:1"), z.a("api", 60, "192.0.2.2")),
		wants("one name", z.a("api", 60, "192.0.2.2")),
		wants("nothing again"),
	}
}

// everyType has one lesson's worth of each type that the lessons know.
func everyType(z site) []step {
	all := []hosted.Entry{
		z.a("a", 300, "192.0.2.1"),
		z.aaaa("aaaa", 300, "2001:db8::1"),
		z.cname("cname", "a"),
		z.txt("txt", 300, "some text"),
		z.set("mx", zone.TypeMX, 300, z.mx(10, "a"), z.mx(20, "mail.example.net.")),
		z.set("_sip._udp", zone.TypeSRV, 300, z.srv(0, 5, 5060, "a"), z.srv(10, 0, 65535, "sip.example.net.")),
		z.set("caa", typeCAA, 300, caa(0, "issue", "ca.example.net"), caa(128, "issuewild", ";"), caa(0, "iodef", "mailto:dns@example.net")),
		z.set("ns", zone.TypeNS, 300, z.to("ns1.example.net."), z.to("ns2.example.net.")),
		z.set("ptr", zone.TypePTR, 300, z.to("host.example.net.")),
	}
	steps := []step{{"Check lets pass what the provider holds", func(context.Context, *stage) error {
		for _, e := range all {
			why := z.Limits.Check(e)
			if known := z.Types == nil || slices.Contains(z.Types, e.Key.Type); known != (why == "") {
				return fmt.Errorf("%s: Check says %q, Types are %v", e, why, z.Types)
			}
		}
		return nil
	}}}
	for _, e := range all {
		steps = append(steps, wants(hosted.KeyString(e.Key), e))
	}
	return append(steps,
		wants("all at once", all...),
		wants("MX preferences exchanged", z.set("mx", zone.TypeMX, 300, z.mx(20, "a"), z.mx(10, "mail.example.net."))),
		wants("SRV with another port", z.set("_sip._udp", zone.TypeSRV, 300, z.srv(0, 5, 5061, "a"))),
		wants("SRV that says no (RFC 2782)", z.set("_sip._udp", zone.TypeSRV, 300, z.srv(0, 0, 0, "."))),
		wants("MX that says no (RFC 7505)", z.set("mx", zone.TypeMX, 300, z.mx(0, "."))),
		wants("a delegation with glue", z.set("sub", zone.TypeNS, 300, z.to("ns.sub")), z.a("ns.sub", 300, "192.0.2.53")),
		wants("nothing"),
	)
}

func manyRecords(z site) []step {
	var steps []step
	for _, n := range []int{1, 2, 10, 99, 3} {
		var addrs []string
		for i := range n {
			addrs = append(addrs, number(i))
		}
		steps = append(steps, wants(fmt.Sprintf("%d addresses", n), z.a("www", 300, addrs...)))
	}
	return append(steps,
		wants("addresses that text would sort otherwise", z.a("www", 300, "192.0.2.100", "192.0.2.20", "192.0.2.3", "9.0.0.1", "10.0.0.1")),
		wants("some of them", z.a("www", 300, "192.0.2.100", "192.0.2.3", "10.0.0.1")),
		wants("texts that differ in case alone", z.set("txt", zone.TypeTXT, 300, words("Abc"), words("abc"), words("ABC"))),
		wants("texts where one begins another", z.set("txt", zone.TypeTXT, 300, words("a"), words("a", ""), words("a", "b"), words("ab"))),
		wants("nothing"),
	)
}

func timeToLive(z site) []step {
	var steps []step
	for _, ttl := range []uint32{300, 301, 60, 5, 1, 86400, 604800, 1<<31 - 1, 1 << 31, 0} {
		steps = append(steps, wants(fmt.Sprintf("%d seconds, nothing else changes", ttl), z.a("www", ttl, "192.0.2.1", "192.0.2.2")))
	}
	return append(steps,
		wants("two types with one each", z.a("www", 60, "192.0.2.1"), z.aaaa("www", 90, "2001:db8::1")),
		wants("exchanged", z.a("www", 90, "192.0.2.1"), z.aaaa("www", 60, "2001:db8::1")),
	)
}
