package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
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
)

func (d *Daemon) serveHTTP(ctx context.Context) error {
	srv := &http.Server{
		Handler: api.Handler(d), ErrorLog: slog.NewLogLogger(d.log.Handler(), slog.LevelWarn),
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: time.Minute, IdleTimeout: idleHTTP,
		MaxHeaderBytes: 1 << 16,
	}
	stop := context.AfterFunc(ctx, func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		if srv.Shutdown(ctx) != nil {
			_ = srv.Close()
		}
	})
	defer stop()
	if err := srv.Serve(netutil.LimitListener(d.http, maxHTTP)); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("http: %w", err)
	}
	return nil
}
