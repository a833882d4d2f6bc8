package transfer_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/fedns/fedns/dnsserver/transfer"
	"github.com/fedns/fedns/dnsserver/zone"
)

func TestJournalBounds(t *testing.T) {
	h := newHistory(t, transfer.NewJournal(10, 1<<20), 1)
	for i := range 25 {
		h.change(t, set(txt("a", 5, fmt.Sprint(i))))
	}
	if n, _ := h.journal.Size(); n != 10 {
		t.Errorf("%d steps are held, want 10", n)
	}
	for serial := uint32(0); serial < 30; serial++ {
		steps, ok := h.journal.Since(serial)
		if want := serial >= 16 && serial < 26; ok != want || ok && len(steps) != int(26-serial) {
			t.Errorf("since %d: %d steps, %v", serial, len(steps), ok)
		}
		for i, s := range steps {
			if s.From != serial+uint32(i) || s.To != s.From+1 || s.SOAFrom != soa(s.From) || s.SOATo != soa(s.To) || s.Records() != 4 && s.From > 1 {
				t.Errorf("since %d: step %d is %+v", serial, i, s)
			}
		}
	}

	h = newHistory(t, transfer.NewJournal(1000, 20_000), 1)
	for i := range 100 {
		h.change(t, set(txt("a", 5, strings.Repeat("x", 100*(i%9)+i))))
		if n, bytes := h.journal.Size(); bytes > 20_000 || n > i+1 || n < min(i+1, 8) {
			t.Fatalf("%d steps in %d octets", n, bytes)
		}
	}
	// A step that is too large for the Journal leaves it empty, and the next one is held again.
	h.change(t, set(txt("b", 5, strings.Repeat("y", 30_000))))
	if n, bytes := h.journal.Size(); n != 0 || bytes != 0 {
		t.Errorf("%d steps in %d octets", n, bytes)
	}
	before := h.now().Serial()
	h.change(t, set(txt("a", 5, "z")))
	if _, ok := h.journal.Since(before); !ok {
		t.Error("what came after the large step is not held")
	}
}

func TestJournalGap(t *testing.T) {
	j := transfer.NewJournal(10, 1<<20)
	j.Append(1, 2, soa(1), soa(2), nil)
	j.Append(2, 3, soa(2), soa(3), nil)
	j.Append(5, 6, soa(5), soa(6), nil)
	if _, ok := j.Since(1); ok {
		t.Error("steps before a gap are held")
	}
	if steps, ok := j.Since(5); !ok || len(steps) != 1 {
		t.Errorf("the step after a gap: %v, %v", steps, ok)
	}
	// The same serial, but not the same zone.
	other := soa(6)
	other.TTL = 1
	j.Append(6, 7, other, soa(7), nil)
	if n, _ := j.Size(); n != 1 {
		t.Errorf("%d steps", n)
	}
	j.Reset()
	if n, bytes := j.Size(); n != 0 || bytes != 0 {
		t.Errorf("%d steps in %d octets", n, bytes)
	}
}

// TestJournalReaders has the race detector look at readers beside the writer.
func TestJournalReaders(t *testing.T) {
	h := newHistory(t, transfer.NewJournal(20, 1<<20), 1)
	j := h.journal
	var readers sync.WaitGroup
	stop := make(chan struct{})
	for range 2 {
		readers.Go(func() {
			for serial := uint32(1); ; serial++ {
				select {
				case <-stop:
					return
				default:
				}
				steps, _ := j.Since(serial % 300)
				for i, s := range steps[min(1, len(steps)):] {
					if steps[i].To != s.From {
						t.Errorf("a step to %d, then one from %d", steps[i].To, s.From)
					}
				}
			}
		})
	}
	for i := range 300 {
		h.change(t, zone.Edit{Op: zone.OpSet, RRset: txt("a", 5, fmt.Sprint(i))})
	}
	close(stop)
	readers.Wait()
}
