package tsig

import (
	"errors"
	"fmt"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
)

// Request signs one message that asks, and checks the one that answers it. It
// is not safe for concurrent use.
type Request struct {
	key *key
	mac []byte // of the message sent
}

// NewRequest begins with the key of a name; there must be one.
func (k *Keyring) NewRequest(name dnsname.Name) (*Request, error) {
	key := k.find(name)
	if key == nil {
		return nil, fmt.Errorf("tsig: no key %s", name)
	}
	return &Request{key: key}, nil
}

// Sign appends msg, a message without TSIG, and its TSIG record to dst. Dst may be msg[:0].
func (r *Request) Sign(dst, msg []byte, now time.Time) []byte {
	s := Session{key: r.key}
	dst = s.Sign(dst, msg, now)
	r.mac = s.prior
	return dst
}

// Verify gives an answer back as a copy without its TSIG record. The error says
// why it cannot be believed: whoever waits for the answer goes on waiting, for
// anybody may have sent this one (RFC 8945 §5.3.2, §5.4).
func (r *Request) Verify(msg []byte, now time.Time) ([]byte, error) {
	at, proper := locate(msg)
	if at < 0 || !proper {
		return nil, errors.New("tsig: the answer is not signed")
	}
	rec, ok := parse(msg, at)
	if !ok || len(rec.mac) > r.key.alg.size {
		return nil, errors.New("tsig: the answer's TSIG record is malformed")
	}
	if rec.key != r.key.name || rec.alg != r.key.alg.name {
		return nil, errors.New("tsig: the answer is signed by another key")
	}
	stripped := strip(msg, at)
	if len(rec.mac) < r.key.size || !rec.signed(r.key, r.mac, stripped) {
		if rec.err != 0 {
			return nil, fmt.Errorf("tsig: %s says an answer that is not signed by key %s", rec.err, r.key.name)
		}
		return nil, fmt.Errorf("tsig: the answer is not signed by key %s", r.key.name)
	}
	// An answer that tells of a wrong clock shows the time of the request (§5.2.3).
	if rec.err == 0 && !rec.near(now) {
		return nil, fmt.Errorf("tsig: the answer was signed %d s from now", int64(seconds(now))-int64(rec.time))
	}
	if rec.err != 0 {
		return nil, fmt.Errorf("tsig: key %s: %s", r.key.name, rec.err)
	}
	return stripped, nil
}
