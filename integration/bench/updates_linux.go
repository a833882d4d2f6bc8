package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/signal"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fedns/fedns/cmd/fedns/heap"
	"github.com/fedns/fedns/dnsserver"
	"github.com/fedns/fedns/dnsserver/zone"
)

// publication is a server whose zone is published to it, as discovery does,
// in place of read from a file.
type publication struct {
	Shape shape
	Addr  string
	Rate  int // RRsets that are changed a second between SIGUSR1 and SIGUSR2
}

// updates is the role of that server; args is the publication as JSON. At
// SIGUSR2 it writes what it has changed since SIGUSR1: see changed.
func updates(args []string, stdout io.Writer) error {
	if len(args) != 1 {
		return errors.New("usage: updates PUBLICATION")
	}
	var p publication
	if err := json.Unmarshal([]byte(args[0]), &p); err != nil {
		return fmt.Errorf("read what to publish: %w", err)
	}
	addr, err := netip.ParseAddrPort(p.Addr)
	if err != nil {
		return err
	}
	heap.Pace() // as the daemon does
	srv := dnsserver.New(dnsserver.Config{Listen: []netip.AddrPort{addr}})
	if err := p.publish(srv); err != nil {
		return err
	}
	if err := srv.Start(context.Background()); err != nil {
		return err
	}
	return p.change(srv, stdout)
}

// publish publishes the whole zone, as many RRsets at a time as a cluster's
// first list may bring.
func (p publication) publish(srv *dnsserver.Server) error {
	spec := dnsserver.ZoneSpec{Apex: zoneApex(), Filled: true}
	if err := srv.SetZones([]dnsserver.ZoneSpec{spec}); err != nil {
		return err
	}
	var edits []zone.Edit
	for r := range p.Shape.published() {
		if edits = append(edits, zone.Edit{Op: zone.OpSet, RRset: r}); len(edits) == 1000 {
			if err := srv.Publish(edits); err != nil {
				return err
			}
			edits = edits[:0]
		}
	}
	return srv.Publish(edits)
}

// change changes RRsets at the rate, from SIGUSR1 to SIGUSR2, again and again.
func (p publication) change(srv *dnsserver.Server, stdout io.Writer) error {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, unix.SIGUSR1, unix.SIGUSR2)
	edits := p.edits()
	next := 0
	var tick <-chan time.Time
	var began time.Time
	var done int
	for {
		select {
		case s := <-signals:
			if s == unix.SIGUSR1 {
				began, done = time.Now(), 0
				tick = time.Tick(time.Second * updateBatch / updateRate)
				continue
			}
			tick = nil
			fmt.Fprintln(stdout, changed{done, time.Since(began)})
		case <-tick:
			// What a late tick left undone is made up for.
			for due := int(time.Since(began).Seconds() * float64(p.Rate)); done+updateBatch <= due; done += updateBatch {
				if err := srv.Publish(edits[next : next+updateBatch]); err != nil {
					return err
				}
				next = (next + updateBatch) % len(edits)
			}
		}
	}
}

// edits gives every Service other addresses, and then others again, so that each
// edit changes something however often it comes round. They are made beforehand:
// to think them up is not the server's work.
func (p publication) edits() []zone.Edit {
	if p.Rate == 0 {
		return nil
	}
	var edits []zone.Edit
	order := rand.New(rand.NewPCG(p.Shape.Seed, 3)).Perm(p.Shape.Services)
	for version := 1; version <= 2; version++ {
		for _, i := range order {
			edits = append(edits, zone.Edit{Op: zone.OpSet, RRset: p.Shape.version(i, version)})
		}
	}
	return slices.Clip(edits[:len(edits)/updateBatch*updateBatch])
}

// servePublished starts a server in that role.
func (f *fleet) servePublished(ctx context.Context, p publication) (*server, error) {
	s, err := f.site("published")
	if err != nil {
		return nil, err
	}
	p.Addr = "127.0.0.1:" + s.port
	what, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	return f.start(ctx, "fedns, published to", s, f.self, []string{roleUpdates, string(what)}, nil)
}

// updating runs do while the server's zone is changed, and tells how many RRsets
// were changed a second.
func updating(ctx context.Context, s *server, do func() error) (float64, error) {
	before := s.proc.Tail(1)
	if err := s.proc.Signal(unix.SIGUSR1); err != nil {
		return 0, err
	}
	doErr := do()
	if err := errors.Join(doErr, s.proc.Signal(unix.SIGUSR2)); err != nil {
		return 0, err
	}
	var rate float64
	err := s.proc.WaitReady(ctx, func(context.Context) error {
		c, err := readChanged(s.proc.Tail(1))
		if err == nil && s.proc.Tail(1) == before {
			err = errors.New("has not told what it changed")
		}
		rate = float64(c.rrsets) / c.time.Seconds()
		return err
	})
	return rate, err
}
