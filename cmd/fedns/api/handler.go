package api

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

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
	"github.com/fedns/fedns/providers"
)

// Sources is what the API tells of. All methods may be called from any goroutine.
type Sources interface {
	Engine() *discovery.Engine
	Server() *dnsserver.Server
	Discovering() bool // the clusters are being followed
	HandingOver() bool // a successor is about to take over: what is said to this process is lost
	Doubtful() bool    // a name that is not there may yet exist
	Reload() Reload
	ZoneFaults() map[string]string // by zone, what is wrong with its files; empty: nothing
	KeyFaults() map[string]string  // by zone that is to be signed, what is wrong with its keys; empty: nothing
	Taps() map[string]tap.Stats    // by what is written: dnstap, querylog
	// Kept is how what is known of the clusters is kept on disk; false: it is not.
	Kept() (state.Stats, bool)
	Probes() (probe.Stats, quorum.Stats)
	Propagation() *propagation.Meter
	Inventories() []Inventory
	Hosted() *recordsync.Zones
	Federation() *federate.Federation // nil: nothing is propagated
}

// Reload is how the last change of the configuration went.
type Reload struct {
	OK bool
	At time.Time // of the last good one
}

// Handler serves the API. It keeps src.
func Handler(src Sources) http.Handler {
	mux := http.NewServeMux()
	// It stays ok whatever becomes of discovery: a restart would forget what is
	// last known of clusters that cannot be reached.
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) { readyz(w, r, src) })
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry(src), promhttp.HandlerOpts{EnableOpenMetrics: true}))
	mux.HandleFunc("GET /debug/pprof/heap", heapProfile)
	mux.HandleFunc("GET /api/v1/clusters", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, struct {
			Clusters []clusterStatus `json:"clusters"`
		}{clusters(src)})
	})
	mux.HandleFunc("GET /api/v1/bindings", func(w http.ResponseWriter, r *http.Request) { bindings(w, r, src) })
	mux.Handle("POST /api/v1/federation/release", http.NewCrossOriginProtection().Handler(releaseFederation(src)))
	// A page in somebody's browser must not drain a cluster.
	mux.Handle("POST /api/v1/clusters/{cluster}/{command}", http.NewCrossOriginProtection().Handler(command(src)))
	mux.HandleFunc("GET /api/v1/inventories", func(w http.ResponseWriter, _ *http.Request) { inventories(w, src) })
	mux.HandleFunc("GET /api/v1/providers", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, struct {
			Providers []providers.Status `json:"providers"`
		}{src.Hosted().Status()})
	})
	mux.Handle("POST /api/v1/providers/{provider}/release", http.NewCrossOriginProtection().Handler(releaseProvider(src)))
	mux.Handle("POST /api/v1/providers/{provider}/adopt", http.NewCrossOriginProtection().Handler(adoptFrom(src)))
	mux.HandleFunc("GET /api/v1/plan", func(w http.ResponseWriter, r *http.Request) { planned(w, r, src) })
	mux.HandleFunc("GET /api/v1/services", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, struct {
			Services []serviceStatus `json:"services"`
		}{services(src)})
	})
	mux.HandleFunc("GET /api/v1/zones", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, struct {
			Zones []zoneStatus `json:"zones"`
		}{zones(src)})
	})
	mux.HandleFunc("GET /api/v1/listeners", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, struct {
			Listeners []dnsserver.ListenerStatus `json:"listeners"`
		}{src.Server().Listeners()})
	})
	return mux
}

type zoneStatus struct {
	dnsserver.ZoneStatus
	Error string `json:"error,omitempty"` // what is wrong with its files; what they held before is served
}

func zones(src Sources) []zoneStatus {
	faults := src.ZoneFaults()
	list := []zoneStatus{}
	for _, z := range src.Server().Zones() {
		list = append(list, zoneStatus{z, faults[z.Name]})
		delete(faults, z.Name)
	}
	for name, fault := range faults { // never was good, so it is not served
		list = append(list, zoneStatus{dnsserver.ZoneStatus{Name: name}, fault})
	}
	slices.SortFunc(list, func(a, b zoneStatus) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

// readyz says whether answers can be trusted: every cluster was read whole once
// since the start, or what was last known of it was kept and is answered. With ?tolerate=unreachable, clusters that cannot be reached
// do not count, as is right for a readiness probe: one dead cluster must not take
// the name server away from all others. Either way the body names what is missing.
// Nothing can be trusted for long while clusters are not followed at all.
func readyz(w http.ResponseWriter, r *http.Request, src Sources) {
	tolerate := r.URL.Query().Get("tolerate")
	if tolerate != "" && tolerate != cluster.Unreachable.String() {
		http.Error(w, fmt.Sprintf("tolerate: got %q, want %s", tolerate, cluster.Unreachable), http.StatusBadRequest)
		return
	}
	missing, ready := unread(src.Inventories(), tolerate != "")
	ready = ready && src.Discovering()
	if !src.Discovering() {
		missing = append(missing, "discovery has stopped: answers go stale")
	}
	if kept, ok := src.Kept(); ok && kept.Fault != "" {
		missing = append(missing, "what is known is not kept over a restart: "+kept.Fault)
	}
	for _, c := range src.Engine().Clusters() {
		if c.Synced && c.Phase != cluster.Unreachable.String() {
			continue
		}
		line := fmt.Sprintf("cluster %s: %s since %s", c.ID, c.Phase, c.Since.UTC().Format(time.RFC3339))
		if c.Reason != "" {
			line += ": " + c.Reason
		}
		if c.Synced || c.Restored {
			line += " (what was last known of it is answered)"
		}
		missing = append(missing, line)
		if !c.Synced && !c.Restored && (tolerate == "" || c.Phase != tolerate) {
			ready = false
		}
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	word := "ready"
	if !ready {
		w.WriteHeader(http.StatusServiceUnavailable)
		word = "not ready"
	}
	fmt.Fprintln(w, strings.Join(append([]string{word}, missing...), "\n"))
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	_ = enc.Encode(v) // a client that went away
}
