package wire

import (
	"encoding/binary"
	"strconv"
)

// HeaderLen is the length of a message's header in octets (RFC 1035 §4.1.1).
const HeaderLen = 12

// Flags of the header's second 16 bits (RFC 1035 §4.1.1, RFC 4035 §3).
const (
	FlagQR uint16 = 1 << 15
	FlagAA uint16 = 1 << 10
	FlagTC uint16 = 1 << 9
	FlagRD uint16 = 1 << 8
	FlagRA uint16 = 1 << 7
	FlagAD uint16 = 1 << 5
	FlagCD uint16 = 1 << 4

	opcodeMask uint16 = 0x7800
)

// Rcode is a response code; those past 15 need EDNS to be told (RFC 6891 §6.1.3).
type Rcode uint16

// Response codes (IANA DNS parameters).
const (
	NoError  Rcode = 0
	FormErr  Rcode = 1
	ServFail Rcode = 2
	NXDomain Rcode = 3
	NotImp   Rcode = 4
	Refused  Rcode = 5
	YXDomain Rcode = 6
	NotAuth  Rcode = 9
	BadVers  Rcode = 16
)

// String is the mnemonic, RCODE and the number where there is none here.
func (r Rcode) String() string {
	switch r {
	case NoError:
		return "NOERROR"
	case FormErr:
		return "FORMERR"
	case ServFail:
		return "SERVFAIL"
	case NXDomain:
		return "NXDOMAIN"
	case NotImp:
		return "NOTIMP"
	case Refused:
		return "REFUSED"
	case YXDomain:
		return "YXDOMAIN"
	case NotAuth:
		return "NOTAUTH"
	case BadVers:
		return "BADVERS"
	}
	return "RCODE" + strconv.Itoa(int(r))
}

// EDNS option codes (IANA DNS EDNS0 Option Codes).
const (
	OptionNSID      uint16 = 3  // RFC 5001
	OptionSubnet    uint16 = 8  // RFC 7871
	OptionCookie    uint16 = 10 // RFC 7873
	OptionKeepalive uint16 = 11 // RFC 7828
	OptionPadding   uint16 = 12 // RFC 7830
	OptionError     uint16 = 15 // RFC 8914
)

// ExtendedError is an INFO-CODE of RFC 8914 §4.
type ExtendedError uint16

// The extended errors we tell. None is 0, which we never send.
const (
	NoExtendedError  ExtendedError = 0
	StaleAnswer      ExtendedError = 3
	NotReady         ExtendedError = 14
	Prohibited       ExtendedError = 18
	StaleNXDomain    ExtendedError = 19
	NotAuthoritative ExtendedError = 20
	NotSupported     ExtendedError = 21
	NetworkError     ExtendedError = 23
	InvalidType      ExtendedError = 30 // RFC 9824 §8
)

// Types and classes that only questions have, or only messages.
const (
	TypeOPT  uint16 = 41
	TypeTSIG uint16 = 250
	TypeIXFR uint16 = 251
	TypeAXFR uint16 = 252
	TypeANY  uint16 = 255

	ClassIN  uint16 = 1
	ClassCH  uint16 = 3
	ClassANY uint16 = 255
)

// OptLen is the length of an OPT record without options (RFC 6891 §6.1.2).
const OptLen = 11

// FlagDO is the DNSSEC OK bit among an OPT record's flags (RFC 6891 §6.1.4).
const FlagDO uint16 = 1 << 15

// FlagCO is the Compact Answers OK bit there (RFC 9824 §5.1).
const FlagCO uint16 = 1 << 14

func u16(b []byte, at int) uint16       { return binary.BigEndian.Uint16(b[at:]) }
func putU16(b []byte, at int, v uint16) { binary.BigEndian.PutUint16(b[at:], v) }
