package wire

import "encoding/binary"

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
	BadVers  Rcode = 16
)

// Types and classes that only questions have, or only messages.
const (
	TypeOPT  uint16 = 41
	TypeIXFR uint16 = 251
	TypeAXFR uint16 = 252
	TypeANY  uint16 = 255

	ClassIN  uint16 = 1
	ClassANY uint16 = 255
)

// OptLen is the length of an OPT record without options (RFC 6891 §6.1.2).
const OptLen = 11

// FlagDO is the DNSSEC OK bit among an OPT record's flags (RFC 6891 §6.1.4).
const FlagDO uint16 = 1 << 15

func u16(b []byte, at int) uint16       { return binary.BigEndian.Uint16(b[at:]) }
func putU16(b []byte, at int, v uint16) { binary.BigEndian.PutUint16(b[at:], v) }
