package forward

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"time"

	"github.com/fedns/fedns/dnsserver/zone"
)

const (
	// caseWait is how long the right answer is waited for once one came that has
	// the QNAME in other letters: a forged one would have come ahead of it.
	caseWait = 100 * time.Millisecond
	// caselessFor is how long a server that was seen not to keep the letters is
	// asked over streams only.
	caselessFor = 10 * time.Minute
	// datagram is as long as a datagram we read can be; servers that do not heed
	// udpSize send no more than this.
	datagram = 4096
)

var (
	errTimeout   = errors.New("timeout")
	errForged    = errors.New("only answers to other questions came")
	errTruncated = errors.New("answer is cut short")
)

// upstream is the way to one Upstream. Safe for concurrent use.
type upstream struct {
	Upstream
	streams  *streams
	timeout  time.Duration
	caseless atomic.Int64 // Unix nanoseconds until which it is asked over streams
}

// exchange asks once: by datagram, and by stream if the answer was cut short or
// could not be trusted. Each of the two may take the timeout.
func (u *upstream) exchange(ctx context.Context, key zone.Key, stream bool) ([]byte, error) {
	noCase := false
	if !stream && !u.TLS && time.Now().UnixNano() >= u.caseless.Load() {
		msg, err := u.overUDP(ctx, newQuery(key))
		switch {
		case err == nil:
			return msg, nil
		case errors.Is(err, errTruncated), errors.Is(err, errForged):
		case errors.Is(err, errCase):
			noCase = true
		default:
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, u.timeout)
	defer cancel()
	q := newQuery(key)
	msg, m, err := u.streams.exchange(ctx, q)
	switch {
	case err != nil:
		return nil, shorten(ctx, err)
	case truncated(msg):
		return nil, errTruncated
	case noCase && m == otherCase:
		// The stream, too: nobody forged that.
		u.caseless.Store(time.Now().Add(caselessFor).UnixNano())
	}
	return msg, nil
}

var errCase = errors.New("answer has the name in other letters")

// overUDP sends q from a socket of its own and waits for what answers it;
// everything else that comes in is ignored (RFC 5452 §9.1).
func (u *upstream) overUDP(ctx context.Context, q *query) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, u.timeout)
	defer cancel()
	var d net.Dialer // a connected socket: the kernel picks a random port and drops what others send
	conn, err := d.DialContext(ctx, "udp", u.Addr.String())
	if err != nil {
		return nil, shorten(ctx, err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	if _, err := conn.Write(q.msg); err != nil {
		return nil, shorten(ctx, err)
	}
	var seen error
	buf := make([]byte, datagram)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			var timeout net.Error
			if seen != nil && (ctx.Err() == context.DeadlineExceeded || errors.As(err, &timeout) && timeout.Timeout()) {
				return nil, seen
			}
			return nil, shorten(ctx, err)
		}
		switch msg := buf[:n]; q.match(msg) {
		case exact:
			if truncated(msg) {
				return nil, errTruncated
			}
			return msg, nil
		case otherCase:
			if !errors.Is(seen, errCase) {
				seen = errCase
				_ = conn.SetReadDeadline(time.Now().Add(caseWait))
			}
		default:
			if seen == nil {
				seen = errForged
			}
		}
	}
}

// truncated says that the message has TC set. What stands behind its question
// may be anything (RFC 2181 §9).
func truncated(msg []byte) bool { return msg[2]&0x02 != 0 }

// shorten drops the addresses and ports of this end, which differ each time.
func shorten(ctx context.Context, err error) error {
	var op *net.OpError
	var timeout net.Error
	switch {
	case ctx.Err() != nil, errors.As(err, &timeout) && timeout.Timeout():
		return errTimeout
	case errors.As(err, &op):
		return op.Err
	}
	return err
}
