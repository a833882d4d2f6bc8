package state

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"unsafe"
)

// partSuffix is of a base that is being written. One that is found was not
// finished and does not matter.
const partSuffix = ".part"

// segmentName is a segment's file; the number counts up by one.
func segmentName(number uint64) string { return fmt.Sprintf("%010d", number) }

// found is what a folder holds.
type found struct {
	known   Known
	last    uint64   // the highest number; 0: there is no segment
	good    uint64   // octets of that segment that are good
	base    int64    // octets of the base; 0: there is none
	since   int64    // octets of the segments since
	names   []string // of the base and what follows
	stale   []string // files that do not matter any more
	newer   []string // of a format that is not ours: not looked into
	damaged []string
	tell    []string // what is wrong, one line each
	lost    int64    // octets that nothing could be read of
}

// segment is one file as it was read.
type segment struct {
	number uint64
	name   string
	data   []byte
	header header
	whole  bool // both copies of the header are good
	err    error
}

// errVanished says that a file was taken away while the folder was being read.
var errVanished = errors.New("file vanished")

// load reads a folder. The error is of the folder as a whole; what is wrong with
// files is told in found.
func load(files fs.FS) (*found, error) {
	for tries := 0; ; tries++ {
		f, err := loadOnce(files)
		if !errors.Is(err, errVanished) || tries == 10 { // each time another process has written a new base meanwhile
			return f, err
		}
	}
}

func loadOnce(files fs.FS) (*found, error) {
	f := &found{known: newTaker().known}
	list, err := fs.ReadDir(files, ".")
	if err != nil {
		return f, err
	}
	var numbers []uint64
	for _, e := range list {
		name := e.Name()
		if n, err := strconv.ParseUint(name, 10, 64); err == nil && n > 0 && segmentName(n) == name {
			numbers = append(numbers, n)
		} else if strings.HasSuffix(name, partSuffix) {
			f.stale = append(f.stale, name)
		}
	}
	slices.SortFunc(numbers, func(a, b uint64) int { return cmp.Compare(b, a) })
	var segments []segment // the latest first
	for i, n := range numbers {
		f.last = max(f.last, n)
		s := read(files, n)
		if errors.Is(s.err, fs.ErrNotExist) {
			return f, errVanished
		}
		segments = append(segments, s)
		if s.err == nil && s.header.version > version {
			for _, n := range numbers {
				f.newer = append(f.newer, segmentName(n))
			}
			f.known.Whole = false
			f.tell = append(f.tell, fmt.Sprintf("%s: its format is %d, and this program knows %d: what was kept is not used", s.name, s.header.version, version))
			return f, nil
		}
		if s.err == nil && s.header.kind == kindBase {
			for _, old := range numbers[i+1:] {
				f.stale = append(f.stale, segmentName(old))
			}
			break
		}
	}
	slices.Reverse(segments)
	f.take(segments)
	return f, nil
}

func read(files fs.FS, number uint64) segment {
	s := segment{number: number, name: segmentName(number)}
	if s.data, s.err = fs.ReadFile(files, s.name); s.err == nil {
		s.header, s.whole, s.err = readHeader(s.data)
	}
	return s
}

// take reads the records of a base and what follows it.
func (f *found) take(segments []segment) {
	t := newTaker()
	for i := range segments {
		s := &segments[i]
		var next *segment
		if i+1 < len(segments) {
			next = &segments[i+1]
		}
		f.names = append(f.names, s.name)
		isBase := s.err == nil && s.header.kind == kindBase
		if i == 0 && !isBase {
			f.damage(t, s, 0, "the base it rests on is missing")
		}
		if isBase {
			f.base += int64(len(s.data))
		} else {
			f.since += int64(len(s.data))
		}
		f.good = f.records(t, s, next)
		if isBase && !t.ended {
			f.damage(t, s, 0, "the base is cut short")
		}
		if next != nil && next.number != s.number+1 {
			f.damage(t, next, 0, fmt.Sprintf("%d segments before it are missing", next.number-s.number-1))
		}
	}
	f.known = t.known
	f.known.Services = len(t.keys)
}

// damage notes that something that was kept is missing.
func (f *found) damage(t *taker, s *segment, octets int64, what string) {
	t.known.Whole = false
	f.lost += octets
	f.tell = append(f.tell, s.name+": "+what)
	if !slices.Contains(f.damaged, s.name) {
		f.damaged = append(f.damaged, s.name)
	}
}

// records reads one segment. good is how many octets of its beginning are.
func (f *found) records(t *taker, s, next *segment) (good uint64) {
	// sure is how much of it was on disk for certain: what lacks past that was never
	// there, but for the last moments before a crash.
	sure := uint64(0)
	if next != nil && next.err == nil {
		sure = next.header.before
	}
	if s.err != nil {
		if torn := errors.Is(s.err, errHeader) && len(s.data) <= 2*headerSize && sure == 0; !torn {
			f.damage(t, s, int64(len(s.data)), s.err.Error())
		}
		return 0
	}
	if !s.whole && len(s.data) >= 2*headerSize {
		f.tell = append(f.tell, s.name+": one copy of its header is damaged, the other one is good")
		f.damaged = append(f.damaged, s.name)
	}
	text := unsafe.String(unsafe.SliceData(s.data), len(s.data)) // nobody writes to it: a copy takes time, and as much memory again
	at := 2 * headerSize
	if len(s.data) < at {
		if good = uint64(len(s.data)); good < sure {
			f.cut(t, s, good, sure)
		}
		return good
	}
	for at < len(s.data) {
		kind, from, end := recordAt(s.data, s.header.nonce, at)
		if end == 0 {
			break
		}
		f.record(t, s, kind, text[from:end])
		at = end
	}
	good = uint64(at)
	if at == len(s.data) {
		if good < sure {
			f.cut(t, s, good, sure)
		}
		return good
	}
	if next == nil || next.err != nil {
		sure = max(sure, lastSync(s, at))
	}
	if s.header.kind == kindBase { // it got its name when all of it was on disk
		sure = uint64(len(s.data))
	}
	if good >= sure {
		if next == nil {
			f.tell = append(f.tell, fmt.Sprintf("%s: its last %d octets are not whole, as after a crash: what changed in the last moments is lost", s.name, len(s.data)-at))
		}
		return good
	}
	f.salvage(t, s, text, at)
	return good
}

// cut notes that a segment lacks its end.
func (f *found) cut(t *taker, s *segment, good, sure uint64) {
	f.damage(t, s, int64(sure-good), fmt.Sprintf("it is cut to %d octets, %d were written", good, sure))
}

// lastSync is the highest mark of what was surely on disk among the records
// behind a damaged place; 0: none is higher than that.
func lastSync(s *segment, at int) (sure uint64) {
	for at, ok := resync(s.data, s.header.nonce, at); ok; {
		kind, from, end := recordAt(s.data, s.header.nonce, at)
		if end == 0 {
			at, ok = resync(s.data, s.header.nonce, at)
			continue
		}
		if kind == kindSync && end-from == 8 {
			sure = max(sure, binary.BigEndian.Uint64(s.data[from:]))
		}
		if at = end; at == len(s.data) {
			break
		}
	}
	return sure
}

// salvage reads what is good behind a damaged place.
func (f *found) salvage(t *taker, s *segment, text string, at int) {
	for at < len(s.data) {
		if kind, from, end := recordAt(s.data, s.header.nonce, at); end > 0 {
			f.record(t, s, kind, text[from:end])
			at = end
			continue
		}
		next, ok := resync(s.data, s.header.nonce, at)
		if !ok {
			next = len(s.data)
		}
		f.damage(t, s, int64(next-at), fmt.Sprintf("octets %d to %d are damaged", at, next-1))
		at = next
	}
}

func (f *found) record(t *taker, s *segment, kind byte, body string) {
	if err := t.take(kind, body); err != nil {
		f.damage(t, s, int64(len(body)), err.Error())
	}
}
