package answer

import (
	"encoding/binary"
	"net/netip"

	"github.com/fedns/fedns/dnsserver/policy"
	"github.com/fedns/fedns/dnsserver/wire"
)

// plainOpt is an OPT record that the hot path understands: of version 0, with a
// cookie or without options.
type plainOpt struct {
	limit  int    // octets the client takes of us
	cookie []byte // the cookie option's data; nil: there is none
	do     byte   // the octet that the DO bit is in
}

const (
	clientCookieOpt = wire.OptLen + 4 + policy.ClientCookieLen
	wholeCookieOpt  = clientCookieOpt + policy.ServerCookieLen
)

// flagDO is wire.FlagDO as it stands in its octet.
const flagDO = byte(wire.FlagDO >> 8)

// read reads what stands behind the question; false when it is something else.
func (o *plainOpt) read(b []byte) bool {
	switch len(b) {
	case wire.OptLen:
		if b[9]|b[10] != 0 {
			return false
		}
	case clientCookieOpt, wholeCookieOpt:
		if binary.BigEndian.Uint16(b[9:]) != uint16(len(b)-wire.OptLen) || binary.BigEndian.Uint16(b[11:]) != wire.OptionCookie ||
			binary.BigEndian.Uint16(b[13:]) != uint16(len(b)-wire.OptLen-4) {
			return false
		}
		o.cookie = b[wire.OptLen+4:]
	default:
		return false
	}
	// b[5], the high bits of an RCODE, means nothing in a query.
	if b[0] != 0 || binary.BigEndian.Uint16(b[1:]) != wire.TypeOPT || b[6] != 0 || b[7]&^flagDO|b[8] != 0 {
		return false
	}
	o.do = b[7]
	o.limit = min(max(int(binary.BigEndian.Uint16(b[3:])), 512), udpSize)
	return true
}

// responseLen is how long the response's OPT record is, in octets, where there is one.
func (o *plainOpt) responseLen() int {
	if o.cookie != nil {
		return wholeCookieOpt
	}
	return wire.OptLen
}

// hotOpt is our OPT record where the query's had no options.
const hotOpt = "\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x00"

func (w *Worker) appendHotOpt(dst []byte, n int, o *plainOpt, p *policy.Policy, client netip.Addr) int {
	dst[11] = 1
	at := n
	n += copy(dst[n:], hotOpt)
	dst[at+7] = o.do
	if o.cookie == nil {
		return n
	}
	const size = policy.ClientCookieLen + policy.ServerCookieLen
	dst[at+10] = 4 + size
	head := [4]byte{0, byte(wire.OptionCookie), 0, size}
	n += copy(dst[n:], head[:])
	_, w.edns.known = appendCookie(dst[:n], o.cookie, p.Cookies, client)
	return n + size
}
