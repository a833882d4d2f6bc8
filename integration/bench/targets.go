package main

import (
	"fmt"

	"github.com/fedns/fedns/integration/figures"
)

// What is aimed at.
const (
	standardCPU  = 1.15 // × the floor
	otherCPU     = 1.25 // × the floor, with EDNS, and with a million names
	throughput   = 0.97 // of that without updates
	crowded      = 1.01 // × that without slow clients
	latency      = 2    // × that without updates, at p99.9
	pipelined    = 0.5  // × answers a second over UDP
	bytesPerName = 190
)

// judge compares what was measured with what is aimed at. What was not measured
// is left out.
func (r *report) judge() {
	r.floorTarget("CPU a query, standard mix", stageStandard, standardCPU)
	r.peerTarget("the same, beside gdnsd", stageStandard, "gdnsd", cpu, false)
	r.floorTarget("CPU a query with EDNS", stageEDNS, otherCPU)
	r.floorTarget("CPU a query with a client's cookie", stageCookie, otherCPU)
	r.floorTarget("CPU a query, 1 M names", stageMillion, otherCPU)
	r.allocationTarget()
	r.updateTargets()
	r.slowTarget()
	r.streamTarget()
	r.peerTarget("TCP answers/s, beside Knot", stageTCP, "knotd", rate, true)
	r.memoryTargets()
}

func (r *report) floorTarget(what, stage string, limit float64) {
	own, floor := r.samples(stage, nameFedns), r.samples(stage, nameEcho)
	if x := figures.Ratios(cpu, own, floor); x.Median > 0 {
		r.Targets.Add(what, fmt.Sprintf("%.2f × floor (%.2f..%.2f)", x.Median, x.Min, x.Max), fmt.Sprintf("≤ %.2f ×", limit), x.Median <= limit)
	}
}

// peerTarget compares a figure with a peer's, of which more or less is better.
func (r *report) peerTarget(what, stage, peer string, figure func(sample) float64, more bool) {
	x := figures.Ratios(figure, r.samples(stage, nameFedns), r.samples(stage, peer))
	if x.Median == 0 {
		return
	}
	wanted, ok := "below", x.Median < 1
	if more {
		wanted, ok = "at least", x.Median >= 1
	}
	r.Targets.Add(what, fmt.Sprintf("%.2f × %s's (%.2f..%.2f)", x.Median, peer, x.Min, x.Max), wanted+" 1 ×", ok)
}

func (r *report) updateTargets() {
	still, busy := r.samples(stageUpdates, quiescent), r.samples(stageUpdates, underUpdates)
	x, y := figures.Ratios(rate, busy, still), figures.Ratios(p999, busy, still)
	if x.Median == 0 {
		return
	}
	done := figures.Of(func(s sample) float64 { return s.Updates }, busy)
	enough := done.Median >= 0.99*updateRate
	r.Targets.Add(fmt.Sprintf("answers/s lost to %.0f RRset updates/s", done.Median),
		fmt.Sprintf("%.1f %% (%.1f..%.1f)", 100*(1-x.Median), 100*(1-x.Max), 100*(1-x.Min)),
		fmt.Sprintf("≤ %.0f %% at %d/s", 100*(1-throughput), updateRate), enough && x.Median >= throughput)
	r.Targets.Add("p99.9 latency meanwhile", fmt.Sprintf("%.2f × quiescent (%.2f..%.2f)", y.Median, y.Min, y.Max),
		fmt.Sprintf("≤ %d ×", latency), enough && y.Median <= latency)
}

func (r *report) slowTarget() {
	with := r.samples(stageSlow, beset)
	x, held := figures.Ratios(cpu, with, r.samples(stageSlow, alone)), figures.Of(func(s sample) float64 { return float64(s.Held) }, with)
	if x.Median > 0 {
		r.Targets.Add(fmt.Sprintf("CPU a UDP query beside %d slow TCP clients, %.0f connected", slowClients, held.Median),
			fmt.Sprintf("%.3f × that without (%.3f..%.3f)", x.Median, x.Min, x.Max), fmt.Sprintf("≤ %.2f ×", crowded), x.Median <= crowded)
	}
}

func (r *report) streamTarget() {
	if x := figures.Ratios(rate, r.samples(stageTCP, nameFedns), r.samples(stageTCP, fednsUDP)); x.Median > 0 {
		r.Targets.Add("TCP pipelined, answers/s", fmt.Sprintf("%.2f × UDP's (%.2f..%.2f)", x.Median, x.Min, x.Max),
			fmt.Sprintf("≥ %.1f ×", pipelined), x.Median >= pipelined)
	}
}

func (r *report) memoryTargets() {
	for _, m := range r.Memory {
		if m.Names == million && (m.Server == nameFedns || m.Server == namePublished) {
			r.Targets.Add("memory, "+m.Server+", 1 M names", fmt.Sprintf("%.0f B a name", m.Name), fmt.Sprintf("≤ %d B", bytesPerName), m.Name <= bytesPerName)
		}
	}
}

func (r *report) allocationTarget() {
	if a := r.Allocations; a != nil {
		r.Targets.Add("allocations a query on the fast path", fmt.Sprintf("%d at most, of %d cases", a.Most, a.Cases), "0", a.Most == 0)
	}
}
