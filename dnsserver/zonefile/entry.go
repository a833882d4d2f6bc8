package zonefile

import (
	"bufio"
	"errors"
	"io"
)

// maxEntry bounds one logical line in octets: the longest RDATA, 65535 octets,
// takes four characters an octet in \DDD form, and comments come on top. It is
// also what an unclosed parenthesis can swallow before it is told.
const maxEntry = 1 << 20

// token is one word of an entry as it was written: quotes and escapes stay.
type token struct {
	start, end int // in entry.buf
	line       int
}

// entry is one logical line of a zone file (RFC 1035 §5.1): parentheses joined,
// comments gone.
type entry struct {
	buf        []byte
	tokens     []token
	continuing bool // it begins with white space: the owner is the one before
}

func (e *entry) text(i int) []byte { return e.buf[e.tokens[i].start:e.tokens[i].end] }

func (e *entry) line() int { return e.tokens[0].line }

// scanner cuts a file into entries.
type scanner struct {
	r     *bufio.Reader
	line  int    // of the physical line read last, from 1
	left  *int64 // octets that the whole zone may still take, shared by its files
	depth int    // of open parentheses
	open  int    // the line of the outermost one
	e     entry
}

func newScanner(r io.Reader, left *int64) *scanner {
	return &scanner{r: bufio.NewReaderSize(r, 64<<10), left: left}
}

// next returns the next entry that has a token; it is valid until the call
// after. io.EOF is the end. An *Error is about one entry, and scanning goes on
// behind it; any other error is final.
func (s *scanner) next() (*entry, error) {
	e := &s.e
	e.buf, e.tokens, e.continuing = e.buf[:0], e.tokens[:0], false
	s.depth = 0
	for first := true; ; first = false {
		start := len(e.buf)
		err := s.readLine()
		if err == io.EOF && s.depth > 0 {
			return nil, &Error{Pos: Pos{Line: s.open}, Problem: "parenthesis is never closed", Want: ") before the end of the file"}
		}
		if err != nil {
			return nil, err
		}
		if first && len(e.buf) > start {
			e.continuing = e.buf[start] == ' ' || e.buf[start] == '\t'
		}
		if err := s.tokenize(start); err != nil {
			return nil, err
		}
		if s.depth > 0 {
			continue
		}
		if len(e.tokens) > 0 {
			return e, nil
		}
		e.buf, first = e.buf[:0], true
		e.continuing = false
		return s.next() // Blank or comment: tail position, the loop below keeps depth 0.
	}
}

var errTooLarge = errors.New("the zone's files are too large")

// readLine appends the next physical line to the entry, its line end taken off.
func (s *scanner) readLine() error {
	start := len(s.e.buf)
	for {
		part, err := s.r.ReadSlice('\n')
		if *s.left -= int64(len(part)); *s.left < 0 {
			return errTooLarge
		}
		s.e.buf = append(s.e.buf, part...)
		if len(s.e.buf) > maxEntry {
			line := s.line + 1
			if s.depth > 0 {
				line = s.open
			}
			return &tooLong{line}
		}
		if err == bufio.ErrBufferFull {
			continue
		}
		if err != nil && (err != io.EOF || len(s.e.buf) == start) {
			return err
		}
		break
	}
	s.line++
	b := s.e.buf
	if n := len(b); n > start && b[n-1] == '\n' {
		b = b[:n-1]
	}
	if n := len(b); n > start && b[n-1] == '\r' {
		b = b[:n-1]
	}
	s.e.buf = b
	return nil
}
