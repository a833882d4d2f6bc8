package api

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fedns/fedns/cmd/fedns/federate"
	"github.com/fedns/fedns/cmd/fedns/propagation"
	"github.com/fedns/fedns/cmd/fedns/recordsync"
	"github.com/fedns/fedns/discovery"
	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/probe"
	"github.com/fedns/fedns/discovery/quorum"
	"github.com/fedns/fedns/discovery/state"
	"github.com/fedns/fedns/dnsserver"
	"github.com/fedns/fedns/dnsserver/tap"
)

// fake is a daemon without clusters.
type fake struct {
	federation            *federate.Federation
	engine                *discovery.Engine
	server                *dnsserver.Server
	discovering, doubtful bool
	leaving               bool
	kept                  state.Stats
	inventories           []Inventory
}

func (f *fake) Engine() *discovery.Engine     { return f.engine }
func (f *fake) Server() *dnsserver.Server     { return f.server }
func (f *fake) Discovering() bool             { return f.discovering }
func (f *fake) Doubtful() bool                { return f.doubtful }
func (f *fake) HandingOver() bool             { return f.leaving }
func (f *fake) Reload() Reload                { return Reload{OK: true} }
func (f *fake) ZoneFaults() map[string]string { return nil }
func (f *fake) KeyFaults() map[string]string  { return map[string]string{"good.": "", "bad.": "no key"} }
func (f *fake) Kept() (state.Stats, bool)     { return f.kept, true }
func (f *fake) Propagation() *propagation.Meter {
	m := propagation.New()
	m.Keep([]cluster.ID{"eu"})
	return m
}
func (f *fake) Inventories() []Inventory         { return f.inventories }
func (f *fake) Federation() *federate.Federation { return f.federation }

func (f *fake) Hosted() *recordsync.Zones {
	return recordsync.New(recordsync.Config{Discovery: f.engine})
}
func (f *fake) Taps() map[string]tap.Stats {
	return map[string]tap.Stats{"dnstap": {Written: 7, Dropped: 2}}
}

func (f *fake) Probes() (probe.Stats, quorum.Stats) {
	return probe.Stats{Clusters: map[cluster.ID]cluster.Signal{"down": cluster.Down, "new": cluster.Unknown, "up": cluster.Up}}, quorum.Stats{Fresh: 3}
}

// TestDiscoveryHasStopped: the daemon is alive, which answers what it knows, and not ready.
func TestDiscoveryHasStopped(t *testing.T) {
	server := dnsserver.New(dnsserver.Config{})
	f := &fake{engine: discovery.New(discovery.Config{}, server), server: server, doubtful: true, kept: state.Stats{Bytes: 7, Fault: "disk full"}}
	for _, tt := range []struct {
		discovering bool
		path        string
		code        int
		says        string
	}{
		{true, "/readyz", 200, "ready\nwhat is known is not kept over a restart: disk full\n"},
		{true, "/metrics", 200, "\nfedns_state_bytes 7\n"},
		{true, "/metrics", 200, "\nfedns_state_ok 0\n"},
		{true, "/metrics", 200, "\nfedns_dns_provisional 1\n"},
		{true, "/metrics", 200, "\nfedns_dns_tap_dropped_total{tap=\"dnstap\"} 2\n"},
		{true, "/metrics", 200, "\nfedns_dns_udp_kernel_drops_total 0\n"},
		{true, "/metrics", 200, "\nfedns_zone_keys_ok{zone=\"bad.\"} 0\nfedns_zone_keys_ok{zone=\"good.\"} 1\n"},
		{true, "/metrics", 200, "\nfedns_probe_up{cluster=\"down\"} 0\nfedns_probe_up{cluster=\"up\"} 1\n"},
		{true, "/metrics", 200, "\nfedns_replicas_fresh 3\n"},
		{true, "/metrics", 200, "\nfedns_propagation_seconds_count{cluster=\"eu\",stage=\"answerable\"} 0\n"},
		{true, "/debug/pprof/heap", 200, "\x1f\x8b"}, // gzip (RFC 1952 §2.3.1)
		{true, "/debug/pprof/cpu", 404, ""},
		{true, "/api/v1/listeners", 200, "\"listeners\": []"},
		{false, "/readyz", 503, "not ready\ndiscovery has stopped: answers go stale\nwhat is known is not kept over a restart: disk full\n"},
		{false, "/readyz?tolerate=unreachable", 503, "not ready\ndiscovery has stopped: answers go stale\n"},
		{false, "/healthz", 200, "ok\n"},
		{false, "/metrics", 200, "\nfedns_discovery_running 0\n"},
	} {
		f.discovering = tt.discovering
		w := httptest.NewRecorder()
		Handler(f).ServeHTTP(w, httptest.NewRequest("GET", tt.path, nil))
		if w.Code != tt.code || !strings.Contains(w.Body.String(), tt.says) {
			t.Errorf("%s, discovering %t: got %d %s", tt.path, tt.discovering, w.Code, w.Body)
		}
	}
}

// TestCommandsAreForTheHost: other hosts see the state and change nothing.
func TestCommandsAreForTheHost(t *testing.T) {
	server := dnsserver.New(dnsserver.Config{})
	f := &fake{engine: discovery.New(discovery.Config{}, server), server: server}
	f.engine.SetMembers([]discovery.Member{{ID: "a"}})
	for _, tt := range []struct {
		from, path string
		code       int
		says       string
	}{
		{"192.0.2.1:1234", "/api/v1/clusters/a/evict", 403, "from this host only"},
		{"[2001:db8::1]:1234", "/api/v1/clusters/a/drain", 403, "from this host only"},
		{"127.0.0.1:1234", "/api/v1/clusters/a/evict", 200, "{}"},
		{"[::ffff:127.0.0.1]:1234", "/api/v1/clusters/a/undrain", 200, "{}"},
		{"127.0.0.1:1234", "/api/v1/clusters/b/evict", 409, `there is no cluster \"b\"`},
		{"127.0.0.1:1234", "/api/v1/clusters/a/release", 409, "no withdrawals are held"},
		{"127.0.0.1:1234", "/api/v1/clusters/a/explode", 404, "explode"},
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("POST", tt.path, nil)
		r.RemoteAddr, r.Host = tt.from, "127.0.0.1:8053"
		Handler(f).ServeHTTP(w, r)
		if w.Code != tt.code || !strings.Contains(w.Body.String(), tt.says) {
			t.Errorf("%s from %s: got %d %s", tt.path, tt.from, w.Code, w.Body)
		}
	}
}

// TestCommandsByOtherNames: a page of somebody whose name leads here commands nothing,
// nor does anybody while another process takes over.
func TestCommandsByOtherNames(t *testing.T) {
	server := dnsserver.New(dnsserver.Config{})
	f := &fake{engine: discovery.New(discovery.Config{}, server), server: server}
	f.engine.SetMembers([]discovery.Member{{ID: "a"}})
	ask := func(host string) int {
		w, r := httptest.NewRecorder(), httptest.NewRequest("POST", "/api/v1/clusters/a/drain", nil)
		r.RemoteAddr, r.Host = "127.0.0.1:1234", host
		Handler(f).ServeHTTP(w, r)
		return w.Code
	}
	for host, want := range map[string]int{"evil.example:8053": 403, "evil.example": 403, "": 403, "localhost:8053": 200, "LOCALHOST.": 200, "[::1]:8053": 200, "127.0.0.1": 200} {
		if got := ask(host); got != want {
			t.Errorf("Host %q: %d, want %d", host, got, want)
		}
	}
	f.leaving = true
	if got := ask("localhost"); got != 503 {
		t.Errorf("while another process takes over: %d", got)
	}
}

// TestInventories: one that was never read keeps the daemon from being ready, for
// nobody knows which clusters there are.
func TestInventories(t *testing.T) {
	server := dnsserver.New(dnsserver.Config{})
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	f := &fake{engine: discovery.New(discovery.Config{}, server), server: server, discovering: true, inventories: []Inventory{
		{Name: "secrets", Kind: "secrets", Phase: "live", Read: true, LastSync: at, Findings: []string{"x"}, Clusters: []InventoryCluster{{ID: "a", Object: "Secret a/b", Server: "https://a"}}},
		{Name: "karmada", Kind: "karmada", Phase: "unreachable", Since: at, Reason: "list clusters: refused", Clusters: []InventoryCluster{}},
	}}
	for _, tt := range []struct {
		path string
		code int
		says string
	}{
		{"/readyz", 503, "not ready\ninventory karmada: unreachable since 2026-01-02T03:04:05Z: list clusters: refused\n"},
		{"/readyz?tolerate=unreachable", 200, "ready\ninventory karmada: unreachable since 2026-01-02T03:04:05Z: list clusters: refused\n"},
		{"/api/v1/inventories", 200, `"object": "Secret a/b"`},
		{"/metrics", 200, "\nfedns_inventory_clusters{inventory=\"karmada\"} 0\nfedns_inventory_clusters{inventory=\"secrets\"} 1\n"},
		{"/metrics", 200, "\nfedns_inventory_findings{inventory=\"secrets\"} 1\n"},
		{"/metrics", 200, "\nfedns_inventory_reachable{inventory=\"karmada\"} 0\n"},
		{"/metrics", 200, "\nfedns_inventory_last_sync_timestamp_seconds{inventory=\"karmada\"} 0\n"},
	} {
		w := httptest.NewRecorder()
		Handler(f).ServeHTTP(w, httptest.NewRequest("GET", tt.path, nil))
		if w.Code != tt.code || !strings.Contains(w.Body.String(), tt.says) {
			t.Errorf("%s: got %d %s", tt.path, w.Code, w.Body)
		}
	}
	f.inventories[1].Phase = "syncing"
	w := httptest.NewRecorder()
	Handler(f).ServeHTTP(w, httptest.NewRequest("GET", "/readyz?tolerate=unreachable", nil))
	if w.Code != 503 {
		t.Errorf("ready before an inventory is read: %s", w.Body)
	}
}
