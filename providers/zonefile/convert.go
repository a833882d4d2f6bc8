package zonefile

import (
	"bytes"
	"fmt"
	"strconv"
	"time"

	"github.com/fedns/fedns/dnsserver/zone"
	rfc1035 "github.com/fedns/fedns/dnsserver/zonefile"
)

// mark begins the first line of every file that fedns has written.
const mark = "; Written by fedns."

const note = mark + ` Edits of records are heeded; comments and order
; are lost when fedns writes again, which is when something of its own changes.
; A name server has to be told to load the file again.
`

// text is the whole file: absolute names, a record a line, in canonical order but
// for the SOA, which comes first (RFC 1035 §5.2).
func text(s *zone.Snapshot) []byte {
	var b bytes.Buffer
	b.WriteString(note)
	if soa, ok := s.Lookup(s.Apex(), zone.TypeSOA); ok {
		line(&b, soa)
	}
	for r := range s.All() {
		if r.Owner != s.Apex() || r.Type != zone.TypeSOA {
			line(&b, r)
		}
	}
	return b.Bytes()
}

func line(b *bytes.Buffer, r zone.RRset) {
	head := r.Owner.String() + " " + strconv.FormatUint(uint64(r.TTL), 10) + " IN " + rfc1035.TypeText(r.Type) + " "
	for d := range r.RDATA() {
		b.WriteString(head)
		b.WriteString(rfc1035.RDATAText(r.Type, d))
		b.WriteByte('\n')
	}
}

// Of a new file's SOA and NS, in seconds. RIPE-203 is where the SOA's are from.
const (
	freshTTL = 3600
	refresh  = 86400
	retry    = 7200
	expire   = 3600000
	negative = 300 // names come and go more often than RIPE-203 thought
)

// fresh is a new file's content. Its serial is the time, so that a file that was
// lost does not go back.
func (z *Zone) fresh() (*zone.Snapshot, error) {
	soa := zone.SOA{
		MName: z.cfg.NameServers[0], RName: z.cfg.Hostmaster, Serial: uint32(time.Now().Unix()),
		Refresh: refresh, Retry: retry, Expire: expire, Minimum: negative,
	}
	var ns []string
	for _, n := range z.cfg.NameServers {
		ns = append(ns, zone.Target(n))
	}
	b := zone.NewZone(z.cfg.Apex)
	b.Set(zone.NewRRset(z.cfg.Apex, zone.TypeSOA, freshTTL, soa.RDATA()))
	b.Set(zone.NewRRset(z.cfg.Apex, zone.TypeNS, freshTTL, ns...))
	s, _, err := b.Build()
	if err != nil {
		return nil, fmt.Errorf("new zone file: %w", err)
	}
	return s, nil
}
