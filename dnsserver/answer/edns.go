package answer

import (
	"encoding/binary"
	"net/netip"
	"time"

	"github.com/fedns/fedns/dnsserver/policy"
	"github.com/fedns/fedns/dnsserver/wire"
)

// paddingBlock is what responses on encrypted transports are padded to a
// multiple of, in octets (RFC 8467 §4.1).
const paddingBlock = 468

// keepalive is how long a stream may idle, in units of 100 ms (RFC 7828 §3.1).
// It is what the stream transports allow when they are not crowded.
const keepalive = 100

// edns is what a request's options ask, and the options of its response.
type edns struct {
	options []byte // of the response, as far as they do not depend on the answer
	pad     bool
	known   bool // the client is who it says: its server cookie is ours
	ede     wire.ExtendedError
	buf     [128]byte
}

// read takes a request's options up. An option that is malformed makes the whole request so.
func (e *edns) read(q *wire.Query, p *policy.Policy, t policy.Transport, from netip.Addr) wire.Rcode {
	for b := q.Options; len(b) > 0; {
		code, end := binary.BigEndian.Uint16(b), 4+int(binary.BigEndian.Uint16(b[2:]))
		data, ok := b[4:end], true
		b = b[end:]
		switch code {
		case wire.OptionNSID:
			if p.ServerID != "" { // what the query's has in it is passed over (RFC 5001 §2.2)
				e.add(wire.OptionNSID, len(p.ServerID))
				e.options = append(e.options, p.ServerID...)
			}
		case wire.OptionCookie:
			if ok = len(data) == policy.ClientCookieLen || len(data) >= 16 && len(data) <= 40; ok {
				e.cookie(data, p, from)
			}
		case wire.OptionSubnet:
			ok = e.subnet(data)
		case wire.OptionKeepalive:
			if t != policy.TCP && t != policy.TLS {
				break // over UDP it means nothing (RFC 7828 §3.2.1)
			}
			if ok = len(data) == 0; ok {
				e.add(wire.OptionKeepalive, 2)
				e.options = binary.BigEndian.AppendUint16(e.options, keepalive)
			}
		case wire.OptionPadding:
			e.pad = t.Encrypted()
		}
		if !ok {
			e.options, e.pad = e.options[:0], false
			return wire.FormErr
		}
		// More of the same would only make the response longer than the request.
		if len(e.options) > maxOptions {
			return wire.FormErr
		}
	}
	return wire.NoError
}

// maxOptions is more in octets than one of each known option takes.
const maxOptions = 512

func (e *edns) add(code uint16, size int) {
	e.options = binary.BigEndian.AppendUint16(e.options, code)
	e.options = binary.BigEndian.AppendUint16(e.options, uint16(size))
}

// cookie answers a client's cookie with a server cookie: the one it has, if
// that is ours and fresh, else a new one (RFC 7873 §5.2).
func (e *edns) cookie(data []byte, p *policy.Policy, from netip.Addr) {
	if p.Cookies == nil {
		return
	}
	e.add(wire.OptionCookie, policy.ClientCookieLen+policy.ServerCookieLen)
	e.options, e.known = appendCookie(e.options, data, p.Cookies, from)
}

// appendCookie appends both parts of the response's cookie.
func appendCookie(dst, data []byte, c *policy.Cookies, from netip.Addr) (out []byte, known bool) {
	client, server := data[:policy.ClientCookieLen], data[policy.ClientCookieLen:]
	now, fresh := time.Now(), false
	dst = append(dst, client...)
	if len(server) > 0 {
		known, fresh = c.Good(client, server, from, now)
	}
	if fresh {
		return append(dst, server...), known
	}
	return c.Append(dst, client, from, now), known
}

// subnet answers a client subnet option: nothing we answer depends on where a
// client is, so that it is good for everybody: scope 0 (RFC 7871 §7.2.1).
func (e *edns) subnet(data []byte) bool {
	if len(data) < 4 || data[3] != 0 { // the scope of a query is 0 (§6)
		return false
	}
	bits, most := int(data[2]), 0
	switch binary.BigEndian.Uint16(data) {
	case 0: // RFC 7871 §7.1.2 has clients opt out so, with no address
	case 1:
		most = 32
	case 2:
		most = 128
	default:
		return false
	}
	addr := data[4:]
	if bits > most || len(addr) != (bits+7)/8 {
		return false
	}
	if bits%8 != 0 && addr[len(addr)-1]&(0xff>>(bits%8)) != 0 {
		return false // octets past the prefix have to be zero (§6)
	}
	e.add(wire.OptionSubnet, len(data))
	e.options = append(e.options, data...)
	return true
}

// finish completes the options with what depends on the answer: why it failed,
// where there is room to say so, and padding. Size is the message's so far, with
// an OPT record and options; room is what may follow it.
func (e *edns) finish(size, room int) []byte {
	if e.ede != wire.NoExtendedError && room >= 6 {
		e.add(wire.OptionError, 2)
		e.options = binary.BigEndian.AppendUint16(e.options, uint16(e.ede))
		size, room = size+6, room-6
	}
	if e.pad && room >= 4 {
		n := min((paddingBlock-(size+4)%paddingBlock)%paddingBlock, room-4)
		e.add(wire.OptionPadding, n)
		for range n {
			e.options = append(e.options, 0)
		}
	}
	return e.options
}
