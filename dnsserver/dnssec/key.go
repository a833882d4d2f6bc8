package dnssec

import (
	"crypto"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
)

const (
	flagZone   uint16 = 0x0100 // the key may sign the zone (RFC 4034 §2.1.1)
	flagSEP    uint16 = 0x0001 // secure entry point: the parent's DS points here (RFC 4034 §2.1.1)
	flagRevoke uint16 = 0x0080 // RFC 5011 §3
	protocol          = 3      // the only one there is (RFC 4034 §2.1.2)
	sha256DS          = 2      // DS digest type SHA-256 (RFC 4509)
)

// Timing says when a key does what, as BIND's key files have it. The zero time
// is never. A key without any of these times, as old tools write them, is
// published and signs always.
type Timing struct {
	Created     time.Time
	Publish     time.Time // the DNSKEY joins the zone
	Activate    time.Time // it signs
	Inactive    time.Time // it no longer signs
	Delete      time.Time // the DNSKEY leaves the zone
	SyncPublish time.Time // CDS and CDNSKEY ask the parent for a DS (RFC 7344)
	SyncDelete  time.Time // they no longer do
}

// Key is one key of a zone, private part included. It is immutable; copies
// share the private part. Make one with ReadKeys or Generate.
type Key struct {
	Timing
	owner   dnsname.Name
	dnskey  string // DNSKEY RDATA
	private crypto.Signer
}

// newKey makes a key with its public part computed from the private one.
func newKey(owner dnsname.Name, alg uint8, flags uint16, private crypto.Signer, when Timing) (Key, error) {
	public, err := publicBytes(private)
	if err != nil {
		return Key{}, err
	}
	rdata := binary.BigEndian.AppendUint16(make([]byte, 0, 4+len(public)), flags)
	rdata = append(rdata, protocol, alg)
	return Key{Timing: when, owner: owner, dnskey: string(append(rdata, public...)), private: private}, nil
}

// Owner is the apex of the zone the key is for.
func (k Key) Owner() dnsname.Name { return k.owner }

// DNSKEY is the key's DNSKEY RDATA (RFC 4034 §2.1).
func (k Key) DNSKEY() string { return k.dnskey }

// Algorithm is the key's algorithm number.
func (k Key) Algorithm() uint8 { return k.dnskey[3] }

// Flags are the DNSKEY flags.
func (k Key) Flags() uint16 { return uint16(k.dnskey[0])<<8 | uint16(k.dnskey[1]) }

// SEP says that the key is a KSK or a CSK: a DS may point to it.
func (k Key) SEP() bool { return k.Flags()&flagSEP != 0 }

// Tag is the key tag (RFC 4034 appendix B).
func (k Key) Tag() uint16 {
	var sum uint32
	for i, c := range []byte(k.dnskey) {
		if i&1 == 0 {
			sum += uint32(c) << 8
		} else {
			sum += uint32(c)
		}
	}
	return uint16(sum + sum>>16)
}

// String is the name of the key's files without suffix; it holds no secret.
func (k Key) String() string {
	return fmt.Sprintf("K%s+%03d+%05d", fileText(k.owner), k.Algorithm(), k.Tag())
}

// GoString keeps %#v from printing the private key.
func (k Key) GoString() string { return k.String() }

// Published says that the DNSKEY is in the zone at t.
func (k Key) Published(t time.Time) bool {
	if passed(k.Delete, t) {
		return false
	}
	// A key with a time to sign and none to be published is published at once, as BIND has it.
	return passed(k.Publish, t) || k.Publish.IsZero() && !k.Activate.IsZero() || k.Timing == Timing{}
}

// Active says that the key is to sign at t. It may do so before it is
// published: a new algorithm's signatures go first (RFC 6781 §4.1.4).
func (k Key) Active(t time.Time) bool {
	if passed(k.Delete, t) || passed(k.Inactive, t) {
		return false
	}
	return passed(k.Activate, t) || k.Timing == Timing{}
}

// synced says that CDS and CDNSKEY tell the parent of the key at t.
func (k Key) synced(t time.Time) bool {
	return k.SEP() && passed(k.SyncPublish, t) && !passed(k.SyncDelete, t)
}

// ds is the DS RDATA for the key, with SHA-256 (RFC 4034 §5.1, RFC 4509).
func (k Key) ds() string {
	sum := sha256.Sum256([]byte(k.owner.Wire() + k.dnskey))
	rdata := binary.BigEndian.AppendUint16(make([]byte, 0, 4+len(sum)), k.Tag())
	rdata = append(rdata, k.Algorithm(), sha256DS)
	return string(append(rdata, sum[:]...))
}

// passed says that at is a time, and not after t.
func passed(at, t time.Time) bool { return !at.IsZero() && !at.After(t) }
