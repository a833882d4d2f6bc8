package hosted

import (
	"context"
	"fmt"
	"maps"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/fedns/fedns/integration/harness"
	"github.com/fedns/fedns/providers"
)

// wish is what has to be so in fedns for a step to have happened.
type wish func(map[question][]string) error

// has wishes for so many records.
func has(q question, n int) wish {
	return func(c map[question][]string) error {
		if len(c[q]) != n {
			return fmt.Errorf("%s: %q, want %d records", q, c[q], n)
		}
		return nil
	}
}

// step does something, waits until fedns answers as wished and BIND agrees, and holds
// that each zone's SOA moved if, and only if, the zone did.
func (w *tour) step(name string, do func(), wishes ...wish) {
	w.Helper()
	began := time.Now()
	do()
	var now point
	harness.Eventually(w, 40*time.Second, func(ctx context.Context) error {
		p, err := agrees(ctx, w.bind, w.fedns)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		all := map[question][]string{}
		for _, c := range p.published {
			maps.Copy(all, c)
		}
		for _, wish := range wishes {
			if err := wish(all); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		now = p
		return w.idle(ctx)
	})
	for _, apex := range apexes {
		moved, changed := now.serials[apex] != w.last.serials[apex], !reflect.DeepEqual(now.published[apex], w.last.published[apex])
		if moved != changed {
			w.Errorf("%s: the SOA of %s moved: %t (%d to %d), and what is published there changed: %t", name, apex, moved, w.last.serials[apex], now.serials[apex], changed)
		}
	}
	w.strangers(now)
	w.last = now
	w.Logf("%-12s %d names and types agree after %v, serials %v", name, now.names, time.Since(began).Round(time.Millisecond), now.serials)
}

// strangers holds that none of the updates since the last point touched what is not
// fedns's.
func (w *tour) strangers(now point) {
	w.Helper()
	for apex, since := range w.last.serials {
		theirs, err := foreign(apex)
		must(w.T, err)
		all, err := w.bind.updates(w.Context(), apex, since)
		must(w.T, err)
		if n := now.serials[apex] - since; uint32(len(all)) < n {
			w.Errorf("%s: the journal has %d updates since %d, want %d", apex, len(all), since, n)
		}
		for _, u := range all {
			for _, rr := range slices.Concat(u.deleted, u.additions) {
				if theirs[questionOf(rr)] != nil {
					w.Errorf("update to %s, serial %d, touches %s", apex, u.serial, rr)
				}
			}
		}
	}
}

// idle is an error while there is something to write.
func (w *tour) idle(ctx context.Context) error {
	all, err := status(ctx, w.fedns)
	if err != nil {
		return err
	}
	for _, apex := range apexes {
		if s := all[apex]; s.Phase != providers.PhaseInSync || s.Backlog > 0 || s.Held > 0 {
			return fmt.Errorf("%s is %s, %d wait, %d are held: %s", apex, s.Phase, s.Backlog, s.Held, s.Error)
		}
	}
	return nil
}

// quiet holds that audits write nothing.
func (w *tour) quiet() {
	w.Helper()
	before, err := status(w.Context(), w.fedns)
	must(w.T, err)
	w.step("quiet", func() {
		harness.Eventually(w, 20*time.Second, func(ctx context.Context) error {
			now, err := status(ctx, w.fedns)
			if err != nil {
				return err
			}
			for _, apex := range apexes {
				if n := now[apex].Calls.Lists - before[apex].Calls.Lists; n < 3 {
					return fmt.Errorf("%s was listed %d times since", apex, n)
				}
			}
			return nil
		})
	})
	after, err := status(w.Context(), w.fedns)
	must(w.T, err)
	for _, apex := range apexes {
		if b, a := before[apex].Calls, after[apex].Calls; b.Applied != a.Applied || a.Drifted != 0 || a.Conflicts != 0 {
			w.Errorf("%s: calls were %+v, and are %+v", apex, b, a)
		}
	}
}

// refused waits until it is told that a record cannot be written.
func (w *tour) refused(record string) {
	w.Helper()
	harness.Eventually(w, 10*time.Second, func(ctx context.Context) error {
		all, err := status(ctx, w.fedns)
		if err != nil {
			return err
		}
		for _, s := range all {
			for _, r := range s.Refused {
				if r.Record == record && slices.ContainsFunc(r.Objects, func(o string) bool { return strings.Contains(o, "Service/shop/") }) {
					return nil
				}
			}
		}
		return fmt.Errorf("nobody says that %s is refused: %+v", record, all)
	})
}

// release waits until losses are held in a zone, and then gives the word.
func (w *tour) release(apex string) {
	w.Helper()
	harness.Eventually(w, 10*time.Second, func(ctx context.Context) error {
		all, err := status(ctx, w.fedns)
		if err != nil {
			return err
		}
		if s := all[apex]; s.Held == 0 || s.Phase != providers.PhaseHeld {
			return fmt.Errorf("%s is %s, %d are held", apex, s.Phase, s.Held)
		}
		got, _, err := holds(ctx, w.bind.addr, apex, true)
		if err == nil {
			maps.DeleteFunc(got, func(q question, _ []string) bool { return w.last.published[apex][q] == nil })
			if len(got) < len(w.last.published[apex])/2 {
				w.Errorf("%s: of %d names %d are left while losses are held", apex, len(w.last.published[apex]), len(got))
			}
		}
		return err
	})
	program := filepath.Join(w.fleet.Dir, "fedns")
	harness.Eventually(w, 20*time.Second, func(ctx context.Context) error { // what comes later is held once more
		out, err := exec.CommandContext(ctx, program, "release", "--provider", "bind", "--server", "http://"+w.fedns.HTTPAddr).CombinedOutput()
		if err != nil && !strings.Contains(string(out), "no deletions are held") {
			w.Fatalf("fedns release: %v\n%s", err, out)
		}
		all, err := status(ctx, w.fedns)
		if err == nil && all[apex].Held > 0 {
			err = fmt.Errorf("%s holds %d still", apex, all[apex].Held)
		}
		return err
	})
}
