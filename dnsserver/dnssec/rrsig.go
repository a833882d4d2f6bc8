package dnssec

import (
	"encoding/binary"
	"fmt"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
)

// rrsigFixed is how many octets of RRSIG RDATA stand before the signer's name (RFC 4034 §3.1).
const rrsigFixed = 18

// rrsigs makes the RRSIG RRset over r: one signature by each key.
func rrsigs(apex dnsname.Name, r zone.RRset, by *signers, w window, skew int64) (zone.RRset, error) {
	data := make([]byte, 0, 512)
	data = binary.BigEndian.AppendUint16(data, r.Type)
	data = append(data, 0, labels(r.Owner)) // algorithm: key by key, below
	data = binary.BigEndian.AppendUint32(data, r.TTL)
	data = binary.BigEndian.AppendUint32(data, uint32(w.expires))
	data = binary.BigEndian.AppendUint32(data, uint32(w.from-skew))
	data = append(data, 0, 0) // key tag
	data = append(data, apex.Wire()...)
	head := len(data)
	data = appendCanonical(data, r)
	out := make([]string, len(by.keys))
	for i, k := range by.keys {
		data[2] = k.Algorithm()
		binary.BigEndian.PutUint16(data[rrsigFixed-2:], k.Tag())
		rdata, err := appendSignature(append(make([]byte, 0, head+2*scalarLen), data[:head]...), k.private, data)
		if err != nil {
			return zone.RRset{}, fmt.Errorf("signing %s %s with %s: %w", r.Owner, zone.TypeString(r.Type), k, err)
		}
		out[i] = string(rdata)
	}
	return zone.NewRRset(r.Owner, zone.TypeRRSIG, r.TTL, out...), nil
}

// labels is the RRSIG's Labels field: root and a leading asterisk do not count (RFC 4034 §3.1.3).
func labels(owner dnsname.Name) byte {
	n := owner.Labels()
	if owner.IsWildcard() {
		n--
	}
	return byte(n)
}

// appendCanonical appends the records in canonical form and order (RFC 4034 §6.2, §6.3), which r keeps them in.
func appendCanonical(data []byte, r zone.RRset) []byte {
	for d := range r.RDATA() {
		data = append(data, r.Owner.Wire()...)
		data = binary.BigEndian.AppendUint16(data, r.Type)
		data = append(data, 0, 1) // IN
		data = binary.BigEndian.AppendUint32(data, r.TTL)
		data = binary.BigEndian.AppendUint16(data, uint16(len(d)))
		data = append(data, d...)
	}
	return data
}
