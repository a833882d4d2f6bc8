package tsig

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
)

// Code is what a TSIG record's error field tells (RFC 8945 §3), or FormErr.
type Code uint16

// The codes of IANA's registry.
const (
	FormErr  Code = 1  // an RCODE: the record is malformed or out of place
	BadSig   Code = 16 // the MAC is another's
	BadKey   Code = 17 // no such key, or another algorithm
	BadTime  Code = 18 // clocks are too far apart, or the message is a replay
	BadTrunc Code = 22 // the MAC is cut shorter than the key allows
)

const notAuth = 9 // RFC 8945 §3

// String is the mnemonic.
func (c Code) String() string {
	switch c {
	case FormErr:
		return "FORMERR"
	case BadSig:
		return "BADSIG"
	case BadKey:
		return "BADKEY"
	case BadTime:
		return "BADTIME"
	case BadTrunc:
		return "BADTRUNC"
	}
	return fmt.Sprintf("TSIG error %d", uint16(c))
}

// Error is why a signed request was not believed. It is made by Verify.
type Error struct {
	Code     Code
	key, alg dnsname.Name // as the request told them
	session  *Session     // signs the answer; nil: nothing to sign by
	time     uint64       // when the request was signed
}

// Error names the key and what is wrong. The key's name is known good for
// BadTime and BadTrunc only; in the others it is what the client claims.
func (e *Error) Error() string {
	if e.key.IsZero() {
		return "tsig: " + e.Code.String()
	}
	return "tsig: key " + e.key.String() + ": " + e.Code.String()
}

// Respond appends the answer to query, the message that Verify was given, to
// dst: NOTAUTH, or FORMERR, and no records but the TSIG one. That is signed for
// BadTime and BadTrunc, and has no MAC otherwise (RFC 8945 §5.3.2). It is made
// once.
func (e *Error) Respond(dst, query []byte, now time.Time) []byte {
	msg := append([]byte(nil), query[:questionEnd(query)]...)
	const qr, keep = 0x80, 0x79 // of the third octet: opcode and RD stay
	msg[2], msg[3] = qr|msg[2]&keep, notAuth
	if e.Code == FormErr {
		msg[3] = byte(FormErr)
	}
	clear(msg[4:headerLen])
	if len(msg) > headerLen {
		msg[5] = 1
	}
	if e.Code == FormErr {
		return append(dst, msg...)
	}
	r := record{key: e.key, alg: e.alg, time: seconds(now), fudge: fudge, id: binary.BigEndian.Uint16(msg), err: e.Code}
	if e.session == nil {
		return r.attach(dst, msg)
	}
	if e.Code == BadTime {
		r.time, r.other = e.time, append48(nil, seconds(now)) // §5.2.3
	}
	return e.session.sign(dst, msg, r)
}

// questionEnd is where the one question of a message ends; headerLen when there is no such.
func questionEnd(msg []byte) int {
	if binary.BigEndian.Uint16(msg[4:]) == 1 {
		if at, ok := skipName(msg, headerLen); ok && at+4 <= len(msg) {
			return at + 4
		}
	}
	return headerLen
}
