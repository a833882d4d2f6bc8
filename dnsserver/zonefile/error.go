package zonefile

import (
	"strconv"
	"strings"

	"github.com/miekg/dns"
)

// Pos is where a record starts.
type Pos struct {
	File string // as it was given to Read; of an included file, joined to its includer's folder
	Line int    // from 1; 0 when the zone as a whole is meant
}

// String is FILE:LINE, the form that editors jump to.
func (p Pos) String() string {
	if p.Line == 0 {
		return p.File
	}
	return p.File + ":" + strconv.Itoa(p.Line)
}

// Error is one thing that is wrong with a zone's files, or, among a Set's
// Warnings, unwise. It is terminal: reading the same files again fails again.
type Error struct {
	Pos
	Owner   string // in presentation form; empty where no record could be made out
	Type    string // mnemonic or TYPEnnn; empty likewise
	Problem string // what is there
	Want    string // what was expected, with the RFC that says so; may be empty
	Err     error  // what Problem was made of, if it came from elsewhere
}

// Error is one line: FILE:LINE: owner TYPE: what is wrong, want what was expected.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Pos.String())
	b.WriteString(": ")
	if e.Owner != "" {
		b.WriteString(e.Owner)
		if e.Type != "" {
			b.WriteByte(' ')
			b.WriteString(e.Type)
		}
		b.WriteString(": ")
	}
	b.WriteString(e.Problem)
	if e.Want != "" {
		b.WriteString(", want ")
		b.WriteString(e.Want)
	}
	return b.String()
}

// Unwrap is the error that Problem was made of.
func (e *Error) Unwrap() error { return e.Err }

// typeName is the mnemonic of any type that miekg/dns knows, else TYPEnnn (RFC 3597 §5).
func typeName(t uint16) string {
	if s, ok := dns.TypeToString[t]; ok {
		return s
	}
	return "TYPE" + strconv.Itoa(int(t))
}
