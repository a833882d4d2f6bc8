package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fedns/fedns/integration/figures"
	"github.com/fedns/fedns/integration/harness"
	"github.com/fedns/fedns/integration/harness/binaries"
)

// What is aimed at before a real API server, in milliseconds; and beside
// CoreDNS, whose figures those once were, on another machine.
const (
	smallP50   = 0.3
	smallP99   = 2.0
	smallRatio = 1.0
	// smallServices are in the zone, of three endpoints each; smallPause is
	// between two changes, so that neither etcd nor anything else has a queue.
	smallServices = 20
	smallPause    = 10 * time.Millisecond
)

// small measures changes of slices on a real API server: when a bare watch hears
// of them, and when CoreDNS and the daemon answer them.
func (b *bench) small(ctx context.Context) error {
	b.tell("a real API server")
	start, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	if err := (binaries.Cache{Progress: os.Stderr}).Ensure(start); err != nil {
		return err
	}
	fleet, err := harness.New(start, harness.Options{Clusters: []harness.Spec{{Name: "a"}}})
	if err != nil {
		return err
	}
	defer fleet.Close()
	c := fleet.Cluster("a")
	for i := range smallServices {
		if err := make3(start, c, i); err != nil {
			return err
		}
	}
	d, err := b.smallDaemon(ctx, c)
	if err != nil {
		return err
	}
	defer d.stop()
	if err := b.still(ctx, d); err != nil {
		return err
	}
	other, err := b.startCoreDNS(ctx, c)
	if err != nil {
		return err
	}
	r, err := newRace(ctx, c, []*competitor{{name: bareWatch}, other, {name: fedns, domain: clusterSet, dns: d.dns, Process: d.Process}})
	if err != nil {
		return err
	}
	defer r.close()
	before, err := d.own(ctx)
	if err != nil {
		return err
	}
	for i := range b.Rounds {
		if err := r.round(ctx, b.Length(), i); err != nil {
			return err
		}
		for _, x := range r.all {
			last := x.rounds[len(x.rounds)-1]
			b.tell("  %s: p50 %.2f ms, p99 %.2f ms of %d", x.name, last.P50, last.P99, last.Changes)
		}
	}
	if err := d.Resume(); err != nil {
		return err
	}
	after, err := d.own(ctx)
	if err != nil {
		return err
	}
	b.smallReport(r.all, after.since(before))
	return nil
}

// smallReport has the rows and the targets of what was measured.
func (b *bench) smallReport(all []*competitor, own own) {
	for _, x := range all {
		row := delays{What: fmt.Sprintf("real API server, %d Services: %s", smallServices, x.name), Rounds: x.rounds}
		if x.name == fedns {
			row.OwnP50, row.OwnP99, row.OwnMax = own.within(0.5), own.within(0.99), own.within(1)
		}
		b.report.Delays = append(b.report.Delays, row)
		if x.name != bareWatch {
			b.report.Delays = append(b.report.Delays, delays{What: "  the same, from when the bare watch had heard", Rounds: x.after})
		}
	}
	floor, other, d := delays{Rounds: all[0].rounds}, delays{Rounds: all[1].rounds}, delays{Rounds: all[2].rounds}
	p50, p99 := d.p50(), d.p99()
	b.report.Targets.Add("slice change on a real API server → answer", fmt.Sprintf("p50 %v, p99 %v ms", p50, p99),
		fmt.Sprintf("p50 ≤ %.1f, p99 ≤ %.0f ms", smallP50, smallP99), p50.Median <= smallP50 && p99.Median <= smallP99)
	at50, at99 := func(r round) float64 { return r.P50 }, func(r round) float64 { return r.P99 }
	x50, x99 := figures.Ratios(at50, d.Rounds, other.Rounds), figures.Ratios(at99, d.Rounds, other.Rounds)
	b.report.Targets.Add("the same, beside CoreDNS in turns", fmt.Sprintf("p50 %v ×, p99 %v × its %v and %v ms", x50, x99, other.p50(), other.p99()),
		fmt.Sprintf("≤ %.0f ×", smallRatio), x50.Median <= smallRatio && x99.Median <= smallRatio && other.p50().Median > 0)
	b.report.Targets.Add("the same, less what a bare watch takes", fmt.Sprintf("p50 %.2f, p99 %.2f ms; CoreDNS %.2f and %.2f ms",
		p50.Median-floor.p50().Median, p99.Median-floor.p99().Median, other.p50().Median-floor.p50().Median, other.p99().Median-floor.p99().Median),
		"less than CoreDNS", p50.Median <= other.p50().Median && p99.Median <= other.p99().Median)
}

// smallDaemon starts the daemon before the cluster and returns when it is ready.
func (b *bench) smallDaemon(ctx context.Context, c *harness.Cluster) (*daemon, error) {
	file := filepath.Join(b.dir, "a.kubeconfig")
	text, err := os.ReadFile(c.Kubeconfig)
	if err == nil {
		err = os.WriteFile(file, text, 0o600)
	}
	if err != nil {
		return nil, err
	}
	d, err := b.newDaemon(ctx, "small", []string{file}, "")
	if err == nil {
		err = d.launch()
	}
	if err != nil {
		return nil, err
	}
	if _, err := d.awaitReady(ctx, startLimit); err != nil {
		d.stop()
		return nil, err
	}
	return d, nil
}

// still measures queries while nothing changes: no change is seen sooner than
// one of them takes.
func (b *bench) still(ctx context.Context, d *daemon) error {
	p, err := newProber(ctx, d.dns)
	if err != nil {
		return err
	}
	defer p.close()
	var took []time.Duration
	query := question("default", "s0")
	for range 2000 {
		began := time.Now()
		if _, err := p.ask(query); err != nil {
			return err
		}
		took = append(took, time.Since(began))
	}
	b.report.Delays = append(b.report.Delays, delays{What: "a query and its answer, nothing changes", Rounds: []round{newRound(took, 0, 0)}})
	return nil
}

// make3 makes the i-th Service, headless, exported, and a slice of three endpoints.
func make3(ctx context.Context, c *harness.Cluster, i int) error {
	name := fmt.Sprintf("s%d", i)
	_, err := c.Client().CoreV1().Services("default").Create(ctx, &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: map[string]string{"fedns.io/export": "true"}},
		Spec:       corev1.ServiceSpec{ClusterIP: corev1.ClusterIPNone, Ports: []corev1.ServicePort{{Name: "http", Port: 80}}},
	}, metav1.CreateOptions{})
	if err == nil {
		slice := &discoveryv1.EndpointSlice{
			ObjectMeta:  metav1.ObjectMeta{Name: name, Labels: map[string]string{discoveryv1.LabelServiceName: name}},
			AddressType: discoveryv1.AddressTypeIPv4, Ports: []discoveryv1.EndpointPort{{Name: new("http"), Port: new(int32(80))}},
		}
		for k := range 3 {
			slice.Endpoints = append(slice.Endpoints, discoveryv1.Endpoint{Addresses: []string{fmt.Sprintf("10.20.%d.%d", i, k+1)}})
		}
		_, err = c.Client().DiscoveryV1().EndpointSlices("default").Create(ctx, slice, metav1.CreateOptions{})
	}
	return err
}
