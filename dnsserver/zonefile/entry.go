package zonefile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// maxEntry bounds one logical line in octets: the longest RDATA, 65535 octets,
// takes four characters an octet in \DDD form, and comments come on top. It is
// also what an unclosed parenthesis can swallow before it is told.
const maxEntry = 1 << 20

// errTooLarge ends the reading of a zone; Config.MaxBytes tells when.
var errTooLarge = errors.New("the zone's files are too large together")

// token is one word of an entry as it was written: quotes and escapes stay.
type token struct {
	start, end int // in entry.buf
	line       int
}

// entry is one logical line of a zone file (RFC 1035 §5.1): parentheses joined,
// comments gone.
type entry struct {
	buf    []byte
	tokens []token
	// continued says that it begins with white space: its owner is the one before.
	continued bool
}

func (e *entry) text(i int) []byte { return e.buf[e.tokens[i].start:e.tokens[i].end] }

func (e *entry) line() int { return e.tokens[0].line }

// scanner cuts a file into entries.
type scanner struct {
	r     *bufio.Reader
	left  *int64 // octets that the zone may still take, shared by all its files
	line  int    // number of the physical line read last
	depth int    // of open parentheses
	open  int    // the line of the outermost one
	ended bool
	e     entry
}

func newScanner(r io.Reader, left *int64) *scanner {
	return &scanner{r: bufio.NewReaderSize(r, 64<<10), left: left}
}

// next returns the next entry that has a token; it is valid until the call
// after. io.EOF is the end. An *Error is about one entry: its File is left
// empty, and scanning goes on behind it. Any other error is final.
func (s *scanner) next() (*entry, error) {
	e := &s.e
	e.buf, e.tokens, s.depth = e.buf[:0], e.tokens[:0], 0
	for !s.ended {
		start := len(e.buf)
		if err := s.readLine(); err != nil {
			s.ended = true
			if errors.Is(err, io.EOF) && s.depth > 0 {
				err = s.unclosed()
			}
			return nil, err
		}
		if s.line == 1 && bytes.HasPrefix(e.buf, []byte("\xef\xbb\xbf")) {
			// It would be taken for a part of the first owner name.
			return nil, s.fault(1, "the file begins with a byte order mark", "none")
		}
		if start == 0 {
			e.continued = len(e.buf) > 0 && (e.buf[0] == ' ' || e.buf[0] == '\t')
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
		e.buf = e.buf[:0] // blank, or a comment
	}
	return nil, io.EOF
}

func (s *scanner) unclosed() *Error {
	return &Error{Pos: Pos{Line: s.open}, Problem: "parenthesis is never closed", Want: ")"}
}

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
			if s.depth > 0 {
				return s.unclosed()
			}
			return s.fault(s.line+1, fmt.Sprintf("line is longer than %d octets", maxEntry), "")
		}
		if err == nil || err == io.EOF && len(s.e.buf) > start {
			break
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
	s.line++
	b := bytes.TrimSuffix(s.e.buf[start:], []byte("\n"))
	b = bytes.TrimSuffix(b, []byte("\r"))
	s.e.buf = s.e.buf[:start+len(b)]
	// Lines that a parenthesis joins must not share a token.
	s.e.buf = append(s.e.buf, '\n')
	return nil
}

// tokenize adds the tokens of the physical line that starts at buf[i] and ends with a newline.
func (s *scanner) tokenize(i int) *Error {
	e := &s.e
	for {
		switch c := e.buf[i]; c {
		case '\n', ';':
			return nil
		case ' ', '\t':
			i++
		case '(':
			if s.depth++; s.depth == 1 {
				s.open = s.line
			}
			i++
		case ')':
			if s.depth--; s.depth < 0 {
				return s.fault(s.line, "closing parenthesis without an opening one", "")
			}
			i++
		case '\r':
			return s.fault(s.line, "carriage return inside a line", `\013`)
		default:
			end, err := s.word(i)
			if err != nil {
				return err
			}
			e.tokens = append(e.tokens, token{i, end, s.line})
			i = end
		}
	}
}

// word returns where the token that starts at buf[i] ends. A token that starts
// with a quote ends with it; a quoted part later on belongs to its token, as in
// alpn="h2,h3" (RFC 9460 §2.1).
func (s *scanner) word(i int) (int, *Error) {
	b := s.e.buf
	whole := b[i] == '"'
	quoted := false
	for ; ; i++ {
		switch c := b[i]; c {
		case '\n':
			if quoted {
				return 0, s.fault(s.line, "quote is not closed on its line", `", or \010 for a line feed`)
			}
			return i, nil
		case '"':
			if quoted && whole {
				return i + 1, nil
			}
			quoted = !quoted
		case '\\':
			n := escape(b[i+1:])
			if n == 0 {
				return 0, s.fault(s.line, "bad escape", `\DDD (000 to 255) or \ and a character (RFC 1035 §5.1)`)
			}
			i += n
		case ' ', '\t', ';', '(', ')', '\r':
			if !quoted {
				return i, nil
			}
		}
	}
}

// escape counts the characters of the escape whose backslash stands before b; 0: it is none.
func escape(b []byte) int {
	if b[0] == '\n' {
		return 0
	}
	if b[0] < '0' || b[0] > '9' {
		return 1
	}
	v := 0
	for _, c := range b[:min(3, len(b))] {
		if c < '0' || c > '9' {
			return 0
		}
		v = 10*v + int(c-'0')
	}
	if v > 255 {
		return 0
	}
	return 3 // A shorter b would have ended in the newline that every line has.
}

// fault is an error about the entry being scanned; what is left of it is skipped.
func (s *scanner) fault(line int, problem, want string) *Error {
	return &Error{Pos: Pos{Line: line}, Problem: problem, Want: want}
}
