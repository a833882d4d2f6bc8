package daemon

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/fedns/fedns/cmd/fedns/handover"
	"github.com/fedns/fedns/dnsserver/policy"
)

const (
	// handoverWait is how long a successor may take until it is ready: the largest
	// clusters are read in a tenth of it.
	handoverWait = time.Minute
	// drainWait is how long connections that are open may take to be answered then:
	// as long as one message may take to come in.
	drainWait = 5 * time.Second
	// transportHTTP is what the HTTP server's socket is passed on as.
	transportHTTP = "http"
)

// inherit gives the name server its sockets.
func (d *Daemon) inherit(t policy.Transport, addr netip.AddrPort) []*os.File {
	if d.heritage == nil {
		return nil
	}
	return d.heritage.Take(t.String(), addr)
}

func (d *Daemon) openHTTP(ctx context.Context, ipv6 bool) (net.Listener, error) {
	if d.heritage != nil {
		if files := d.heritage.Take(transportHTTP, d.httpAddr); len(files) > 0 {
			defer files[0].Close()
			return net.FileListener(files[0])
		}
	}
	return listenHTTP(ctx, d.httpAddr, ipv6)
}

// Listening is closed when queries are answered.
func (d *Daemon) Listening() <-chan struct{} { return d.listening }

// answer answers queries until ctx is done; as a successor it first waits until
// it knows enough.
func (d *Daemon) answer(ctx context.Context) error {
	if d.heritage != nil {
		if err := d.takeOver(ctx); err != nil || ctx.Err() != nil {
			return err
		}
	}
	return d.dns.Wait(ctx)
}

// takeOver begins to answer in place of the predecessor.
func (d *Daemon) takeOver(ctx context.Context) error {
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for !d.orphaned() && !d.prepared() {
		if err := d.unfit(); err != nil {
			return fmt.Errorf("not taken over: %w", err)
		}
		select {
		case <-look.C:
		case <-d.heritage.Gone():
		case <-ctx.Done():
			return nil
		}
	}
	if !d.heritage.Doubtful {
		d.dns.SetProvisional(false)
		d.doubtful.Store(false)
	}
	if err := d.open(ctx); err != nil {
		return err
	}
	if err := d.heritage.Ready(); err != nil && !errors.Is(err, syscall.EPIPE) {
		return fmt.Errorf("the predecessor cannot be told: %w", err)
	}
	return nil
}

// orphaned says that the predecessor has ended before we were ready: whatever we
// have is better than nothing.
func (d *Daemon) orphaned() bool {
	select {
	case <-d.heritage.Gone():
		return true
	default:
		return false
	}
}

// unfit says what the predecessor may have in force still that cannot be read any more.
func (d *Daemon) unfit() error {
	d.applying.Lock()
	defer d.applying.Unlock()
	if zones, keys, secrets := len(d.ZoneFaults()), len(d.serving.keyFaults), d.serving.secretFaults; zones+keys+secrets > 0 {
		return fmt.Errorf("%d zones, the DNSSEC keys of %d, and %d of TSIG keys and cookie secrets cannot be read", zones, keys, secrets)
	}
	return nil
}

// prepared says that this daemon knows what its predecessor does.
func (d *Daemon) prepared() bool {
	missing := slices.DeleteFunc(d.missing(), func(c string) bool { return slices.Contains(d.heritage.Missing, c) })
	// What was kept may lack the last moments: who can be read is waited for.
	if len(missing) > 0 || !d.decided() || d.unfit() != nil {
		return false
	}
	return !d.doubtful.Load() || len(d.missing()) > 0 && len(d.engine.Unresolved()) == 0
}

// HandOver starts a successor and has it answer in place of this daemon; Run
// then ends by itself, when what was asked is answered. On an error the
// successor is gone and this daemon goes on.
func (d *Daemon) HandOver(ctx context.Context) error {
	if os.Getpid() == 1 {
		return errors.New("this is a container's first process, which ends with it: start another container instead")
	}
	ctx, cancel := context.WithTimeout(ctx, handoverWait)
	defer cancel()
	// What the operator says from here on would be said to a process that leaves,
	// after the other one has read what was kept.
	d.handing.Store(true)
	handed := false
	defer func() { d.handing.Store(handed) }()
	kept := d.flushState(ctx)
	var sockets []handover.Socket
	for _, s := range d.dns.Sockets() {
		sockets = append(sockets, handover.Socket{Transport: s.Transport.String(), Addr: s.Addr, Conn: s.Conn})
	}
	if c, ok := d.http.(syscall.Conn); ok {
		sockets = append(sockets, handover.Socket{Transport: transportHTTP, Addr: d.httpAddr, Conn: c})
	}
	s, err := handover.Start(sockets, handover.State{Missing: d.missing(), Doubtful: d.doubtful.Load(), Unkept: !kept})
	if err != nil {
		return fmt.Errorf("start of a successor: %w", err)
	}
	d.log.Info("handing over", "pid", s.PID())
	if err := s.Wait(ctx); err != nil {
		return err
	}
	if err := handover.Notify(fmt.Sprintf("MAINPID=%d\nREADY=1", s.PID())); err != nil {
		d.log.Warn("the service manager cannot be told of the successor", "error", err)
	}
	d.log.Info("handed over", "pid", s.PID())
	handed = true
	close(d.leaving)
	return nil
}

// HandingOver says that a successor is about to take over.
func (d *Daemon) HandingOver() bool { return d.handing.Load() }

// untilLeaving is done when ctx is, when a successor has taken over, or at the end,
// which the caller calls.
func (d *Daemon) untilLeaving(ctx context.Context) (_ context.Context, end func()) {
	ctx, cancel := context.WithCancel(ctx)
	var beside sync.WaitGroup
	beside.Go(func() {
		select {
		case <-d.leaving:
			cancel()
		case <-ctx.Done():
		}
	})
	return ctx, func() {
		cancel()
		beside.Wait()
	}
}

// drain answers what was asked before the successor took over.
func (d *Daemon) drain() {
	ctx, cancel := context.WithTimeout(context.Background(), drainWait)
	defer cancel()
	if err := d.dns.Drain(ctx); err != nil {
		d.log.Warn("sockets were not closed well", "error", err)
	}
}
