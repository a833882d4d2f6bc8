package ownership

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
)

const (
	labelStart    = "_fedns-"
	wildcardEnd   = "-wildcard"
	hashLen       = 16 // hexadecimal digits: 64 bits, and a collision is told by the text
	fenceStart    = "_fedns-fence-"
	typeStart     = "type"
	lowestUnnamed = 1
)

// typeLabels are part of names in hosted zones: they are never changed, and none
// is added, or the claims of that type are lost.
var typeLabels = map[uint16]string{
	zone.TypeA: "a", zone.TypeNS: "ns", zone.TypeCNAME: "cname", zone.TypeSOA: "soa", zone.TypePTR: "ptr",
	zone.TypeMX: "mx", zone.TypeTXT: "txt", zone.TypeAAAA: "aaaa", zone.TypeSRV: "srv", zone.TypeDNAME: "dname",
	zone.TypeDS: "ds",
}

func typeLabel(typ uint16) string {
	if l, ok := typeLabels[typ]; ok {
		return l
	}
	return typeStart + strconv.Itoa(int(typ))
}

func parseType(label string) (uint16, bool) {
	for typ, l := range typeLabels {
		if l == label {
			return typ, true
		}
	}
	digits, ok := strings.CutPrefix(label, typeStart)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 16)
	if err != nil || n < lowestUnnamed || typeLabel(uint16(n)) != label {
		return 0, false
	}
	return uint16(n), true
}

// Key is where the claims of k are: a TXT. It fails for names outside of the
// zone, and for claims and fences themselves, which nobody claims.
func (c Codec) Key(k hosted.Key) (hosted.Key, error) {
	if !k.Owner.Under(c.apex) {
		return hosted.Key{}, fmt.Errorf("claims of %s: it is not in the zone %s", hosted.KeyString(k), c.apex)
	}
	if IsClaim(k) || IsFence(k) {
		return hosted.Key{}, fmt.Errorf("claims of %s: names that begin with %s are fedns's own", hosted.KeyString(k), labelStart)
	}
	at, err := c.beside(k)
	if err != nil {
		at, err = c.apex.Child(labelStart + typeLabel(k.Type) + "-" + hash(k.Owner))
	}
	if err != nil {
		return hosted.Key{}, fmt.Errorf("claims of %s: %w", hosted.KeyString(k), err)
	}
	return hosted.Key{Owner: at, Type: zone.TypeTXT}, nil
}

var errHidden = fmt.Errorf("nothing can be below it")

// beside is the name next to k, or an error when it cannot be there.
func (c Codec) beside(k hosted.Key) (dnsname.Name, error) {
	switch {
	case k.Type == zone.TypeDS, k.Type == zone.TypeDNAME, k.Type == zone.TypeNS && k.Owner != c.apex:
		return dnsname.Name{}, errHidden // a name below is occluded (RFC 9499 §7, RFC 6672 §2.4)
	case !k.Owner.IsWildcard():
		return k.Owner.Child(labelStart + typeLabel(k.Type))
	case k.Owner == c.apex:
		return dnsname.Name{}, errHidden
	}
	return k.Owner.Parent().Child(labelStart + typeLabel(k.Type) + wildcardEnd)
}

func hash(owner dnsname.Name) string {
	sum := sha256.Sum256([]byte(owner.Wire()))
	return hex.EncodeToString(sum[:])[:hashLen]
}

// IsClaim says, by the name's form, that a Key is one of claims. A fence's is not.
func IsClaim(k hosted.Key) bool {
	_, ok := parseLabel(k)
	return ok
}

// IsFence says, by the name's form, that a Key is a fence's, of whatever owner.
func IsFence(k hosted.Key) bool {
	owner, ok := strings.CutPrefix(k.Owner.Label(), fenceStart)
	return ok && k.Type == zone.TypeTXT && CheckOwner(owner) == nil
}

// place is what the name of claims says.
type place struct {
	typ      uint16
	wildcard bool
	hash     string // of the owner name, when that is in the text only
}

func parseLabel(k hosted.Key) (place, bool) {
	rest, ok := strings.CutPrefix(k.Owner.Label(), labelStart)
	if !ok || k.Type != zone.TypeTXT {
		return place{}, false
	}
	var p place
	name, end, parts := strings.Cut(rest, "-")
	switch {
	case !parts:
	case "-"+end == wildcardEnd:
		p.wildcard = true
	case isHash(end):
		p.hash = end
	default:
		return place{}, false
	}
	p.typ, ok = parseType(name)
	return p, ok
}

func isHash(s string) bool {
	return len(s) == hashLen && strings.Trim(s, "0123456789abcdef") == ""
}

// about is whose claims are at k: the zero Key when only the text can tell.
func (c Codec) about(k hosted.Key) (hosted.Key, place, error) {
	p, ok := parseLabel(k)
	if !ok {
		return hosted.Key{}, p, fmt.Errorf("%s is no name of claims", hosted.KeyString(k))
	}
	if p.hash != "" {
		if k.Owner.Parent() != c.apex {
			return hosted.Key{}, p, fmt.Errorf("%s is not at the apex, %s", hosted.KeyString(k), c.apex)
		}
		return hosted.Key{}, p, nil
	}
	of := hosted.Key{Owner: k.Owner.Parent(), Type: p.typ}
	if p.wildcard {
		var err error
		if of.Owner, err = of.Owner.Child("*"); err != nil {
			return hosted.Key{}, p, fmt.Errorf("%s: %w", hosted.KeyString(k), err)
		}
	}
	if at, err := c.Key(of); err != nil || at != k {
		return hosted.Key{}, p, fmt.Errorf("%s is not where the claims of %s are", hosted.KeyString(k), hosted.KeyString(of))
	}
	return of, p, nil
}
