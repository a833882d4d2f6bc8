package serial

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fedns/fedns/dnsserver/dnsname"
)

var apex, other = dnsname.MustParse("example."), dnsname.MustParse("a b.example.")

func open(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestNoSerialThatWasReachedIsGivenAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "serials")
	last := uint32(1<<32 - 150_000) // it wraps on the way
	for range 4 {
		s := open(t, path) // as after a crash: nothing is closed
		if floor, ok := s.Floor(apex); ok && int32(floor-last) < 0 {
			t.Fatalf("the floor is %d, %d was reached", floor, last)
		} else if ok {
			last = floor
		}
		for range 150 {
			last += 1000
			if err := s.Reach(apex, last); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestExpected: of a zone that will change, the first changes wait for no disk, and
// none is written for but at the beginning.
func TestExpected(t *testing.T) {
	path := filepath.Join(t.TempDir(), "serials")
	s := open(t, path)
	s.Expect(apex)
	for serial := range uint32(firstAhead) {
		if err := s.Reach(apex, 7+serial); err != nil {
			t.Fatal(err)
		}
		if serial == 0 { // nothing could be written any more
			if err := os.RemoveAll(filepath.Dir(path)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := s.Reach(apex, 8+firstAhead); err == nil {
		t.Error("a serial past the ceiling is not told to be unkept")
	}
}

func TestTheFileIsWrittenNowAndThen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "serials")
	s := open(t, path)
	if _, ok := s.Floor(apex); ok {
		t.Error("a zone that never was has a floor")
	}
	writes, was := 0, ""
	for serial := range uint32(maxAhead * 3) {
		if err := s.Reach(apex, serial); err != nil {
			t.Fatal(err)
		}
		if serial < 100 || serial%100 == 0 {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if string(data) != was {
				writes++
				was = string(data)
			}
		}
	}
	if writes > 20 {
		t.Errorf("written %d times, want no more than 20", writes)
	}
	if err := s.Reach(other, 5); err != nil {
		t.Fatal(err)
	}
	again := open(t, path)
	if floor, ok := again.Floor(other); !ok || floor != 5 {
		t.Errorf("floor %d, %v", floor, ok)
	}
	if floor, _ := again.Floor(apex); floor < maxAhead*3-1 {
		t.Errorf("floor %d", floor)
	}
}

// Two processes share the file while one takes the other's place.
func TestASuccessorGoesOnPastItsPredecessor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "serials")
	before := open(t, path)
	reached := uint32(0)
	reach := func(s *Store, serial uint32) {
		t.Helper()
		if err := s.Reach(apex, serial); err != nil {
			t.Fatal(err)
		}
		reached = max(reached, serial)
	}
	for serial := range uint32(300_000) { // its ceilings are far ahead by then
		reach(before, serial)
	}
	after := open(t, path)
	after.Beside()
	floor, _ := after.Floor(apex)
	for range maxAhead { // it goes on meanwhile
		reach(before, reached+1)
	}
	if floor <= reached {
		t.Fatalf("the successor begins at %d, the predecessor reached %d", floor, reached)
	}
	reach(after, floor+1)
	reach(before, reached) // and writes once more, at most
	if err := before.Reach(other, 1); err != nil {
		t.Fatal(err)
	}
	if floor, _ := open(t, path).Floor(apex); floor < reached {
		t.Errorf("after a crash zones begin at %d, %d was reached", floor, reached)
	}
}

func TestDamagedFilesAreSetAside(t *testing.T) {
	for what, damage := range map[string]func(string) string{
		"cut":     func(s string) string { return s[:len(s)/2] },
		"changed": func(s string) string { return strings.Replace(s, "example", "exampel", 1) },
		"empty":   func(string) string { return "" },
		"later":   func(string) string { return "fedns serials 2\ncrc32 00000000\n" },
	} {
		t.Run(what, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "serials")
			if err := open(t, path).Reach(apex, 7); err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(damage(string(data))), 0o600); err != nil {
				t.Fatal(err)
			}
			s, err := Open(path)
			if err == nil || !strings.Contains(err.Error(), path+" is damaged and was set aside") || s == nil {
				t.Fatalf("%v, %v", s, err)
			}
			if _, ok := s.Floor(apex); ok {
				t.Error("something of it was believed")
			}
			if _, err := os.Stat(path + ".damaged"); err != nil {
				t.Error(err)
			}
			if err := s.Reach(apex, 9); err != nil {
				t.Error(err)
			}
		})
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none", "serials")); err == nil {
		t.Error("a folder that is not there is no error")
	}
}
