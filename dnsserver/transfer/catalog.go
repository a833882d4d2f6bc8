package transfer

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
)

const (
	// catalogTTL has no meaning: catalogs are transferred, nobody looks them up.
	catalogTTL = 0
	// labelOctets of a hash tell members apart, in hexadecimal digits: 128 bits.
	labelOctets = 16
)

// Catalog makes the records of a catalog zone (RFC 9432, version 2) with an
// apex: the zones that secondaries are to serve. Its SOA is the caller's.
// Members come in any order; one that comes twice is listed once. A member's
// label is made of its name, so it stays the same as long as the member does
// (§5.4: a new label would reset the member's state).
//
// The error, which wraps dnsname.ErrNameLength, says that the apex is too long.
func Catalog(apex dnsname.Name, members []dnsname.Name) ([]zone.RRset, error) {
	version, err := apex.Child("version")
	if err != nil {
		return nil, fmt.Errorf("catalog zone: %w", err)
	}
	zones, err := apex.Child("zones")
	if err != nil {
		return nil, fmt.Errorf("catalog zone: %w", err)
	}
	sets := []zone.RRset{
		zone.NewRRset(apex, zone.TypeNS, catalogTTL, zone.Target(dnsname.MustParse("invalid"))), // §4.1
		zone.NewRRset(version, zone.TypeTXT, catalogTTL, zone.TXT("2")),                         // the schema's version
	}
	for _, m := range members {
		sum := sha256.Sum256([]byte(m.Wire()))
		owner, err := zones.Child(hex.EncodeToString(sum[:labelOctets]))
		if err != nil {
			return nil, fmt.Errorf("catalog zone: %w", err)
		}
		sets = append(sets, zone.NewRRset(owner, zone.TypePTR, catalogTTL, zone.Target(m)))
	}
	slices.SortFunc(sets, func(a, b zone.RRset) int {
		return cmp.Or(dnsname.Compare(a.Owner, b.Owner), cmp.Compare(a.Type, b.Type))
	})
	return slices.Compact(sets), nil
}
