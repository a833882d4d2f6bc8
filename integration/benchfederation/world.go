package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/fedns/fedns/integration/figures"
	"github.com/fedns/fedns/integration/harness"
	"github.com/fedns/fedns/integration/members"
)

// What is aimed at.
const (
	nothingIn = 120.0   // s
	mostRSS   = 1 << 30 // octets
	oneIn     = 2000.0  // ms
)

// settling is how long a start may take at all.
const settling = 10 * time.Minute

// world is a host, a daemon and members.
type world struct {
	*bench
	host   *host
	fleet  *members.Fleet
	daemon *harness.Daemon
	last   atomic.Int64 // when a member was written last, Unix nanoseconds
}

const configuration = `apiVersion: fedns.io/v1alpha1
kind: Config
listen: {dns: ["{{.DNS}}"], http: "{{.HTTP}}"}
stateDir: {{.StateDir}}
federation: {name: prod}
host: {kubeconfig: %s, namespace: default}
propagation: {dialects: [karmada], karmada: {propagation: "on"%s}}
clusters:
`

// world measures what is before a host and members.
func (b *bench) world(ctx context.Context) error {
	f, err := harness.New(ctx, harness.Options{Progress: os.Stderr})
	if err != nil {
		return err
	}
	defer f.Close()
	w := &world{bench: b}
	if w.host, err = newHost(ctx, f); err != nil {
		return err
	}
	b.tell("%d templates are created", b.templates)
	if err := w.host.fill(ctx, b.templates); err != nil {
		return err
	}
	if w.fleet, err = members.Start(ctx, b.members); err != nil {
		return err
	}
	defer w.fleet.Close()
	w.fleet.OnWrite(func(members.Write) { w.last.Store(time.Now().UnixNano()) })
	if err := w.nothing(ctx, f); err != nil {
		return fmt.Errorf("from nothing: %w", err)
	}
	defer w.save()
	if b.Wants(stageRestart) {
		if err := w.restart(ctx); err != nil {
			return fmt.Errorf("restart: %w", err)
		}
	}
	if b.Wants(stageOne) {
		if err := w.one(ctx); err != nil {
			return fmt.Errorf("one template: %w", err)
		}
	}
	if b.Wants(stageFaults) {
		return w.faults(ctx)
	}
	return nil
}

// nothing starts the daemon before members that have nothing.
func (w *world) nothing(ctx context.Context, f *harness.Fleet) error {
	files, err := w.fleet.Kubeconfigs(f.Dir)
	if err != nil {
		return err
	}
	works := ", works: false"
	if w.works {
		works = ""
	}
	var text strings.Builder
	fmt.Fprintf(&text, configuration, w.host.Kubeconfig, works)
	for i, file := range files {
		fmt.Fprintf(&text, "- {name: %s, kubeconfig: %s}\n", w.fleet.Members[i].Name, file)
	}
	w.tell("the daemon starts, %d templates go to %d members", w.templates, w.members)
	began := time.Now()
	if w.daemon, err = f.NewDaemon(ctx, harness.DaemonSpec{Config: text.String(), Binary: w.fedns}); err != nil {
		return err
	}
	if w.fedns == "" {
		// It was built first: what counts begins with the process.
		if began, err = startOf(w.daemon.Process.PID()); err != nil {
			return err
		}
	}
	s, err := w.settle(ctx, fmt.Sprintf("%d × %d from nothing", w.templates, w.members), began, members.Counts{})
	if err != nil {
		return err
	}
	n := w.templates * w.members
	if got := w.fleet.Objects("deployments"); got != n {
		return fmt.Errorf("members have %d objects, want %d", got, n)
	}
	w.report.Targets.Add(s.What, fmt.Sprintf("%.1f s (%.0f a second), known to be so after %.1f s, CPU %.1f s", s.Written, float64(n)/s.Written, s.Settled, s.CPU),
		fmt.Sprintf("≤ %.0f s", nothingIn), s.Written <= nothingIn)
	w.report.Targets.Add("peak RSS of that, discovery of the members included", fmt.Sprintf("%.0f MiB", figures.MiB(s.Peak)), "≤ 1 GiB", s.Peak <= mostRSS)
	if s.Peak > mostRSS {
		return w.profile(ctx)
	}
	return nil
}

// restart starts the daemon before members that have all.
func (w *world) restart(ctx context.Context) error {
	if err := w.daemon.Stop(); err != nil {
		return err
	}
	before := w.fleet.Counts()
	w.tell("the daemon starts again")
	began := time.Now()
	if err := w.daemon.Start(ctx); err != nil {
		return err
	}
	s, err := w.settle(ctx, fmt.Sprintf("%d × %d that are right already", w.templates, w.members), began, before)
	if err != nil {
		return err
	}
	writes := members.Counts(s.Calls).Writes()
	w.report.Targets.Add("write calls of a restart, "+s.What, fmt.Sprintf("%d, settled after %.1f s, CPU %.1f s, peak RSS %.0f MiB", writes, s.Settled, s.CPU, figures.MiB(s.Peak)), "0", writes == 0)
	return nil
}

// looks is how often it is looked whether the daemon has settled. It counts
// everything that it keeps each time.
const looks = 500 * time.Millisecond

// settle awaits that the daemon has all applied and nothing left to do.
func (w *world) settle(ctx context.Context, what string, began time.Time, before members.Counts) (s begin, err error) {
	ctx, cancel := context.WithTimeout(ctx, settling)
	defer cancel()
	ticker := time.NewTicker(looks)
	defer ticker.Stop()
	want, last := float64(w.templates*w.members), ""
	for told := time.Now(); ; {
		text, err := w.get(ctx, "/metrics")
		applied, queued := metric(text, "fedns_federation_applied"), metric(text, "fedns_federation_queued")
		last = fmt.Sprintf("%.0f of %.0f are applied, %.0f wait, %v", applied, want, queued, err)
		if err == nil && applied == want && queued == 0 {
			break
		}
		if time.Since(told) > 10*time.Second {
			w.tell("  %s", last)
			told = time.Now()
		}
		select {
		case <-w.daemon.Process.Done():
			return s, w.daemon.Process.Err()
		case <-ctx.Done():
			return s, fmt.Errorf("not settled: %s: %s", last, w.daemon.Process.Tail(5))
		case <-ticker.C:
		}
	}
	s = begin{What: what, Settled: time.Since(began).Seconds(), Calls: map[string]int{}}
	if at := time.Unix(0, w.last.Load()); at.After(began) {
		s.Written = at.Sub(began).Seconds()
	}
	for verb, n := range w.fleet.Counts() {
		if n -= before[verb]; n > 0 {
			s.Calls[verb] = n
		}
	}
	var cpu time.Duration
	s.RSS, s.Peak, cpu, err = footprint(w.daemon.Process.PID())
	s.CPU = cpu.Seconds()
	w.tell("  settled after %.1f s, CPU %.1f s, peak RSS %.0f MiB, calls %v", s.Settled, s.CPU, figures.MiB(s.Peak), s.Calls)
	w.report.Starts = append(w.report.Starts, s)
	return s, err
}

// get asks the daemon over HTTP; any status but 200 is an error.
func (w *world) get(ctx context.Context, path string) (string, error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+w.daemon.HTTPAddr+path, nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(q)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 64<<20))
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", path, resp.Status)
	}
	return string(text), err
}

// metric is the sum of a metric's series; 0: there are none.
func metric(text, name string) (sum float64) {
	for line := range strings.Lines(text) {
		series, value, ok := strings.Cut(strings.TrimSpace(line), " ")
		if own, _, _ := strings.Cut(series, "{"); ok && own == name {
			v, _ := strconv.ParseFloat(value, 64) // what /metrics prints
			sum += v
		}
	}
	return sum
}

// save keeps the daemon's log if that was asked for.
func (w *world) save() {
	if w.keep == "" || w.daemon == nil {
		return
	}
	text, err := os.ReadFile(w.daemon.Process.Log)
	if err == nil {
		err = os.MkdirAll(w.keep, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(w.keep, "fedns.log"), text, 0o600)
	}
	if err != nil {
		w.tell("the daemon's log is not kept: %v", err)
	}
}
