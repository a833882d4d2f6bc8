package daemon

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/fedns/fedns/discovery/state"
	"github.com/fedns/fedns/dnsserver"
	"github.com/fedns/fedns/dnsserver/serial"
)

// flushWait is how long a handover waits for what changed last to be on disk. If
// it takes longer, the successor reads it from the clusters.
const flushWait = 2 * time.Second

// openState opens what is kept over a restart.
func (d *Daemon) openState(dir string, dns *dnsserver.Config) error {
	if dir == "" {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("stateDir: %w", err)
	}
	sc := state.Config{Log: d.log}
	if d.heritage != nil {
		sc.Beside, sc.Old = true, d.heritage.Unkept
	}
	keeper, err := state.Open(filepath.Join(dir, "groups"), sc)
	if err != nil {
		return fmt.Errorf("stateDir: %w", err)
	}
	d.keeper = keeper
	store, err := serial.Open(filepath.Join(dir, "serials"))
	if store == nil {
		d.closeState()
		return fmt.Errorf("stateDir: %w", err)
	}
	if err != nil {
		d.log.Error("state was damaged; SOA serials begin anew", "error", err)
	}
	if d.heritage != nil {
		store.Beside()
	}
	dns.Serials = store
	return nil
}

// closeState lets another process have it.
func (d *Daemon) closeState() {
	if d.keeper != nil {
		d.keeper.Close()
	}
}

// flushState has all that is known written, for a successor to read; false: it
// could not be.
func (d *Daemon) flushState(ctx context.Context) bool {
	if d.keeper == nil {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, flushWait)
	defer cancel()
	if err := d.keeper.Flush(ctx); err != nil {
		d.log.Warn("what is known of the clusters could not be written for the successor", "error", err)
		return false
	}
	return true
}

// Kept is how what is known of the clusters is kept on disk; false: it is not.
func (d *Daemon) Kept() (state.Stats, bool) {
	if d.keeper == nil {
		return state.Stats{}, false
	}
	return d.keeper.Stats(), true
}
