package secondary

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/transfer"
	"github.com/fedns/fedns/dnsserver/zone"
)

// transfers counts what secondaries fetched, as fedns's log tells of it: a
// slog.Handler.
type transfers struct {
	mu    sync.Mutex
	by    map[string]map[string]int // TSIG key → kind → how many
	whole map[string]map[string]int // TSIG key → zone → how many AXFR-style ones
	// records and octets are of all differences.
	records, octets map[string]int64
	warnings        []string
}

func newTransfers() *transfers {
	return &transfers{
		by: map[string]map[string]int{}, whole: map[string]map[string]int{},
		records: map[string]int64{}, octets: map[string]int64{},
	}
}

// Enabled implements slog.Handler.
func (t *transfers) Enabled(context.Context, slog.Level) bool { return true }

// WithAttrs implements slog.Handler.
func (t *transfers) WithAttrs([]slog.Attr) slog.Handler { return t }

// WithGroup implements slog.Handler.
func (t *transfers) WithGroup(string) slog.Handler { return t }

// Handle implements slog.Handler.
func (t *transfers) Handle(_ context.Context, r slog.Record) error {
	at := map[string]slog.Value{}
	r.Attrs(func(a slog.Attr) bool {
		at[a.Key] = a.Value
		return true
	})
	t.mu.Lock()
	defer t.mu.Unlock()
	if r.Level >= slog.LevelWarn {
		t.warnings = append(t.warnings, fmt.Sprint(r.Message, " ", at))
		return nil
	}
	if r.Message != "zone was transferred" {
		return nil
	}
	key, kind := at["key"].String(), at["kind"].String()
	if t.by[key] == nil {
		t.by[key], t.whole[key] = map[string]int{}, map[string]int{}
	}
	t.by[key][kind]++
	switch kind {
	case "whole":
		t.whole[key][at["zone"].String()]++
	case "differences":
		t.records[key] += at["records"].Int64()
		t.octets[key] += at["octets"].Int64()
	}
	return nil
}

// warned is what fedns warned of.
func (t *transfers) warned() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.warnings)
}

// count is how many transfers of a kind a key's holder got.
func (t *transfers) count(key, kind string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.by[key][kind]
}

// notices counts the NOTIFY messages that go to each secondary, and keeps why
// some were given up.
type notices struct {
	mu       sync.Mutex
	to       map[netip.AddrPort]int
	failures []string
}

// dial is for transfer.NotifierConfig.
func (n *notices) dial(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	n.mu.Lock()
	n.to[to]++
	n.mu.Unlock()
	return new(net.Dialer).DialContext(ctx, "udp", to.String())
}

// failed is for transfer.NotifierConfig, too.
func (n *notices) failed(apex dnsname.Name, to transfer.Secondary, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.failures = append(n.failures, fmt.Sprintf("%s to %s: %v", apex, to.Key, err))
}

// given are the failures so far.
func (n *notices) given() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.failures)
}

func (n *notices) count(to netip.AddrPort) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.to[to]
}

// holds says what of the snapshot is not as sets says; the apex's own records
// are left out.
func holds(s *zone.Snapshot, sets map[zone.Key]zone.RRset) error {
	n := 0
	for r := range s.All() {
		if r.Owner == s.Apex() {
			continue
		}
		n++
		if want := sets[r.Key()]; r != want {
			return fmt.Errorf("primary has %s, want %s", r, want)
		}
	}
	if n != len(sets) {
		return fmt.Errorf("primary has %d RRsets in %s, want %d", n, s.Apex(), len(sets))
	}
	return nil
}
