package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"

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
		case !local(r):
			refuse(w, http.StatusForbidden, fmt.Errorf("commands are taken from this host only: run fedns there, or forward a port to it"))
		default:
			if err := do(r.Context(), src.Engine(), id); err != nil {
				refuse(w, http.StatusConflict, err)
				return
			}
			writeJSON(w, struct{}{})
		}
	}
}

// local says that a request comes from the host itself: whoever gets there could
// end the daemon as well. Metrics and the state are open to more.
func local(r *http.Request) bool {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && from.Addr().Unmap().IsLoopback()
}

func refuse(w http.ResponseWriter, code int, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(struct { // a client that went away
		Error string `json:"error"`
	}{err.Error()})
}
