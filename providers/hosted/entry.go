package hosted

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
)

// Key names an Entry within a hosted zone: an owner name and an RR type.
type Key = zone.Key

// CompareKeys orders Keys canonically (RFC 4034 §6.1), then by type.
func CompareKeys(a, b Key) int {
	return cmp.Or(dnsname.Compare(a.Owner, b.Owner), cmp.Compare(a.Type, b.Type))
}

// KeyString shows a Key to people: "web.example.com. A".
func KeyString(k Key) string {
	return fmt.Sprintf("%s %s", k.Owner, zone.TypeString(k.Type))
}

// Entry is everything a hosted zone holds of one owner name and type: one Set
// without an identifier, or any number with one each. It is an immutable value;
// Sets is sorted by identifier and must not be written to. An Entry without Sets
// does not exist.
type Entry struct {
	Key  Key
	Sets []Set
}

// NewEntry sorts sets by identifier. sets is kept.
func NewEntry(k Key, sets ...Set) Entry {
	slices.SortFunc(sets, func(a, b Set) int { return strings.Compare(a.ID, b.ID) })
	return Entry{Key: k, Sets: sets}
}

// Simple is the Entry of one record set without a routing policy.
func Simple(r zone.RRset) Entry {
	r.Stale = false
	return Entry{Key: r.Key(), Sets: []Set{{Records: r}}}
}

// IsEmpty says that there is nothing.
func (e Entry) IsEmpty() bool { return len(e.Sets) == 0 }

// Equal says that both hold the same.
func (e Entry) Equal(o Entry) bool {
	return e.Key == o.Key && slices.Equal(e.Sets, o.Sets)
}

// Set finds the record set with an identifier.
func (e Entry) Set(id string) (Set, bool) {
	for _, s := range e.Sets {
		if s.ID == id {
			return s, true
		}
	}
	return Set{}, false
}

// Policy is the routing policy by which the Sets share one owner name and type.
func (e Entry) Policy() Policy {
	if len(e.Sets) == 0 {
		return PolicySimple
	}
	return e.Sets[0].Routing.Policy
}

// String shows the Entry to people, in one line.
func (e Entry) String() string {
	if e.IsEmpty() {
		return KeyString(e.Key) + " (none)"
	}
	parts := make([]string, len(e.Sets))
	for i, s := range e.Sets {
		parts[i] = s.String()
	}
	return KeyString(e.Key) + " " + strings.Join(parts, " | ")
}

// Set is one record set. It is an immutable value; == compares content.
type Set struct {
	// ID is the set identifier: empty for the only Set of an Entry without a
	// routing policy, else unique in the Entry.
	ID string
	// Records are the records: Owner and Type are the Entry's, Stale is false. There
	// are none when Alias is set.
	Records zone.RRset
	// Alias stands for the addresses of another name, looked up by the provider.
	Alias Alias
	// Routing says when the provider answers with this Set.
	Routing Routing
	// Health is checked by the provider before it answers with this Set.
	Health Health
}

// TTL is the records' time to live in seconds; 0 for an Alias, which has that of
// its target.
func (s Set) TTL() uint32 { return s.Records.TTL }

// String shows the Set to people.
func (s Set) String() string {
	var b strings.Builder
	if s.ID != "" {
		fmt.Fprintf(&b, "%s[%s] ", s.ID, s.Routing)
	}
	if s.Alias.IsSet() {
		fmt.Fprintf(&b, "alias %s", s.Alias.Target)
		return b.String()
	}
	fmt.Fprintf(&b, "%d", s.Records.TTL)
	for r := range s.Records.RDATA() {
		b.WriteString(" " + zone.RDATAString(s.Records.Type, r))
	}
	return b.String()
}

// Alias is a record set that has no records of its own, but the addresses of
// another name (Route 53: alias records). The zero Alias is none.
type Alias struct {
	Target dnsname.Name
	// ZoneID is the provider's identifier of the hosted zone that Target is in.
	ZoneID string
	// Evaluate makes the target's health the Set's.
	Evaluate bool
}

// IsSet says that there is an alias.
func (a Alias) IsSet() bool { return a.ZoneID != "" }
