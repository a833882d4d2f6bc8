package zonefile

import (
	"fmt"
	"sort"
	"strings"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
)

// owner is all RRsets at one owner name: RRsets[from:to].
type owner struct {
	key      string // sort key of the name
	from, to int
}

// checker looks at a whole zone for what no record shows by itself.
type checker struct {
	*Set
	owners []owner // in canonical order
	errs   []error
}

// check returns what makes the zone unfit to be answered, at least the first
// maxErrors of it, and adds to the Set's warnings.
func (s *Set) check(requireSOA bool, files []string) []error {
	c := &checker{Set: s}
	for i := 0; i < len(s.RRsets); {
		o := owner{from: i, key: s.RRsets[i].Owner.SortKey()}
		for i < len(s.RRsets) && s.RRsets[i].Owner == s.RRsets[o.from].Owner {
			i++
		}
		o.to = i
		c.owners = append(c.owners, o)
	}
	if requireSOA {
		c.apex(files)
	}
	o := c.find(s.Apex)
	if cname := c.index(o, zone.TypeCNAME); cname >= 0 && c.index(o, zone.TypeSOA) < 0 && c.index(o, zone.TypeNS) < 0 {
		c.refuse(cname, "at the zone's apex, beside its SOA and NS", "a CNAME alone at its name (RFC 1034 §3.6.2), or a DNAME")
	}
	var dname owner // the last one seen; its subtree follows it without a gap
	for _, o := range c.owners {
		if dname.to > 0 && strings.HasPrefix(o.key, dname.key) {
			c.belowDNAME(o, c.index(dname, zone.TypeDNAME))
		} else if c.index(o, zone.TypeDNAME) >= 0 {
			dname = o
		}
		c.owner(o)
		if len(c.errs) > maxErrors {
			break
		}
	}
	return c.errs
}

// wrong is an Error about RRset i.
func (c *checker) wrong(i int, problem, want string) *Error {
	r := &c.RRsets[i]
	return &Error{Pos: c.at[i], Owner: r.Owner.String(), Type: typeName(r.Type), Problem: problem, Want: want}
}

func (c *checker) refuse(i int, problem, want string) {
	c.errs = append(c.errs, c.wrong(i, problem, want))
}

func (c *checker) warn(i int, problem, want string) {
	c.Warnings = append(c.Warnings, c.wrong(i, problem, want))
}

// index is where o's RRset of typ is, or -1.
func (c *checker) index(o owner, typ uint16) int {
	for i := o.from; i < o.to; i++ {
		if c.RRsets[i].Type == typ {
			return i
		}
	}
	return -1
}

// find is the owner called name; one without RRsets when there is none.
func (c *checker) find(name dnsname.Name) owner {
	key := name.SortKey()
	i, ok := sort.Find(len(c.owners), func(i int) int { return strings.Compare(key, c.owners[i].key) })
	if !ok {
		return owner{}
	}
	return c.owners[i]
}

// apex asks for what every zone has at its apex (RFC 1034 §4.2.1, RFC 1035 §5.2).
func (c *checker) apex(files []string) {
	pos := Pos{Line: 1}
	if len(files) > 0 {
		pos.File = files[0]
	}
	o := c.find(c.Apex)
	for _, typ := range []uint16{zone.TypeSOA, zone.TypeNS} {
		if c.index(o, typ) < 0 {
			c.errs = append(c.errs, &Error{
				Pos: pos, Owner: c.Apex.String(), Type: typeName(typ),
				Problem: "missing", Want: "one at the apex (RFC 1034 §4.2.1)",
			})
		}
	}
}

// owner checks what may stand together at one name.
func (c *checker) owner(o owner) {
	ns := c.index(o, zone.TypeNS)
	isCut := ns >= 0 && c.RRsets[ns].Owner != c.Apex
	cname, dname := c.index(o, zone.TypeCNAME), c.index(o, zone.TypeDNAME)
	if cname >= 0 {
		c.besideCNAME(o, cname)
	}
	if dname >= 0 && isCut {
		c.refuse(dname, fmt.Sprintf("at the zone cut that is made at %s", c.at[ns]), "it at the child's apex (RFC 6672 §2.3)")
	}
	for i := o.from; i < o.to; i++ {
		r := &c.RRsets[i]
		c.size(i)
		if r.Owner.IsWildcard() && (r.Type == zone.TypeNS || r.Type == zone.TypeDNAME) {
			c.warn(i, "at a wildcard its answers are not defined well", "it at plain names (RFC 4592 §4.2, §4.4)")
		}
		switch r.Type {
		case zone.TypeNS:
			c.targets(i, 0, isCut)
		case zone.TypeMX:
			c.targets(i, 2, false)
		case zone.TypeSRV:
			c.targets(i, 6, false)
		}
	}
}

// besideCNAME refuses data next to a CNAME (RFC 1034 §3.6.2, RFC 2181 §10.1); the
// records of DNSSEC may stand there (RFC 4034 §3, §4).
func (c *checker) besideCNAME(o owner, cname int) {
	for i := o.from; i < o.to; i++ {
		switch c.RRsets[i].Type {
		case zone.TypeCNAME, zone.TypeRRSIG, zone.TypeNSEC:
			continue
		}
		c.refuse(i, fmt.Sprintf("beside the CNAME at %s", c.at[cname]), "a CNAME alone at its name (RFC 1034 §3.6.2)")
	}
}

func (c *checker) belowDNAME(o owner, dname int) {
	c.refuse(o.from, fmt.Sprintf("below the DNAME of %s at %s", c.RRsets[dname].Owner, c.at[dname]),
		"nothing below a DNAME (RFC 6672 §2.4)")
}

// size refuses an RRset that no message can carry. What is counted is the
// header, the longest question, and each record with its owner compressed.
func (c *checker) size(i int) {
	size := 12 + dnsname.MaxWire + 4
	for d := range c.RRsets[i].RDATA() {
		size += 2 + 10 + len(d)
	}
	if size > zone.MaxRDATA {
		c.refuse(i, fmt.Sprintf("answer of %d octets", size), "no more than a message holds, 65535 (RFC 1035 §4.2.2)")
	}
}

// targets looks at the names that RRset i points to, each behind skip octets of RDATA.
func (c *checker) targets(i, skip int, isCut bool) {
	r := &c.RRsets[i]
	for d := range r.RDATA() {
		target := dnsname.FromFolded(d[skip:])
		if !target.Under(c.Apex) {
			continue
		}
		o := c.find(target)
		if c.index(o, zone.TypeCNAME) >= 0 {
			c.warn(i, fmt.Sprintf("%s is a CNAME", target), "a name with addresses (RFC 2181 §10.3)")
		}
		if isCut && target.Under(r.Owner) && c.index(o, zone.TypeA) < 0 && c.index(o, zone.TypeAAAA) < 0 {
			c.warn(i, fmt.Sprintf("there is no glue for %s", target), "A or AAAA of it in this zone (RFC 1034 §4.2.1)")
		}
	}
}
