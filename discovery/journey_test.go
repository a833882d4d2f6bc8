package discovery

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/dnsserver/zone"
)

// diary is a Journey that writes down what it hears, and how long that took.
type diary struct {
	pub   *recorder
	mu    sync.Mutex
	lines []string
}

func (d *diary) Held(id cluster.ID, key cluster.ServiceKey, received time.Time) {
	d.write("held", id, key, received)
}

func (d *diary) Answerable(id cluster.ID, key cluster.ServiceKey, received time.Time) {
	d.write("answerable", id, key, received)
}

func (d *diary) write(stage string, id cluster.ID, key cluster.ServiceKey, received time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, fmt.Sprintf("%s %s %s %v, %d published", stage, id, key.Name, time.Since(received), d.pub.published()))
}

// take is what was heard since the last time.
func (d *diary) take() []string {
	synctest.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	lines := d.lines
	d.lines = nil
	return lines
}

// TestJourney: what came over a watch is followed until it was published, and
// only that is.
func TestJourney(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &diary{}
		r := newRig(t, Config{Journey: d})
		d.pub = r.pub
		eu := newSource()
		r.SetMembers([]Member{{ID: "eu-1", Source: eu}})
		up := <-eu.runs
		seen := func(g cluster.Group, ago time.Duration) cluster.Group {
			g.Received = time.Now().Add(-ago)
			return g
		}
		up <- live(group("web", "10.96.0.1"), group("db", "10.96.0.2"))
		if got := d.take(); got != nil {
			t.Errorf("of a list: %q", got)
		}
		before := r.pub.published()
		up <- report(seen(group("web", "10.96.0.3"), time.Millisecond), group("db", "10.96.0.4"))
		want := []string{fmt.Sprintf("held eu-1 web 1ms, %d published", before), fmt.Sprintf("answerable eu-1 web 1ms, %d published", before+1)}
		if got := d.take(); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		r.pub.mu.Lock()
		r.pub.refuse = func(e zone.Edit) bool { return e.RRset.Owner.String() == "db.shop.prod." }
		r.pub.mu.Unlock()
		up <- report(seen(group("db", "10.96.0.5"), 0), seen(group("web", "10.96.0.6"), 0))
		got := d.take()
		if len(got) != 3 || slices.ContainsFunc(got, func(l string) bool { return l[:10] == "answerable" && l[16:18] == "db" }) {
			t.Errorf("db was refused: %q", got)
		}
	})
}
