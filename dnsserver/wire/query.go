package wire

import (
	"github.com/fedns/fedns/dnsserver/dnsname"
)

// Query is a parsed query. Parse fills it in place; it refers to the message
// for its options only, so it is valid as long as the message is.
type Query struct {
	ID      uint16
	Flags   uint16
	Type    uint16
	Class   uint16
	nameLen int                   // of the QNAME in the message
	name    [dnsname.MaxWire]byte // the QNAME in lower case

	HasOpt  bool
	UDPSize uint16 // octets the client can take; 512 without EDNS
	Version uint8  // EDNS version
	DO      bool
	CO      bool   // compact answers are understood (RFC 9824 §5.1)
	Options []byte // of the OPT record, as they came
	HasTSIG bool   // the last record is a TSIG (RFC 8945)
}

// Option finds the first option of a code; nil when there is none, not nil when
// it is empty.
func (q *Query) Option(code uint16) []byte {
	for b := q.Options; len(b) > 0; {
		end := 4 + int(u16(b, 2))
		if u16(b, 0) == code {
			return b[4:end:end]
		}
		b = b[end:]
	}
	return nil
}

// FoldName makes wire, one whole name found in a message, q's name in lower
// case and returns that.
func (q *Query) FoldName(wire []byte) []byte {
	q.nameLen = len(wire)
	dnsname.Fold(q.name[:len(wire)], wire)
	return q.name[:len(wire)]
}

// SetName makes name, which is folded already, q's name and returns q's copy.
func (q *Query) SetName(name []byte) []byte {
	q.nameLen = copy(q.name[:], name)
	return q.name[:q.nameLen]
}

// Verdict is what a message deserves before anybody looked at its content.
type Verdict uint8

const (
	// Answer goes to a query with one question.
	Answer Verdict = iota
	// Drop means no answer at all: answering responses or runts would invite loops.
	Drop
	// Malformed gets FORMERR.
	Malformed
	// Empty goes to a query without a question (RFC 7873 §5.4): to be answered if
	// it has a cookie, else malformed.
	Empty
	// Unknown is an opcode other than QUERY and gets NOTIMP.
	Unknown
)

// Opcode is the query's operation code; 0 is QUERY.
func (q *Query) Opcode() uint8 { return uint8(q.Flags & opcodeMask >> 11) }

// Name is the QNAME in lower case, in wire form. It is part of q.
func (q *Query) Name() []byte { return q.name[:q.nameLen] }

// Owner is Name as a value of its own.
func (q *Query) Owner() dnsname.Name { return dnsname.FromFolded(string(q.Name())) }

// QuestionEnd is where the question ends in the message.
func (q *Query) QuestionEnd() int {
	if q.nameLen == 0 {
		return HeaderLen
	}
	return HeaderLen + q.nameLen + 4
}

// Parse reads msg. Unless it says Drop, q holds at least ID and Flags; the
// question only if QuestionEnd is past the header.
func (q *Query) Parse(msg []byte) Verdict {
	q.nameLen, q.HasOpt, q.UDPSize, q.DO, q.CO, q.Version, q.Options, q.HasTSIG = 0, false, 512, false, false, 0, nil, false
	if len(msg) < HeaderLen {
		return Drop
	}
	q.ID, q.Flags = u16(msg, 0), u16(msg, 2)
	if q.Flags&FlagQR != 0 {
		return Drop
	}
	if q.Opcode() != 0 {
		return Unknown
	}
	if u16(msg, 4) == 0 {
		if !q.parseRecords(msg, HeaderLen) {
			return Malformed
		}
		return Empty
	}
	// RFC 9619: a query has one question at most.
	if u16(msg, 4) != 1 {
		return Malformed
	}
	at := HeaderLen
	for { // no pointers: there is nothing in front that one could point to
		if at >= len(msg) || msg[at] > dnsname.MaxLabel {
			return Malformed
		}
		l := int(msg[at])
		at += 1 + l
		if at-HeaderLen > dnsname.MaxWire {
			return Malformed
		}
		if l == 0 {
			break
		}
	}
	if at+4 > len(msg) {
		return Malformed
	}
	q.nameLen = at - HeaderLen
	dnsname.Fold(q.name[:], msg[HeaderLen:at])
	q.Type, q.Class = u16(msg, at), u16(msg, at+2)
	if !q.parseRecords(msg, at+4) {
		return Malformed
	}
	return Answer
}

// parseRecords walks the records behind the question, of which only an OPT in
// the additional section means anything.
func (q *Query) parseRecords(msg []byte, at int) bool {
	before := int(u16(msg, 6)) + int(u16(msg, 8))
	all := before + int(u16(msg, 10))
	for i := range all {
		start := at
		var ok bool
		if at, ok = skipName(msg, at); !ok || at+10 > len(msg) {
			return false
		}
		typ, end := u16(msg, at), at+10+int(u16(msg, at+8))
		if end > len(msg) {
			return false
		}
		if typ == TypeOPT {
			// RFC 6891 §6.1.1: one OPT at most, in the additional section, owned by the root.
			if q.HasOpt || i < before || msg[start] != 0 {
				return false
			}
			q.HasOpt = true
			q.UDPSize = max(u16(msg, at+2), 512)
			q.Version = msg[at+5]
			q.DO, q.CO = u16(msg, at+6)&FlagDO != 0, u16(msg, at+6)&FlagCO != 0
			q.Options = msg[at+10 : end]
			if !wholeOptions(q.Options) {
				return false
			}
		}
		if typ == TypeTSIG {
			// RFC 8945 §5.1: the last record, in the additional section.
			if i != all-1 || i < before {
				return false
			}
			q.HasTSIG = true
		}
		at = end
	}
	return at == len(msg)
}

// skipName steps over a name that may end in a pointer, which must point backwards (RFC 1035 §4.1.4).
func skipName(msg []byte, at int) (int, bool) {
	for at < len(msg) {
		switch l := int(msg[at]); {
		case l == 0:
			return at + 1, true
		case l <= dnsname.MaxLabel:
			at += 1 + l
		case l >= 0xC0 && at+1 < len(msg):
			return at + 2, (l&0x3f)<<8|int(msg[at+1]) < at
		default:
			return 0, false
		}
	}
	return 0, false
}

// wholeOptions says that options parse to their end (RFC 6891 §6.1.2).
func wholeOptions(b []byte) bool {
	for len(b) > 0 {
		if len(b) < 4 || len(b) < 4+int(u16(b, 2)) {
			return false
		}
		b = b[4+int(u16(b, 2)):]
	}
	return true
}
