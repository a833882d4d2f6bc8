package rfc2136

import (
	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
)

// beside are the types that a name is searched for when a CNAME takes the place
// of other records there: which other types there are, no prerequisite can ask.
var beside = []uint16{
	dns.TypeA, dns.TypeAAAA, dns.TypeTXT, dns.TypeSRV, dns.TypeMX, dns.TypeNS, dns.TypePTR, dns.TypeCAA,
	dns.TypeHTTPS, dns.TypeSVCB, dns.TypeTLSA, dns.TypeNAPTR, dns.TypeSSHFP, dns.TypeDNAME, dns.TypeDS,
	dns.TypeURI, dns.TypeLOC, dns.TypeHINFO, dns.TypeRP, dns.TypeSPF,
}

// guards are the prerequisites by which a Change is not left out in silence.
type guards struct {
	key     hosted.Key
	records []record
}

// guard finds what must not be there, so that no CNAME comes beside other records
// (RFC 1034 §3.6.2): a server leaves out the one that comes later, and says
// NOERROR (RFC 2136 §3.4.2.2).
func guard(changes []hosted.Change) ([]guards, error) {
	at := map[dnsname.Name]*touched{}
	for _, c := range changes {
		k := c.Key()
		t := at[k.Owner]
		if t == nil {
			t = &touched{cleared: map[uint16]bool{}}
			at[k.Owner] = t
		}
		switch {
		case k.Type == zone.TypeCNAME:
			t.cname, t.held = !c.New.IsEmpty(), true
		case !c.New.IsEmpty():
			t.others = true
		case !c.Old.IsEmpty():
			t.cleared[k.Type] = true
		}
	}
	var all []guards
	for _, c := range changes {
		k := c.Key()
		t := at[k.Owner]
		switch {
		case k.Type == zone.TypeCNAME && t.cname && t.others:
			return nil, &hosted.RefusedError{Key: &k, Reason: "a CNAME cannot be beside other records (RFC 1034 §3.6.2)"}
		case !c.Old.IsEmpty() || c.New.IsEmpty():
		case k.Type == zone.TypeCNAME:
			all = append(all, guards{k, t.alone(k.Owner)})
		case !t.held:
			all = append(all, guards{k, []record{{k.Owner, zone.TypeCNAME, dns.ClassNONE, 0, ""}}})
		}
	}
	return all, nil
}

// touched is what a Batch does at one owner name.
type touched struct {
	cname, held bool // a CNAME is there afterwards; one is written or deleted
	others      bool // other records are there afterwards
	cleared     map[uint16]bool
}

// alone are prerequisites that nothing is at a name that a CNAME is created at,
// but what the Batch deletes.
func (t *touched) alone(owner dnsname.Name) []record {
	if len(t.cleared) == 0 {
		return []record{{owner, dns.TypeANY, dns.ClassNONE, 0, ""}} // RFC 2136 §2.4.5
	}
	var all []record
	for _, typ := range beside {
		if !t.cleared[typ] {
			all = append(all, record{owner, typ, dns.ClassNONE, 0, ""})
		}
	}
	return all
}
