package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/fedns/fedns/discovery"
	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/evidence"
)

// commands are what can be asked of a cluster.
var commands = map[string]func(context.Context, *discovery.Engine, cluster.ID) error{
	"drain": func(ctx context.Context, e *discovery.Engine, id cluster.ID) error {
		return e.SetWord(ctx, id, evidence.Drain)
	},
	"evict": func(ctx context.Context, e *discovery.Engine, id cluster.ID) error {
		return e.SetWord(ctx, id, evidence.Evict)
	},
	"undrain": func(ctx context.Context, e *discovery.Engine, id cluster.ID) error {
		return e.SetWord(ctx, id, evidence.NoWord)
	},
	"release": func(_ context.Context, e *discovery.Engine, id cluster.ID) error { return e.Release(id) },
}

// command serves POST /api/v1/clusters/{cluster}/{command}.
func command(src Sources) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		do, ok := commands[r.PathValue("command")]
		id := cluster.ID(r.PathValue("cluster"))
		switch {
		case !ok:
			refuse(w, http.StatusNotFound, fmt.Errorf("there is no command %q", r.PathValue("command")))
		case allowed(w, r, src):
			if err := do(r.Context(), src.Engine(), id); err != nil {
				refuse(w, http.StatusConflict, err)
				return
			}
			writeJSON(w, struct{}{})
		}
	}
}

// allowed says that a command may be taken, and answers if it may not.
func allowed(w http.ResponseWriter, r *http.Request, src Sources) bool {
	switch {
	case !local(r):
		refuse(w, http.StatusForbidden, fmt.Errorf("commands are taken from this host only: run fedns there, or forward a port to it"))
	case src.HandingOver():
		refuse(w, http.StatusServiceUnavailable, fmt.Errorf("another process is taking over: try again in a moment"))
	default:
		return true
	}
	return false
}

// local says that a request comes from the host itself: whoever gets there could
// end the daemon as well. Metrics and the state are open to more.
func local(r *http.Request) bool {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && from.Addr().Unmap().IsLoopback() && byAddress(r.Host)
}

// byAddress says that a request was sent to an address or to localhost. A name
// that somebody else owns may lead here as well, and bring a page of theirs along.
func byAddress(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	_, err := netip.ParseAddr(host)
	return err == nil || strings.EqualFold(strings.TrimSuffix(host, "."), "localhost")
}

func refuse(w http.ResponseWriter, code int, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(struct { // a client that went away
		Error string `json:"error"`
	}{err.Error()})
}
