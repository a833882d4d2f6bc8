package transfer_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/transfer"
	"github.com/fedns/fedns/dnsserver/zone"
)

func TestCatalog(t *testing.T) {
	name := dnsname.MustParse
	sets, err := transfer.Catalog(name("cat.Example"), []dnsname.Name{name("b.org"), name("a.org"), name("B.org")})
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, r := range sets {
		lines = append(lines, r.String())
	}
	want := []string{
		"cat.example. NS invalid.",
		"version.cat.example. TXT " + zone.RDATAString(zone.TypeTXT, "\x012"),
	}
	if len(lines) != 4 || lines[0] != want[0] || lines[1] != want[1] {
		t.Errorf("%q", lines)
	}
	for _, l := range lines[2:] {
		if !strings.HasSuffix(l, ".zones.cat.example. PTR a.org.") && !strings.HasSuffix(l, ".zones.cat.example. PTR b.org.") {
			t.Error(l)
		}
	}
	// A member keeps its label whoever else comes and goes.
	less, _ := transfer.Catalog(name("cat.example"), []dnsname.Name{name("a.org")})
	for _, r := range less {
		if !slices.Contains(sets, r) {
			t.Errorf("%s was not there before", r)
		}
	}
	b := zone.NewZone(name("cat.example"))
	for _, r := range sets {
		b.Set(r)
	}
	b.Set(zone.NewRRset(name("cat.example"), zone.TypeSOA, 0, zone.SOA{MName: name("invalid"), RName: name("invalid"), Serial: 1}.RDATA()))
	if _, _, err := b.Build(); err != nil {
		t.Error(err)
	}
	long := name(strings.Repeat(strings.Repeat("x", 63)+".", 3) + strings.Repeat("y", 50))
	if _, err := transfer.Catalog(long, []dnsname.Name{name("a.org")}); !errors.Is(err, dnsname.ErrNameLength) {
		t.Errorf("an apex that is too long: %v", err)
	}
}
