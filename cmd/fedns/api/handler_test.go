package api

import (
	"net/http/httptest"
	"strings"
	"testing"

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
