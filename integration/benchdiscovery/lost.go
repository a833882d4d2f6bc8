package main

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/fedns/fedns/integration/simulator"
)

// What is aimed at when a cluster is lost, and when waiting is given up: well
// after the daemon decides, which lostMore lets it do soon.
const (
	lostIn       = 100 * time.Millisecond
	lostDecision = 30 * time.Second
	lostMore     = "evidence: {unprobedAfter: 5s}\n"
	lostServices = 1000
)

// decision is the daemon's log line of a cluster's shards no longer being
// answered first.
var decision = regexp.MustCompile(`time=(\S+) .*msg="member cluster's standing" cluster=c1 standing=behind`)

// lost cuts one of two clusters off that have the same Services.
func (b *bench) lost(ctx context.Context) error {
	what, wanted := fmt.Sprintf("a cluster of %d endpoints is lost: from the decision until no name is answered with it", lostServices*perService), fmt.Sprintf("≤ %v", lostIn)
	b.tell("%s", what)
	fleet, err := simulator.Start(ctx, simulator.Spec{Clusters: 3, Sharing: 2,
		Cluster: simulator.Options{Services: lostServices, Endpoints: perService, Headless: true, Seed: b.Seed}})
	if err != nil {
		return err
	}
	defer fleet.Close()
	files, err := fleet.Kubeconfigs(b.dir)
	if err != nil {
		return err
	}
	d, err := b.newDaemon(ctx, "lost", files, lostMore)
	if err != nil {
		return err
	}
	defer d.stop()
	if err := d.launch(); err != nil {
		return err
	}
	if _, err := d.awaitReady(ctx, startLimit); err != nil {
		if strings.Contains(err.Error(), "evidence") {
			b.report.Targets.Add(what, "this daemon knows no section evidence: it does not decide", wanted, false)
			return nil
		}
		return err
	}
	first, all, err := d.cutOff(ctx, fleet.Clusters[1])
	if err != nil {
		b.report.Targets.Missed(what, wanted, err)
		return nil
	}
	b.report.Targets.Add(what, fmt.Sprintf("first %.0f ms, all %.0f ms", ms(first), ms(all)), wanted, all <= lostIn)
	return nil
}

// cutOff stops a cluster's API server and says how long after the daemon's
// decision the first and the last name were answered without its endpoints.
func (d *daemon) cutOff(ctx context.Context, c *simulator.Cluster) (first, all time.Duration, err error) {
	p, err := newProber(ctx, d.dns)
	if err != nil {
		return 0, 0, err
	}
	defer p.close()
	type name struct {
		query []byte
		own   netip.Addr
	}
	var names []name
	for i := range c.Places() {
		s, _ := c.Service(i)
		n := name{question(s.Namespace, s.Name), s.Ready[0]}
		if _, err := p.until(ctx, n.query, patience, has(n.own)); err != nil {
			return 0, 0, fmt.Errorf("%s/%s before: %w", s.Namespace, s.Name, err)
		}
		names = append(names, n)
	}
	c.Stop()
	decided, err := d.decided(ctx)
	if err != nil {
		return 0, 0, err
	}
	deadline := time.Now().Add(patience)
	for len(names) > 0 {
		names = slices.DeleteFunc(names, func(n name) bool {
			response, err := p.ask(n.query)
			if err != nil || has(n.own)(response) {
				return false
			}
			all = time.Since(decided)
			if first == 0 {
				first = all
			}
			return true
		})
		if ctx.Err() != nil || time.Now().After(deadline) {
			return 0, 0, fmt.Errorf("%d names are still answered with it %v after the decision", len(names), patience)
		}
	}
	return first, all, nil
}

// decided waits for the decision and says when it was made, to a millisecond.
func (d *daemon) decided(ctx context.Context) (time.Time, error) {
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for end := time.Now().Add(lostDecision); time.Now().Before(end); {
		text, err := os.ReadFile(d.log())
		if err != nil {
			return time.Time{}, err
		}
		if m := decision.FindSubmatch(text); m != nil {
			return time.Parse(time.RFC3339Nano, string(m[1]))
		}
		select {
		case <-ctx.Done():
			return time.Time{}, ctx.Err()
		case <-ticker.C:
		}
	}
	state, _ := d.get(ctx, "/api/v1/clusters") // to tell why
	return time.Time{}, fmt.Errorf("not decided within %v of its end; /api/v1/clusters: %s", lostDecision, state)
}
