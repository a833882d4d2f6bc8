package api

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fedns/fedns/discovery"
	"github.com/fedns/fedns/dnsserver"
	"github.com/fedns/fedns/dnsserver/tap"
)

// fake is a daemon without clusters.
type fake struct {
	engine                *discovery.Engine
	server                *dnsserver.Server
	discovering, doubtful bool
	inventories           []Inventory
}

func (f *fake) Engine() *discovery.Engine     { return f.engine }
func (f *fake) Server() *dnsserver.Server     { return f.server }
func (f *fake) Discovering() bool             { return f.discovering }
func (f *fake) Doubtful() bool                { return f.doubtful }
func (f *fake) Reload() Reload                { return Reload{OK: true} }
func (f *fake) ZoneFaults() map[string]string { return nil }
func (f *fake) KeyFaults() map[string]string  { return map[string]string{"good.": "", "bad.": "no key"} }
func (f *fake) Inventories() []Inventory      { return f.inventories }
func (f *fake) Taps() map[string]tap.Stats {
	return map[string]tap.Stats{"dnstap": {Written: 7, Dropped: 2}}
}

// TestDiscoveryHasStopped: the daemon is alive, which answers what it knows, and not ready.
func TestDiscoveryHasStopped(t *testing.T) {
	server := dnsserver.New(dnsserver.Config{})
	f := &fake{engine: discovery.New(discovery.Config{}, server), server: server, doubtful: true}
	for _, tt := range []struct {
		discovering bool
		path        string
		code        int
		says        string
	}{
		{true, "/readyz", 200, "ready\n"},
		{true, "/metrics", 200, "\nfedns_dns_provisional 1\n"},
		{true, "/metrics", 200, "\nfedns_dns_tap_dropped_total{tap=\"dnstap\"} 2\n"},
		{true, "/metrics", 200, "\nfedns_dns_udp_kernel_drops_total 0\n"},
		{true, "/metrics", 200, "\nfedns_zone_keys_ok{zone=\"bad.\"} 0\nfedns_zone_keys_ok{zone=\"good.\"} 1\n"},
		{true, "/api/v1/listeners", 200, "\"listeners\": []"},
		{false, "/readyz", 503, "not ready\ndiscovery has stopped: answers go stale\n"},
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
