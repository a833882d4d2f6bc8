package main

import (
	"context"
	"fmt"
	"time"

	"github.com/miekg/dns"
)

// restartIn is aimed at; restartLimit is when it is given up.
const (
	restartIn    = time.Second
	restartLimit = 20 * time.Second
	// written is how long a daemon has to put what it knows on disk.
	written = 5 * time.Second
)

// restart kills the daemon, then all API servers, and starts it again: its first
// correct answer can only come from what it kept on disk.
func (b *bench) restart(ctx context.Context, w *world) {
	what := fmt.Sprintf("restart with no API server reachable, %d endpoints, to the first correct answer", w.Endpoints)
	wanted := fmt.Sprintf("≤ %v", restartIn)
	took, err := w.restart(ctx)
	if err != nil {
		b.report.Targets.Missed(what, wanted, err)
		return
	}
	b.report.Targets.Add(what, fmt.Sprintf("%.2f s", took.Seconds()), wanted, took <= restartIn)
}

func (w *world) restart(ctx context.Context) (time.Duration, error) {
	select {
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-time.After(written):
	}
	if err := w.daemon.Stop(30 * time.Second); err != nil {
		return 0, err
	}
	w.fleet.Close()
	c := w.fleet.Clusters[len(w.fleet.Clusters)/2]
	s, _ := c.Service(c.Places() - 1)
	if err := w.daemon.launch(); err != nil {
		return 0, err
	}
	last := "nothing answered"
	at, err := w.prober.until(ctx, question(s.Namespace, s.Name), restartLimit, func(response []byte) bool {
		list, rcode, err := addresses(response)
		if err != nil {
			return false
		}
		last = fmt.Sprintf("%s with %d addresses", dns.RcodeToString[rcode], len(list))
		return has(s.Ready[0])(response) && len(list) == len(s.Ready)
	})
	if err != nil {
		if !w.daemon.Running() {
			return 0, w.daemon.Err()
		}
		return 0, fmt.Errorf("none within %v, last %s: what was known is not kept in stateDir", restartLimit, last)
	}
	return at.Sub(w.daemon.began), nil
}
