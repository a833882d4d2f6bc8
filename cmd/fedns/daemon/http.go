package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/net/netutil"

	"github.com/fedns/fedns/cmd/fedns/api"
)

const (
	// maxHTTP bounds the connections that are open at a time, and so the memory
	// that clients can take; probes and scrapers need a handful. One more waits
	// until another ends.
	maxHTTP = 256
	// idleHTTP is how long a connection may take a place without asking
	// anything: less than most scrapers' intervals, so that none is kept for long.
	idleHTTP = 15 * time.Second
	// endHTTP is how long requests may take in the end.
	endHTTP = 2 * time.Second
)

// serveHTTP serves until ctx is done. When a successor has taken over it takes no
// more requests, and finishes those it has.
func (d *Daemon) serveHTTP(ctx context.Context) error {
	select {
	case <-d.listening:
	case <-ctx.Done():
	}
	var conns sync.WaitGroup
	srv := &http.Server{
		Handler: api.Handler(d), ErrorLog: slog.NewLogLogger(d.log.Handler(), slog.LevelWarn),
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: time.Minute, IdleTimeout: idleHTTP,
		MaxHeaderBytes: 1 << 16,
		ConnState: func(_ net.Conn, s http.ConnState) {
			switch s {
			case http.StateNew:
				conns.Add(1)
			case http.StateClosed:
				conns.Done()
			}
		},
	}
	ln := netutil.LimitListener(d.http, maxHTTP)
	ended := make(chan struct{})
	var stopping sync.WaitGroup
	stopping.Go(func() {
		select {
		case <-d.leaving:
		case <-ctx.Done():
		case <-ended:
		}
		_ = ln.Close()
	})
	err := srv.Serve(ln)
	close(ended)
	stopping.Wait()
	// Every connection that was accepted is known to srv now. Its Shutdown would
	// leave requests unanswered that are just coming in.
	srv.SetKeepAlivesEnabled(false)
	timer := time.AfterFunc(endHTTP, func() { _ = srv.Close() })
	defer timer.Stop()
	conns.Wait()
	if !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("http: %w", err)
	}
	return nil
}
