package forward

import (
	"context"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
)

// SetExchange puts f in place of sockets: it gets the upstream's number, the
// question and whether to ask over a stream, and returns a message.
func (r *Resolver) SetExchange(f func(ctx context.Context, i int, key zone.Key, stream bool) ([]byte, error)) {
	r.exchange = f
}

// ErrTimeout is what an upstream that is silent gives.
var ErrTimeout = errTimeout

// Parsed is what Parse finds in a message.
type Parsed struct {
	Answer  []zone.RRset
	SOA     zone.RRset
	Denied  bool
	Ours    dnsname.Name
	Further dnsname.Name
}

// Parse reads a reply to key.
func Parse(msg []byte, key zone.Key, own func(dnsname.Name) bool) (Parsed, error) {
	f, err := parse(msg, key, own)
	return Parsed{f.answer, f.soa, f.denied, f.next, f.rest}, err
}

// Match says whether msg answers a query for key whose ID and spelling are those of sent.
func Match(sent, msg []byte, key zone.Key) bool {
	q := query{msg: sent, key: key, end: 12 + len(key.Owner.Wire())}
	return q.match(msg) == exact
}

// NewQuery is the message that is sent for key.
func NewQuery(key zone.Key) []byte { return newQuery(key).msg }
