package zone_test

import (
	"testing"

	"github.com/fedns/fedns/dnsserver/zone"
)

func marked(r zone.RRset) zone.RRset { r.Stale = true; return r }

// TestStaleMovesNoSerial: the mark is a part of answers, not of the zone that
// secondaries have.
func TestStaleMovesNoSerial(t *testing.T) {
	s := newZone(t, txt("a", "1"), txt("b", "1"))
	build := func(what string, serial uint32, transferred int, sets ...zone.RRset) {
		t.Helper()
		b := zone.NewBuilder(s)
		b.SerialFloor(s.Serial() + 10)
		for _, r := range sets {
			b.Set(r)
		}
		next, changes, err := b.Build()
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, c := range changes {
			if c.Transferred() {
				n++
			}
		}
		if next.Serial() != serial || n != transferred || next.SOA().Serial != serial {
			t.Errorf("%s: serial %d, want %d; %d changes to transfer, want %d", what, next.Serial(), serial, n, transferred)
		}
		for _, r := range sets {
			if got, _ := next.Lookup(r.Owner, r.Type); got != r {
				t.Errorf("%s: %v became %v", what, r, got)
			}
		}
		s = next
	}
	build("both are marked", 1, 0, marked(txt("a", "1")), marked(txt("b", "1")))
	build("one no more", 1, 0, txt("a", "1"))
	build("one changes, and the other is marked", 11, 2, txt("a", "2"), marked(txt("b", "1")))
	build("what is marked changes", 21, 2, marked(txt("b", "2")))
}
