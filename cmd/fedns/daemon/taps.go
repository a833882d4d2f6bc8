package daemon

import (
	"context"
	"sync"

	"github.com/fedns/fedns/cmd/fedns/config"
	"github.com/fedns/fedns/dnsserver/answer"
	"github.com/fedns/fedns/dnsserver/tap"
)

// The taps by their names in metrics.
const (
	tapDnstap   = "dnstap"
	tapQueryLog = "querylog"
)

// taps is what is written of what is answered. Apply alone changes it.
type taps struct {
	dnstapConfig tap.Config
	dnstap       *part[*tap.Dnstap]
	queryLog     *part[*tap.QueryLog]

	mu    sync.Mutex
	stats map[string]func() tap.Stats
}

// applyTaps begins to write what is answered, or ends it.
func (d *Daemon) applyTaps(c *config.Serving) {
	t := &d.serving.taps
	d.applyDnstap(c)
	if now := c.QueryLog.Sample; now > 0 != (t.queryLog != nil) {
		if t.queryLog != nil {
			d.endTap(t.queryLog.stop)
			t.queryLog = nil
		} else {
			l := tap.NewQueryLog(d.log)
			t.queryLog = &part[*tap.QueryLog]{l, d.parts.run(l.Run)}
		}
	}
	var all []answer.Tap
	stats := map[string]func() tap.Stats{}
	if t.dnstap != nil {
		all = append(all, answer.Tap{Observer: t.dnstap.is, Every: uint64(c.Dnstap.Sample)})
		stats[tapDnstap] = t.dnstap.is.Stats
	}
	if t.queryLog != nil {
		all = append(all, answer.Tap{Observer: t.queryLog.is, Every: uint64(c.QueryLog.Sample)})
		stats[tapQueryLog] = t.queryLog.is.Stats
	}
	d.dns.SetTaps(all...)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stats = stats
}

// endTap stops a tap that is to be told of nothing any more.
func (d *Daemon) endTap(stop context.CancelFunc) {
	d.dns.SetTaps() // what is told to it from now on nobody would write
	stop()
}

func (d *Daemon) applyDnstap(c *config.Serving) {
	t := &d.serving.taps
	now := tap.Config{Socket: c.Dnstap.Socket, File: c.Dnstap.File, Identity: c.Dnstap.Identity, Version: d.software(), Queries: c.Dnstap.Queries}
	if now.Identity == "" {
		now.Identity = c.ID
	}
	if before := t.dnstapConfig; now.Socket == before.Socket && now.File == before.File && now.Identity == before.Identity && now.Queries == before.Queries {
		return
	}
	t.dnstapConfig = now
	if t.dnstap != nil {
		d.endTap(t.dnstap.stop)
		t.dnstap = nil
	}
	if now.Socket == "" && now.File == "" {
		return
	}
	now.Failed = func(err error) {
		if err != nil {
			d.log.Warn("dnstap cannot be written; it is tried again", "error", err)
			return
		}
		d.log.Info("dnstap is written again")
	}
	w, err := tap.NewDnstap(now)
	if err != nil {
		d.log.Error("dnstap was refused", "error", err)
		return
	}
	t.dnstap = &part[*tap.Dnstap]{w, d.parts.run(w.Run)}
}

// software is what this program is called in dnstap.
func (d *Daemon) software() string {
	if d.version == "" {
		return "fedns"
	}
	return "fedns " + d.version
}

// Taps tells what became of the messages that were to be written, by what is written.
func (d *Daemon) Taps() map[string]tap.Stats {
	t := &d.serving.taps
	t.mu.Lock()
	defer t.mu.Unlock()
	all := map[string]tap.Stats{}
	for name, stats := range t.stats {
		all[name] = stats()
	}
	return all
}
