package tsig

import (
	"encoding/binary"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
)

// Session signs the messages that answer one request, in the order they are
// sent. It is not safe for concurrent use.
type Session struct {
	key   *key
	prior []byte // the MAC that the next one covers: the request's, then the last message's
	later bool   // a message was signed
}

// Key is the name of the key that signed the request.
func (s *Session) Key() dnsname.Name { return s.key.name }

// Room is how many octets Sign adds to a message: its writer keeps them free.
func (s *Session) Room() int { return s.key.room() }

func (k *key) room() int {
	return len(k.name.Wire()) + 10 + len(k.alg.name.Wire()) + 16 + k.size
}

// Sign appends msg, a message without TSIG, and its TSIG record to dst. Dst may
// be msg[:0]. All messages after the first are bound to the one before
// (RFC 8945 §5.3.1), so each one signed must be sent.
func (s *Session) Sign(dst, msg []byte, now time.Time) []byte {
	return s.sign(dst, msg, record{time: seconds(now)})
}

// sign completes r, signs msg with it and appends both to dst.
func (s *Session) sign(dst, msg []byte, r record) []byte {
	r.key, r.alg, r.fudge = s.key.name, s.key.alg.name, fudge
	r.id = binary.BigEndian.Uint16(msg)
	r.mac = r.digest(s.key, s.prior, msg, s.later)[:s.key.size]
	s.prior, s.later = r.mac, true
	return r.attach(dst, msg)
}

// attach appends msg and the record to dst.
func (r *record) attach(dst, msg []byte) []byte {
	start := len(dst)
	dst = r.append(append(dst, msg...))
	count := dst[start+10:]
	binary.BigEndian.PutUint16(count, binary.BigEndian.Uint16(count)+1)
	return dst
}
