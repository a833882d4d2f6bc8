package answer

import "encoding/binary"

// entry is what the table holds of one name, finished: bytes that are not
// changed once a slot refers to them. It may be followed by other entries.
//
//	 0  size u32        whole entry, in octets
//	 4  flags u8
//	 5  name length u8
//	 6  types u16
//	 8  zone id u32
//	12  name            lower-case wire form
//	 …  directory       a type each: type u16 | records u16 | octets u16
//	 …  answers         the records as they follow the question, in the directory's order
type entry []byte

const (
	entryHeader = 12
	dirSize     = 6
	// maxHot is the longest finished answer in octets that is kept; what is
	// longer needs TCP as a rule, and is not worth having twice in memory.
	maxHot = 4096
)

const (
	// flagSlow: leave every query for this name, or for one below it that does
	// not exist, to the readable path.
	flagSlow = 1 << iota
	// flagWild: a wildcard stands right below this name, so names below it that
	// do not exist are the readable path's.
	flagWild
	// flagKept: the entry stays though nobody asks for it.
	flagKept
)

func (e entry) whole() entry { return e[:binary.LittleEndian.Uint32(e)] }
func (e entry) flags() uint8 { return e[4] }
func (e entry) zone() uint32 { return binary.LittleEndian.Uint32(e[8:]) }
func (e entry) name() []byte { return e[entryHeader : entryHeader+int(e[5])] }

func (e entry) is(name []byte) bool {
	return int(e[5]) == len(name) && string(e.name()) == string(name)
}

// answer finds a type's records. Found with no records: too long to be here.
func (e entry) answer(typ uint16) (rrs []byte, records uint16, found bool) {
	types := int(binary.LittleEndian.Uint16(e[6:]))
	dir := entryHeader + int(e[5])
	at := dir + types*dirSize
	for range types {
		size := int(binary.LittleEndian.Uint16(e[dir+4:]))
		if binary.LittleEndian.Uint16(e[dir:]) == typ {
			return e[at : at+size], binary.LittleEndian.Uint16(e[dir+2:]), true
		}
		at += size
		dir += dirSize
	}
	return nil, 0, false
}

// finished is one type's part of an entry to be made.
type finished struct {
	typ     uint16
	records uint16 // 0: too long
	rrs     []byte
}

// appendEntry packs an entry into buf.
func appendEntry(buf []byte, zone uint32, flags uint8, name string, types []finished) entry {
	start := len(buf)
	buf = append(buf, 0, 0, 0, 0, flags, uint8(len(name)))
	buf = binary.LittleEndian.AppendUint16(buf, uint16(len(types)))
	buf = binary.LittleEndian.AppendUint32(buf, zone)
	buf = append(buf, name...)
	for _, f := range types {
		buf = binary.LittleEndian.AppendUint16(buf, f.typ)
		buf = binary.LittleEndian.AppendUint16(buf, f.records)
		buf = binary.LittleEndian.AppendUint16(buf, uint16(len(f.rrs)))
	}
	for _, f := range types {
		buf = append(buf, f.rrs...)
	}
	binary.LittleEndian.PutUint32(buf[start:], uint32(len(buf)-start))
	return entry(buf[start:])
}
