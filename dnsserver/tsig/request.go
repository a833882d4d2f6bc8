package tsig

import (
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
	return r.Answers().Verify(msg, now)
}
