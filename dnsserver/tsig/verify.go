package tsig

import (
	"crypto/hmac"
	"encoding/binary"
	"time"
)

// Verify checks a request. A message without a TSIG record is given back as it
// is, with no Session; so is one that cannot be read as far as that record:
// whoever parses it finds out.
//
// A good one is given back as a copy without the record, its ARCOUNT counted
// down, with a Session to sign the answers by. It keeps the ID that it came
// with: a forwarder that changed the ID expects it in the answer (§5.5).
//
// A bad one is an *Error, which makes the answer; nothing else in the message
// may be believed. Msg is not written to.
func (k *Keyring) Verify(msg []byte, now time.Time) (stripped []byte, s *Session, err error) {
	at, proper := locate(msg)
	if !proper {
		return nil, nil, &Error{Code: FormErr}
	}
	if at < 0 {
		return msg, nil, nil
	}
	r, ok := parse(msg, at)
	if !ok {
		return nil, nil, &Error{Code: FormErr}
	}
	// §5.2: key, MAC, time and length are checked in this order.
	key := k.find(r.key)
	if key == nil || key.alg.name != r.alg {
		return nil, nil, &Error{Code: BadKey, key: r.key, alg: r.alg}
	}
	if len(r.mac) > key.alg.size || len(r.mac) < key.alg.shortest() {
		return nil, nil, &Error{Code: FormErr}
	}
	stripped = strip(msg, at)
	if !r.signed(key, nil, stripped) {
		return nil, nil, &Error{Code: BadSig, key: r.key, alg: r.alg}
	}
	s = &Session{key: key, prior: append([]byte(nil), r.mac...)}
	if !r.near(now) {
		return nil, nil, &Error{Code: BadTime, key: r.key, alg: r.alg, session: s, time: r.time}
	}
	if len(r.mac) < key.size {
		return nil, nil, &Error{Code: BadTrunc, key: r.key, alg: r.alg, session: s}
	}
	return stripped, s, nil
}

// strip is a copy of msg without the TSIG record at an offset.
func strip(msg []byte, at int) []byte {
	stripped := append([]byte(nil), msg[:at]...)
	binary.BigEndian.PutUint16(stripped[10:], binary.BigEndian.Uint16(stripped[10:])-1)
	return stripped
}

// signed says that r's MAC is the one of stripped, as long as it is.
func (r *record) signed(k *key, prior, stripped []byte) bool {
	id := [2]byte(stripped)
	binary.BigEndian.PutUint16(stripped, r.id)
	sum := r.digest(k, prior, stripped, false)
	copy(stripped, id[:])
	return len(r.mac) <= len(sum) && hmac.Equal(sum[:len(r.mac)], r.mac)
}
