package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/fedns/fedns/integration/harness/binaries"
)

// bench is one run of the program.
type bench struct {
	*fleet
	rounds int
	length time.Duration
	seed   uint64
	wanted func(stages ...string) bool
	say    func(format string, args ...any)
	build  bool // CoreDNS, where it is not there
	report *report
	fedns  program
	peers  []program // those that are there
	floor  string
}

// find looks for all programs, and builds those that are ours.
func (b *bench) find(ctx context.Context) (err error) {
	if b.floor, err = floorProgram(ctx); err != nil {
		return err
	}
	b.say("building fedns")
	b.fedns = fednsProgram
	b.fedns.tool = filepath.Join(b.dir, "fedns")
	if err := (binaries.Cache{}).Fedns(ctx, b.fedns.tool); err != nil {
		return err
	}
	for _, p := range peers {
		if p.tool, err = b.lookup(ctx, p); err != nil {
			b.report.Absent = append(b.report.Absent, fmt.Sprintf("%s: %v", p.name, err))
			continue
		}
		b.peers = append(b.peers, p)
	}
	return nil
}

// run measures all that is wanted. Each group of stages shares its servers.
func (b *bench) run(ctx context.Context) error {
	for _, group := range []struct {
		stages []string
		do     func(context.Context) error
	}{
		{[]string{stageStandard, stageEDNS, stageCookie, stageTCP, stageSecure}, b.services},
		{[]string{stageSigned}, b.signed},
		{[]string{stageUpdates}, b.updates},
		{[]string{stageSlow}, b.crowd},
		{[]string{stageMillion, stageMemory}, b.million},
		{[]string{stageAllocations}, b.allocations},
	} {
		if !b.wanted(group.stages...) {
			continue
		}
		err := group.do(ctx)
		b.stop()
		if err != nil {
			return err
		}
	}
	return nil
}

// zoneFile writes a shape's zone file, unless it is there.
func (b *bench) zoneFile(s shape) (string, error) {
	path := filepath.Join(b.dir, fmt.Sprintf("%d-%d.zone", s.Services, s.Endpoints))
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return "", err
	}
	return path, errors.Join(s.write(f), f.Close())
}

// lineup starts the floor, and by serve fedns and those peers that are wanted, with a zone.
func (b *bench) lineup(ctx context.Context, s shape, serve func(context.Context, program, string) (*server, error), want func(program) bool) ([]*server, error) {
	file, err := b.zoneFile(s)
	if err != nil {
		return nil, err
	}
	b.say("starting servers with %d services", s.Services)
	echo, err := b.serveEcho(ctx, b.floor)
	if err != nil {
		return nil, err
	}
	all := []*server{echo}
	for _, p := range append([]program{b.fedns}, b.peers...) {
		if !want(p) {
			continue
		}
		srv, err := serve(ctx, p, file)
		if err != nil {
			return nil, err
		}
		all = append(all, srv)
	}
	return all, nil
}

func everyone(program) bool { return true }
func quick(p program) bool  { return !p.slow }
func signs(p program) bool  { return p.signs }

func (b *bench) asking(s shape, f form, over string) run {
	return run{Shape: s, Form: f, Over: over, Time: b.length}
}

// contestants makes contestants of all servers that want says yes to.
func contestants(servers []*server, r run, want func(*server) bool) (all []contestant) {
	for _, s := range servers {
		if want(s) {
			all = append(all, contestant{name: s.name, server: s, run: r})
		}
	}
	return all
}

// services measures with headless Services, as many as a ClusterSet may have.
func (b *bench) services(ctx context.Context) error {
	s := shape{Services: 10_000, Endpoints: 3, Seed: b.seed}
	servers, err := b.lineup(ctx, s, b.serve, everyone)
	if err != nil {
		return err
	}
	slow := map[string]bool{}
	for _, p := range b.peers {
		slow[p.name] = p.slow
	}
	all := func(*server) bool { return true }
	fast := func(s *server) bool { return !slow[s.name] }
	for _, m := range []struct {
		stage, title string
		form         form
		who          func(*server) bool
	}{
		{stageStandard, "Standard mix, 10,000 Services (90,003 records), UDP", plain, all},
		{stageEDNS, "The same with EDNS", edns, fast},
		{stageCookie, "The same with EDNS and a client's cookie", cookie, fast},
	} {
		if b.wanted(m.stage) {
			if err := b.compete(ctx, m.stage, m.title, contestants(servers, b.asking(s, m.form, overUDP), m.who)); err != nil {
				return err
			}
		}
	}
	if b.wanted(stageTCP) {
		if err := b.streams(ctx, s, servers); err != nil {
			return err
		}
	}
	b.stop()
	if b.wanted(stageSecure) {
		return b.secure(ctx, s)
	}
	return nil
}

// secure measures DNS over TLS and over HTTPS, with TCP beside them: what the
// protocols cost.
func (b *bench) secure(ctx context.Context, s shape) error {
	file, err := b.zoneFile(s)
	if err != nil {
		return err
	}
	srv, err := b.serveSecure(ctx, b.fedns, file)
	if err != nil {
		return err
	}
	var all []contestant
	for _, over := range []string{overTCP, overTLS, overHTTPS} {
		if addr, ok := srv.secure[over]; ok {
			conn, err := dial(addr, protocols[over].alpn)
			if err != nil {
				b.report.Absent = append(b.report.Absent, fmt.Sprintf("fedns over %s: %v", over, err))
				continue
			}
			conn.Close()
		}
		all = append(all, contestant{name: "fedns over " + over, server: srv, run: b.asking(s, plain, over)})
	}
	return b.compete(ctx, stageSecure, fmt.Sprintf("Standard mix over TLS and HTTPS, %d connections, %d queries under way on each", connections, window), all)
}

// streams measures TCP, with UDP beside it for the ratio.
func (b *bench) streams(ctx context.Context, s shape, servers []*server) error {
	own := servers[slices.IndexFunc(servers, func(s *server) bool { return s.name == nameFedns })]
	all := []contestant{{name: fednsUDP, server: own, run: b.asking(s, plain, overUDP)}}
	all = append(all, contestants(servers, b.asking(s, plain, overTCP), func(s *server) bool { return !s.echoing })...)
	return b.compete(ctx, stageTCP, fmt.Sprintf("Standard mix over TCP, %d connections, %d queries pipelined on each", connections, window), all)
}

// signed measures a zone that the servers sign, each with one key of the usual
// algorithm, asked for signatures.
func (b *bench) signed(ctx context.Context) error {
	s := shape{Services: 10_000, Endpoints: 3, Seed: b.seed}
	servers, err := b.lineup(ctx, s, b.serveSigned, signs)
	if err != nil {
		return err
	}
	all := contestants(servers, b.asking(s, signed, overUDP), func(*server) bool { return true })
	return b.compete(ctx, stageSigned, "Standard mix of a signed zone (ECDSA P-256), asked with DO set, UDP", all)
}

// updates measures a zone that is changed all the time.
func (b *bench) updates(ctx context.Context) error {
	s := shape{Services: 10_000, Endpoints: 3, Seed: b.seed}
	srv, err := b.servePublished(ctx, publication{Shape: s, Rate: updateRate})
	if err != nil {
		return err
	}
	r := b.asking(s, plain, overUDP)
	return b.compete(ctx, stageUpdates, fmt.Sprintf("Standard mix, while %d RRsets a second are changed, on the same core", updateRate),
		[]contestant{{name: quiescent, server: srv, run: r}, {name: underUpdates, server: srv, run: r, change: true}})
}

// million measures a million names, and the memory for as many and fewer.
func (b *bench) million(ctx context.Context) error {
	s := shape{Services: million, Seed: b.seed}
	if b.wanted(stageMemory) {
		if err := b.small(ctx); err != nil {
			return err
		}
	}
	empty := map[string]int64{}
	if b.wanted(stageMemory) {
		var err error
		if empty, err = b.empty(ctx); err != nil {
			return err
		}
	}
	servers, err := b.lineup(ctx, s, b.serve, quick)
	if err != nil {
		return err
	}
	if b.wanted(stageMillion) {
		all := contestants(servers, b.asking(s, plain, overUDP), func(*server) bool { return true })
		if err := b.compete(ctx, stageMillion, "A million names with one A record each, UDP", all); err != nil {
			return err
		}
	}
	if !b.wanted(stageMemory) {
		return nil
	}
	published, err := b.servePublished(ctx, publication{Shape: s})
	if err != nil {
		return err
	}
	published.name = namePublished
	for _, srv := range append(servers[1:], published) {
		full, err := b.settled(ctx, srv)
		if err != nil {
			return err
		}
		b.report.Memory = append(b.report.Memory, newMemrow(srv.name, million, empty[srv.name], full))
	}
	return nil
}

func (b *bench) allocations(ctx context.Context) (err error) {
	b.say("running the benchmark of the fast path")
	b.report.Allocations, err = allocations(ctx)
	return err
}
