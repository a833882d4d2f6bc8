package difftest

import (
	"fmt"
	"slices"
	"strings"
)

// mistake is a way to spoil a zone by one line.
type mistake struct {
	name string
	// line makes the line from a valid zone; empty when the zone does not offer the occasion.
	line func(g *generator) string
	// bind tells how BIND gets by where it does not refuse the zone; empty when it refuses it, too.
	bind string
}

// anOwner is the owner of a record of the zone that fits what the mistake needs.
func anOwner(g *generator, fits func(r record) bool) (name, bool) {
	var found []name
	for _, r := range g.records {
		if fits(r) {
			found = append(found, r.owner)
		}
	}
	if len(found) == 0 {
		return nil, false
	}
	return pick(g, found), true
}

// always is a mistake that needs nothing; %s in the line is a new owner name.
func always(line string) func(g *generator) string {
	return func(g *generator) string {
		owner := g.zone.apex.child(fmt.Sprintf("mistake%d", g.IntN(1000)))
		return strings.ReplaceAll(line, "%s", owner.String())
	}
}

// beside is a mistake at the owner of a record of one of these types; %s in the line is its name.
func beside(line string, types ...string) func(g *generator) string {
	return func(g *generator) string {
		owner, ok := anOwner(g, func(r record) bool { return slices.Contains(types, r.typ) && len(r.owner) > len(g.zone.apex) })
		if !ok {
			return ""
		}
		return strings.ReplaceAll(line, "%s", owner.String())
	}
}

func atApex(line string) func(g *generator) string {
	return func(g *generator) string { return strings.ReplaceAll(line, "%s", g.zone.apex.String()) }
}

// mistakes are what TestDifferentialInvalidZones spoils zones with.
var mistakes = []mistake{
	{name: "address cut short", line: always("%s 60 IN A 192.0.2")},
	{name: "address out of range", line: always("%s 60 IN A 192.0.2.256")},
	{name: "IPv4 for AAAA", line: always("%s 60 IN AAAA 192.0.2.1")},
	{name: "no data", line: always("%s 60 IN A")},
	{name: "no type", line: always("%s 60 IN")},
	{name: "words behind the data", line: always("%s 60 IN A 192.0.2.1 192.0.2.2")},
	{name: "unknown type", line: always("%s 60 IN ADDRESS 192.0.2.1")},
	{name: "type number too large", line: always(`%s 60 IN TYPE65536 \# 0`)},
	{name: "MX without preference", line: always("%s 60 IN MX mail")},
	{name: "SRV port out of range", line: always("%s 60 IN SRV 0 0 65536 a")},
	{name: "SOA number out of range", line: atApex("%s 60 IN SOA a b 4294967296 1 1 1 1")},
	{name: "hexadecimal of odd length", line: always(`%s 60 IN TYPE65280 \# 2 abc`)},
	{name: "length that is not the data's", line: always(`%s 60 IN TYPE65280 \# 3 abcd`)},
	{name: "address in hexadecimal of wrong length", line: always(`%s 60 IN A \# 3 c00002`)},
	{name: "name in hexadecimal with octets behind it", line: always(`%s 60 IN NS \# 4 016100ff`)},
	{name: "quote left open", line: always(`%s 60 IN TXT "left open`)},
	{name: "parenthesis left open", line: always(`%s 60 IN TXT ( "left open"`)},
	{name: "parenthesis closed twice", line: always(`%s 60 IN TXT ( "a" ) )`)},
	{name: "escape beyond 255", line: always(`%s 60 IN PTR a\256`)},
	{name: "label of 64 octets", line: always(strings.Repeat("l", 64) + " 60 IN A 192.0.2.1")},
	{name: "name of 256 octets", line: always(strings.Repeat("1234567.", 30) + "%s 60 IN A 192.0.2.1")},
	{name: "empty label", line: always("a..%s 60 IN A 192.0.2.1")},
	{name: "TTL beyond 31 bits", line: always("%s 2147483648 IN A 192.0.2.1"), bind: "takes the TTL for 0"},
	{name: "TTL that is no number", line: always("%s 60x IN A 192.0.2.1")},
	{name: "class CH", line: always("%s 60 CH A 192.0.2.1")},
	{name: "type of queries", line: always(`%s 60 IN TYPE255 \# 0`)},
	{name: "type of transactions", line: always(`%s 60 IN TYPE250 \# 0`)},
	{name: "out of zone", line: always("a.example.net. 60 IN A 192.0.2.1"), bind: "leaves the record out"},
	{name: "unknown directive", line: always("$DIRECTIVE x")},
	{name: "$INCLUDE of nothing", line: always("$INCLUDE nowhere/to/be/found")},
	{name: "$ORIGIN with an empty label", line: always("$ORIGIN a..b")},
	{name: "$TTL that is no number", line: always("$TTL soon")},
	{name: "second SOA", line: atApex("%s 60 IN SOA a b 1 1 1 1 1")},
	{name: "SOA below the apex", line: always("%s 60 IN SOA a b 1 1 1 1 1")},
	{name: "CNAME at the apex", line: atApex("%s 60 IN CNAME a")},
	{name: "CNAME beside data", line: beside("%s 60 IN CNAME elsewhere.example.", "A", "AAAA", "TXT", "MX", "NS")},
	{name: "data beside a CNAME", line: beside("%s 60 IN A 192.0.2.1", "CNAME")},
	{name: "second CNAME", line: beside("%s 60 IN CNAME another.example.", "CNAME")},
	{name: "DNAME beside a CNAME", line: beside("%s 60 IN DNAME another.example.", "CNAME")},
	{name: "second DNAME", line: beside("%s 60 IN DNAME another.example.", "DNAME")},
	{name: "data below a DNAME", line: beside("below.%s 60 IN A 192.0.2.1", "DNAME"), bind: "serves it, hidden"},
	{name: "cut at a DNAME", line: beside("%s 60 IN NS ns.example.net.", "DNAME"), bind: "serves it"},
}

// spoil puts a line into a zone file between two records. It returns the file
// and the number of the line, from 1.
func spoil(g *generator, text, line string) (string, int) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	// Not before the SOA, and not where a record has the owner of the one before it.
	var places []int
	seen := false
	for i, l := range lines {
		seen = seen || strings.Contains(l, " ) ") || strings.HasSuffix(l, " )")
		if seen && (i+1 == len(lines) || lines[i+1] != "" && lines[i+1][0] != ' ' && lines[i+1][0] != '\t') {
			places = append(places, i+1)
		}
	}
	at := pick(g, places)
	return strings.Join(slices.Insert(lines, at, line), "\n") + "\n", at + 1
}
