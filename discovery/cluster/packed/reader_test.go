package packed

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"
)

func TestReader(t *testing.T) {
	octets := []byte{7, 1, 2}
	octets = binary.AppendUvarint(octets, math.MaxUint64)
	octets = AppendText(octets, strings.Repeat("x", 300))
	octets = AppendText(append(octets, 2), "a")
	octets = append(AppendText(octets, ""), 1)
	read := func(r *Reader) bool {
		return r.Octet() == 7 && r.Uint16() == 0x102 && r.Uvarint() == math.MaxUint64 && len(r.Text()) == 300 &&
			slices.Equal(List(r, r.Text), []string{"a", ""}) && r.Index(2) == 1
	}
	r := Read(string(octets))
	if !read(&r) || r.Bad() || !r.Empty() {
		t.Errorf("%+v", r)
	}
	for n := range octets {
		r := Read(string(octets[:n]))
		if read(&r); !r.Bad() || !r.Empty() {
			t.Errorf("cut to %d octets: %+v", n, r)
		}
	}
}

// TestNonsense: what is malformed is bad, and yields zeros from then on.
func TestNonsense(t *testing.T) {
	for name, step := range map[string]func(*Reader){
		"\x05abcd":                 func(r *Reader) { r.Text() },
		"\xff\xff\xff\xff\x0fabcd": func(r *Reader) { List(r, r.Octet) },
		"\x02abcd":                 func(r *Reader) { r.Index(2) },
		strings.Repeat("\xff", 11): func(r *Reader) { r.Uvarint() },
		"abcd":                     func(r *Reader) { r.Octets(-1) },
	} {
		r := Read(name)
		if step(&r); !r.Bad() || !r.Empty() || r.Octet() != 0 || r.Uint16() != 0 || r.Text() != "" || List(&r, r.Octet) != nil || r.Index(9) != 0 {
			t.Errorf("%q: %+v", name, r)
		}
	}
}
