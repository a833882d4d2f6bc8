package federation

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/fedns/fedns/federation/work"
)

// mute is a Propagator of which one cluster tells nothing.
type mute struct {
	*fleet
	cluster string
}

func (m mute) Do(t work.Task) {
	if t.Cluster != m.cluster {
		m.fleet.Do(t)
	}
}

func TestReportAwaitsClustersThatWereNotTried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		web := key(deployments, "web")
		p := &people{name: "people", orders: []work.Order{deployment("web", 6)}}
		f, store := newFleet(t, "a", "b", "c"), newMemory()
		h := begin(t, store, f, func(cfg *Config) { cfg.Propagator = mute{f, "c"} }, p)
		defer h.stop()
		after(patience - time.Second)
		if r := p.report(web); r.Order.Template != nil {
			t.Errorf("reported before c was tried: %+v", r.Outcomes)
		}
		after(2 * time.Second)
		r := p.report(web)
		if len(r.Outcomes) != 3 || r.Outcomes[0].Phase != work.Applied || r.Outcomes[2].Phase != work.Pending {
			t.Errorf("reported are %+v, want a and b to be Applied and c Pending", r.Outcomes)
		}

		// Whatever c does: what is new elsewhere is told.
		after(podTime + patience)
		if r := p.report(web); len(r.Outcomes) != 3 || r.Outcomes[0].Ready != 2 {
			t.Errorf("reported are %+v, want a to be ready", r.Outcomes)
		}
	})
}

func TestReportDoesNotWaitForTriedClusters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &people{name: "people", orders: []work.Order{deployment("web", 6)}}
		f := newFleet(t, "a", "b", "c")
		h := begin(t, newMemory(), f, nil, p)
		defer h.stop()
		after(2 * h.cfg.ReportEvery)
		if r := p.report(key(deployments, "web")); len(r.Outcomes) != 3 {
			t.Errorf("reported are %+v, want all three", r.Outcomes)
		}
	})
}

func TestGenerationAloneWritesNoBinding(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		web := key(deployments, "web")
		p := &people{name: "people", orders: []work.Order{deployment("web", 6)}}
		f, store := newFleet(t, "a", "b", "c"), newMemory()
		h := begin(t, store, f, nil, p)
		defer h.stop()
		after(time.Minute)
		store.mu.Lock()
		puts := store.puts
		store.mu.Unlock()
		other := deployment("web", 6)
		other.Source.Generation = 2
		other.Template.SetLabels(map[string]string{"version": "2"})
		p.order(other)
		after(time.Minute)
		if got := f.have["b"][web].GetLabels()["version"]; got != "2" {
			t.Errorf("b has version %q, want 2", got)
		}
		store.mu.Lock()
		defer store.mu.Unlock()
		if store.puts != puts {
			t.Errorf("the Binding was written %d times, though it is where it was", store.puts-puts)
		}
	})
}
