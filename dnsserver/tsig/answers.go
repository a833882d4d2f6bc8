package tsig

import (
	"crypto/hmac"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// maxUnsigned is how many messages in a row may be without a signature, between
// two that have one (RFC 8945 §5.3.1).
const maxUnsigned = 99

// Answers checks the messages that answer one request, in the order they come:
// those of a zone transfer. Not each of them has to be signed, but the first and
// the last (RFC 8945 §5.3.1). It is not safe for concurrent use.
type Answers struct {
	key      *key
	prior    []byte // the MAC that the next one covers
	later    bool   // a message was signed
	unsigned int    // messages since
	pending  []byte // they themselves: the next MAC covers them
}

// Answers begins to check what answers the message signed last.
func (r *Request) Answers() *Answers { return &Answers{key: r.key, prior: r.mac} }

// Complete says that nothing came behind the last signature: what was believed
// so far may be used.
func (a *Answers) Complete() bool { return a.later && a.unsigned == 0 }

// Verify gives an answer back as a copy without its TSIG record, or as it is if
// it has none: it is good once Complete says so. The error says why it cannot be
// believed.
func (a *Answers) Verify(msg []byte, now time.Time) ([]byte, error) {
	at, proper := locate(msg)
	if at < 0 && proper && a.later && a.unsigned < maxUnsigned {
		a.unsigned++
		a.pending = append(a.pending, msg...)
		return msg, nil
	}
	if at < 0 || !proper {
		return nil, errors.New("tsig: the answer is not signed")
	}
	rec, ok := parse(msg, at)
	if !ok || len(rec.mac) > a.key.alg.size {
		return nil, errors.New("tsig: the answer's TSIG record is malformed")
	}
	if rec.key != a.key.name || rec.alg != a.key.alg.name {
		return nil, errors.New("tsig: the answer is signed by another key")
	}
	stripped := strip(msg, at)
	if len(rec.mac) < a.key.size || !a.signed(&rec, stripped) {
		if rec.err != 0 {
			return nil, fmt.Errorf("tsig: %s says an answer that is not signed by key %s", rec.err, a.key.name)
		}
		return nil, fmt.Errorf("tsig: the answer is not signed by key %s", a.key.name)
	}
	// An answer that tells of a wrong clock shows the time of the request (§5.2.3).
	if rec.err == 0 && !rec.near(now) {
		return nil, fmt.Errorf("tsig: the answer was signed %d s from now", int64(seconds(now))-int64(rec.time))
	}
	if rec.err != 0 {
		return nil, fmt.Errorf("tsig: key %s: %s", a.key.name, rec.err)
	}
	a.prior, a.later, a.unsigned, a.pending = append([]byte(nil), rec.mac...), true, 0, a.pending[:0]
	return stripped, nil
}

// signed says that rec's MAC covers the one before, what came since, and stripped.
func (a *Answers) signed(rec *record, stripped []byte) bool {
	covered := append(a.pending[:len(a.pending):len(a.pending)], stripped...)
	binary.BigEndian.PutUint16(covered[len(a.pending):], rec.id)
	sum := rec.digest(a.key, a.prior, covered, a.later)
	return len(rec.mac) <= len(sum) && hmac.Equal(sum[:len(rec.mac)], rec.mac)
}
