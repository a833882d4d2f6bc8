package zonefile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
)

const (
	// defaultMaxBytes is more than ten million ordinary records.
	defaultMaxBytes = 1 << 30
	// maxErrors ends the reading of a zone: one mistake in a template can make a million.
	maxErrors = 20
	// maxDepth of $INCLUDE in $INCLUDE.
	maxDepth = 8
)

// Config is how a zone's files are read. The zero Config is ready for use.
type Config struct {
	// RequireSOA refuses a zone without SOA and NS at its apex. It is for zones
	// that come from files alone: to those that fedns fills it gives both.
	RequireSOA bool
	// MaxBytes that all files of a zone may have together, included ones
	// counted each time. Defaults to 1 GiB.
	MaxBytes int64
}

// Set is what the files of a zone hold. The caller owns it.
type Set struct {
	Apex dnsname.Name
	// RRsets in canonical order of owners (RFC 4034 §6.1), then by type number.
	RRsets []zone.RRset
	// Warnings are about what is allowed and hardly meant.
	Warnings []*Error

	at []Pos // of the RRset with the same index
}

// At is where the first record of the RRset stands in the files.
func (s *Set) At(k zone.Key) (Pos, bool) {
	i, ok := slices.BinarySearchFunc(s.RRsets, k, func(r zone.RRset, k zone.Key) int {
		if c := dnsname.Compare(r.Owner, k.Owner); c != 0 {
			return c
		}
		return int(r.Type) - int(k.Type)
	})
	if !ok {
		return Pos{}, false
	}
	return s.at[i], true
}

// Read reads the files of one zone with the zero Config.
func Read(apex dnsname.Name, files ...string) (*Set, error) { return Config{}.Read(apex, files...) }

// Read reads all files of the zone at apex and merges them. Each file starts
// with the apex as its origin and without a default TTL.
//
// An RRset whose records differ in TTL gets the lowest, as in BIND (RFC 2181
// §5.2), and a warning. A record whose TTL nothing states gets the SOA minimum
// as in BIND; without an SOA it is refused. $INCLUDE takes a path relative to
// the file it stands in and cannot leave the folder of the file named to Read;
// $GENERATE is refused.
//
// A zone is refused whole: there is a Set or an error. The error joins one
// *Error for each of the first 20 things found wrong: what is wrong with
// entries, in the order of the files, or when these are all well, with the zone
// as a whole. What failed in reading is in the chain, for errors.Is.
func (c Config) Read(apex dnsname.Name, files ...string) (*Set, error) {
	if c.MaxBytes == 0 {
		c.MaxBytes = defaultMaxBytes
	}
	r := &reader{apex: apex, left: c.MaxBytes}
	for _, file := range files {
		if err := r.file(file); err != nil {
			r.errs = append(r.errs, err)
			break
		}
	}
	r.fillTTL()
	if len(r.errs) > 0 {
		return nil, errors.Join(r.errs...)
	}
	s, errs := assemble(apex, r.records)
	errs = append(errs, s.check(c.RequireSOA, files)...)
	if len(errs) > maxErrors {
		errs = append(errs[:maxErrors], errTooMany)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return s, nil
}

// reader collects the records of all files of a zone.
type reader struct {
	apex    dnsname.Name
	left    int64 // octets
	records []record
	errs    []error
	minimum *uint32 // of the SOA
	noTTL   []int   // indexes of records that state none, nor does anything before them
	rdata   rdataParser
}

var errTooMany = errors.New("there may be more")

// complain notes what is wrong with an entry. The error it returns is final.
func (r *reader) complain(e *Error) error {
	r.errs = append(r.errs, e)
	if len(r.errs) >= maxErrors {
		return errTooMany
	}
	return nil
}

// file reads a file that was named to Read.
func (r *reader) file(name string) error {
	f, err := openRegular(name, os.Stat, os.Open)
	if err != nil {
		return err
	}
	defer f.Close()
	fr := &fileReader{reader: r, name: name, dir: filepath.Dir(name)}
	fr.head.setOrigin(r.apex)
	defer fr.close()
	return fr.read(f)
}

// openRegular refuses what is not a plain file: opening a pipe would hang.
func openRegular(name string, stat func(string) (os.FileInfo, error), open func(string) (*os.File, error)) (*os.File, error) {
	info, err := stat(name)
	if err != nil {
		return nil, fmt.Errorf("zone file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("zone file %s: not a regular file", name)
	}
	f, err := open(name)
	if err != nil {
		return nil, fmt.Errorf("zone file: %w", err)
	}
	return f, nil
}

// fileReader reads one file, included ones by a fileReader of their own.
type fileReader struct {
	*reader
	head
	name string // for messages
	dir  string // of the file named to Read; "" until needed by $INCLUDE
	path string // below dir, of an included file
	root *os.Root
	from *fileReader // the file that includes this one
}

func (f *fileReader) close() {
	if f.root != nil && f.from == nil {
		_ = f.root.Close()
	}
}

func (f *fileReader) read(src io.Reader) error {
	s := newScanner(src, &f.left)
	for {
		e, err := s.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		var wrong *Error
		if err == nil {
			wrong, err = f.entry(e)
		} else if errors.As(err, &wrong) {
			err = nil
		}
		if wrong != nil {
			wrong.File = f.name
			err = f.complain(wrong)
		}
		if err != nil {
			return f.locate(err, s.line)
		}
	}
}

// locate adds the file to a final error that does not name it.
func (f *fileReader) locate(err error, line int) error {
	var e *Error
	if errors.As(err, &e) || errors.Is(err, errTooMany) {
		return err
	}
	return &Error{Pos: Pos{f.name, line}, Problem: err.Error(), Err: err}
}

// entry reads a directive or a record. wrong is about this entry alone; err is final.
func (f *fileReader) entry(e *entry) (wrong *Error, err error) {
	if !e.continued && e.text(0)[0] == '$' {
		return f.directive(e)
	}
	return f.record(e), nil
}

func (f *fileReader) fault(line int, problem, want string) *Error {
	return &Error{Pos: Pos{f.name, line}, Problem: problem, Want: want}
}

// record reads [owner] [TTL] [class] type RDATA (RFC 1035 §5.1), TTL and class in either order.
func (f *fileReader) record(e *entry) *Error {
	i := 0
	if !e.continued {
		if err := f.takeOwner(e.text(0)); err != nil {
			return &Error{Pos: Pos{f.name, e.line()}, Problem: "bad owner name: " + err.Error(), Err: err}
		}
		i = 1
	}
	if f.owner.IsZero() {
		return f.fault(e.line(), "the file's first record has no owner", "a name, or @ for the origin, at the line's start")
	}
	about := func(problem, want string) *Error {
		w := f.fault(e.line(), problem, want)
		w.Owner = f.owner.String()
		return w
	}
	if !f.owner.Under(f.apex) {
		return about("the owner is out of the zone", "a name at or below "+f.apex.String())
	}
	var stated uint32
	var hasTTL, hasClass bool
	for ; ; i++ {
		if i == len(e.tokens) {
			return about("the record has no type", "[TTL] [IN] TYPE DATA")
		}
		word := e.text(i)
		if ttl, is, fits := parseTTL(word); is && !hasTTL {
			if !fits {
				return about(fmt.Sprintf("TTL %s", word), "0 to 2147483647 seconds (RFC 2181 §8)")
			}
			stated, hasTTL = ttl, true
			continue
		}
		upper := bytes.ToUpper(word)
		if class, is := parseClass(upper); is && !hasClass {
			if class != 1 {
				return about(fmt.Sprintf("class %s", word), "IN")
			}
			hasClass = true
			continue
		}
		typ, ok := parseType(upper)
		if !ok {
			return about(fmt.Sprintf("unknown type %q", word), "a type's mnemonic, or TYPE and its number (RFC 3597 §5)")
		}
		if wrong := f.data(e, i+1, typ, stated, hasTTL); wrong != nil {
			wrong.Pos = Pos{f.name, e.line()}
			wrong.Owner, wrong.Type = f.owner.String(), typeName(typ)
			return wrong
		}
		return nil
	}
}

// data reads what stands behind the type and keeps the record. The error's position is the caller's to give.
func (f *fileReader) data(e *entry, first int, typ uint16, stated uint32, hasTTL bool) *Error {
	if isMeta(typ) {
		return &Error{Problem: "a type of queries or transactions, not of data", Want: "a data type (RFC 6895 §3.1)"}
	}
	if typ == zone.TypeSOA && f.owner != f.apex {
		return &Error{Problem: "SOA that is not at the apex", Want: "it at " + f.apex.String() + " (RFC 1035 §5.2)"}
	}
	rdata, err := f.rdata.parse(e, first, typ, f.origin)
	if err != nil {
		return &Error{Problem: err.Error(), Err: err}
	}
	ttl, ok := f.ttl(stated, hasTTL)
	if !ok {
		f.noTTL = append(f.noTTL, len(f.records))
	}
	if typ == zone.TypeSOA && f.minimum == nil {
		if soa, err := zone.ParseSOA(rdata); err == nil {
			f.minimum = &soa.Minimum
		}
	}
	f.records = append(f.records, record{
		key: f.ownerKey, owner: f.owner, typ: typ, ttl: ttl, rdata: rdata, pos: Pos{f.name, e.line()},
	})
	return nil
}

// fillTTL gives the SOA minimum to records for which nothing states a TTL.
func (r *reader) fillTTL() {
	for _, i := range r.noTTL {
		rec := &r.records[i]
		if r.minimum == nil {
			wrong := &Error{
				Pos: rec.pos, Owner: rec.owner.String(), Type: typeName(rec.typ),
				Problem: "nothing states a TTL", Want: "$TTL before it or a number in the record (RFC 2308 §4)",
			}
			if r.complain(wrong) != nil {
				return
			}
			continue
		}
		rec.ttl = min(*r.minimum, maxTTL)
	}
}
