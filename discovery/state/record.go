package state

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"

	"github.com/fedns/fedns/discovery/guarantee"
)

// version is of the format. A file that says a higher one is not looked into.
const version = 1

// magic begins every file, and with the rest of the header stays as it is in
// every version, so that a higher one is told from damage.
const magic = "fedns\x00st"

// headerSize is what one copy of the header takes, in octets. There are two, so
// that one flipped bit does not cost the file.
const headerSize = 8 + 4 + 4 + 8 + 8 + 4

// Kinds of segment.
const (
	kindLog  = 0 // what changed since the segment before
	kindBase = 1 // everything; what came before does not matter any more
)

// header is how a segment begins.
type header struct {
	version, kind uint32
	nonce         uint64 // of this file alone, so that no record of another passes for its own
	before        uint64 // octets of the segment before that are sure to be good
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (h header) append(dst []byte) []byte {
	for range 2 {
		start := len(dst)
		dst = append(dst, magic...)
		dst = binary.BigEndian.AppendUint32(dst, h.version)
		dst = binary.BigEndian.AppendUint32(dst, h.kind)
		dst = binary.BigEndian.AppendUint64(dst, h.nonce)
		dst = binary.BigEndian.AppendUint64(dst, h.before)
		dst = binary.BigEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli))
	}
	return dst
}

// errHeader says that neither copy of a header is good.
var errHeader = errors.New("its header is damaged")

// readHeader reads the first good copy; whole says that both are.
func readHeader(data []byte) (h header, whole bool, err error) {
	good := 0
	for i := range 2 {
		if len(data) < (i+1)*headerSize {
			break
		}
		b := data[i*headerSize : (i+1)*headerSize]
		if string(b[:8]) != magic || crc32.Checksum(b[:headerSize-4], castagnoli) != binary.BigEndian.Uint32(b[headerSize-4:]) {
			continue
		}
		good++
		h = header{binary.BigEndian.Uint32(b[8:]), binary.BigEndian.Uint32(b[12:]), binary.BigEndian.Uint64(b[16:]), binary.BigEndian.Uint64(b[24:])}
	}
	if good == 0 {
		return h, false, errHeader
	}
	return h, good == 2, nil
}

// Kinds of record.
const (
	kindGroup   = 1 + iota // a Group, whole
	kindGone               // a Group is there no longer
	kindMemo               // what is known of a cluster as a whole
	kindDropped            // a cluster is there no longer, with all its Groups
	kindEnd                // of a base: nothing of it lacks
	kindSync               // of a log: so many octets before it are surely on disk, u64
	kindHost               // addresses of a load balancer's hostname; none: it is not wanted any more
	kindLast    = kindHost
)

// marker begins every record: what reading looks for after a damaged stretch.
const marker = "\xfe\xd5"

const recordHeader = len(marker) + 1 + 4 + 4

// checksum is of a record at an offset: one that stands elsewhere than it was
// written is damage, too.
func checksum(nonce uint64, at int, kind byte, body []byte) uint32 {
	var b [8 + 8 + 1 + 4]byte
	binary.BigEndian.PutUint64(b[:], nonce)
	binary.BigEndian.PutUint64(b[8:], uint64(at))
	b[16] = kind
	binary.BigEndian.PutUint32(b[17:], uint32(len(body)))
	return crc32.Update(crc32.Checksum(b[:], castagnoli), castagnoli, body)
}

// appendRecord appends a record that stands at an offset of its file.
func appendRecord(dst []byte, nonce uint64, at int, kind byte, body []byte) []byte {
	dst = append(dst, marker...)
	dst = append(dst, kind)
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(body)))
	dst = binary.BigEndian.AppendUint32(dst, checksum(nonce, at, kind, body))
	return append(dst, body...)
}

// recordAt reads the record at an offset; next 0: there is none that is good.
func recordAt(data []byte, nonce uint64, at int) (kind byte, from, next int) {
	rest := data[at:]
	if len(rest) < recordHeader || string(rest[:len(marker)]) != marker {
		return 0, 0, 0
	}
	kind = rest[2]
	size := binary.BigEndian.Uint32(rest[3:])
	if kind == 0 || kind > kindLast || uint64(size) > uint64(len(rest)-recordHeader) {
		return 0, 0, 0
	}
	from = at + recordHeader
	next = from + int(size)
	if checksum(nonce, at, kind, data[from:next]) != binary.BigEndian.Uint32(rest[7:]) && guarantee.Holds(guarantee.DamageIsFound) {
		return 0, 0, 0
	}
	return kind, from, next
}

// resync finds the next good record behind at; false: there is none.
func resync(data []byte, nonce uint64, at int) (int, bool) {
	for at++; at < len(data); at++ {
		i := bytes.Index(data[at:], []byte(marker))
		if i < 0 {
			break
		}
		at += i
		if _, _, next := recordAt(data, nonce, at); next > 0 {
			return at, true
		}
	}
	return 0, false
}
