package zonefile

import (
	"bytes"
	"fmt"
	"math"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/dnsname"
)

// maxTTL in seconds (RFC 2181 §8).
const maxTTL = math.MaxInt32

// record is one resource record as a file has it.
type record struct {
	key   string // the owner's sort key
	owner dnsname.Name
	typ   uint16
	ttl   uint32
	rdata string
	pos   Pos
}

// head is what a record or its file says before the RDATA. It is an included
// file's own: what that sets does not come back to the file that includes it.
type head struct {
	origin     dnsname.Name
	originText string // with a leading dot, to be put behind relative names
	owner      dnsname.Name
	ownerKey   string
	ownerText  string // as written, to save the work when it comes again
	// TTL in seconds: of $TTL (RFC 2308 §4), else the last one stated (RFC 1035 §5.1).
	defaultTTL, lastTTL uint32
	hasDefault, hasLast bool
}

func (h *head) setOrigin(n dnsname.Name) {
	h.origin = n
	h.originText = "." + n.String()
	if n == dnsname.Root {
		h.originText = "."
	}
	h.ownerText = ""
}

// name reads a name, completing a relative one by the origin (RFC 1035 §5.1).
func (h *head) name(text []byte) (dnsname.Name, error) {
	if string(text) == "@" {
		return h.origin, nil
	}
	if text[0] == '"' {
		return dnsname.Name{}, fmt.Errorf("%s is quoted, which a name cannot be", text)
	}
	if isAbsolute(text) {
		return dnsname.Parse(string(text))
	}
	return dnsname.Parse(string(text) + h.originText)
}

// isAbsolute says that text ends with a dot that is no part of an escape.
func isAbsolute(text []byte) bool {
	if !bytes.HasSuffix(text, []byte(".")) {
		return false
	}
	before := text[:len(text)-1]
	return (len(before)-len(bytes.TrimRight(before, `\`)))%2 == 0
}

// takeOwner makes text the current owner.
func (h *head) takeOwner(text []byte) error {
	if h.ownerText != "" && string(text) == h.ownerText {
		return nil
	}
	n, err := h.name(text)
	if err != nil {
		return err
	}
	if n != h.owner {
		h.owner, h.ownerKey = n, n.SortKey()
	}
	h.ownerText = string(text)
	return nil
}

// ttl picks the TTL of a record that may state one. ok is false when nothing says any.
func (h *head) ttl(stated uint32, isStated bool) (ttl uint32, ok bool) {
	if isStated {
		h.lastTTL, h.hasLast = stated, true
		return stated, true
	}
	if h.hasDefault {
		return h.defaultTTL, true
	}
	return h.lastTTL, h.hasLast
}

// parseTTL reads seconds, or numbers with the units s, m, h, d, w as BIND
// introduced them. isTTL says that text starts like one, fits that it is one.
func parseTTL(text []byte) (ttl uint32, isTTL, fits bool) {
	if len(text) == 0 || text[0] < '0' || text[0] > '9' {
		return 0, false, false
	}
	var sum, n uint64
	digits := false
	for _, c := range text {
		if '0' <= c && c <= '9' {
			n, digits = 10*n+uint64(c-'0'), true
		} else {
			unit := map[byte]uint64{'s': 1, 'm': 60, 'h': 3600, 'd': 86400, 'w': 7 * 86400}[c|0x20]
			if unit == 0 || !digits {
				return 0, true, false
			}
			sum, n, digits = sum+n*unit, 0, false
		}
		if n > maxTTL || sum > maxTTL {
			return 0, true, false
		}
	}
	sum += n
	return uint32(sum), true, sum <= maxTTL
}

// parseClass reads a class mnemonic or CLASSnnn (RFC 3597 §5).
func parseClass(upper []byte) (class uint16, ok bool) {
	if class, ok := dns.StringToClass[string(upper)]; ok {
		return class, true
	}
	return number(upper, "CLASS")
}

// parseType reads a type mnemonic or TYPEnnn (RFC 3597 §5).
func parseType(upper []byte) (typ uint16, ok bool) {
	if typ, ok := number(upper, "TYPE"); ok {
		return typ, true
	}
	if string(upper) == "NONE" || string(upper) == "RESERVED" {
		return 0, false // names that only miekg/dns has
	}
	typ, ok = dns.StringToType[string(upper)]
	return typ, ok
}

// number reads the decimal 16-bit number behind prefix.
func number(text []byte, prefix string) (uint16, bool) {
	digits, ok := bytes.CutPrefix(text, []byte(prefix))
	if !ok || len(digits) == 0 || len(digits) > 5 {
		return 0, false
	}
	v := 0
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		v = 10*v + int(c-'0')
	}
	return uint16(v), v <= math.MaxUint16
}

// isMeta says that typ is no type of data (RFC 6895 §3.1): OPT, the types that
// only queries or transactions have, and those reserved.
func isMeta(typ uint16) bool {
	return typ == 0 || typ == dns.TypeOPT || 128 <= typ && typ <= 255 || typ == math.MaxUint16
}
