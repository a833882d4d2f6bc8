package api

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/fedns/fedns/cmd/fedns/federate"
	"github.com/fedns/fedns/discovery"
	"github.com/fedns/fedns/federation"
)

// clusterStatus is how a cluster stands, and what is placed there. The JSON names
// are part of the API.
type clusterStatus struct {
	discovery.ClusterStatus
	Placed *placedStatus `json:"placed,omitempty"` // on the replica that propagates
}

// placedStatus counts templates in a cluster.
type placedStatus struct {
	Targets    int   `json:"targets"`
	Leaving    int   `json:"leaving"`
	Removing   int   `json:"removing"`
	Applied    int   `json:"applied"`
	Altered    int   `json:"altered"` // of applied
	Failed     int   `json:"failed"`
	NotHealthy int   `json:"notHealthy"`
	Replicas   int64 `json:"replicas"`
	Ready      int64 `json:"ready"`
}

func clusters(src Sources) []clusterStatus {
	all := []clusterStatus{}
	var shares map[string]federation.Share
	if f := src.Federation(); f != nil {
		shares = f.Shares()
	}
	for _, c := range src.Engine().Clusters() {
		s := clusterStatus{ClusterStatus: c}
		if share, ok := shares[string(c.ID)]; ok {
			s.Placed = &placedStatus{
				share.Targets, share.Leaving, share.Removing, share.Applied, share.Altered, share.Failed, share.NotHealthy, share.Replicas, share.Ready,
			}
		}
		all = append(all, s)
	}
	return all
}

// errNoFederation says that there is nothing to tell.
var errNoFederation = errors.New("nothing is propagated: the configuration has no section propagation")

// bindings serves GET /api/v1/bindings: what is placed where; ?reasons=true with
// why each cluster gets what it gets.
func bindings(w http.ResponseWriter, r *http.Request, src Sources) {
	f := src.Federation()
	if f == nil {
		refuse(w, http.StatusNotFound, errNoFederation)
		return
	}
	all, err := f.Bindings(r.URL.Query().Get("reasons") == "true")
	if err != nil {
		refuse(w, http.StatusServiceUnavailable, err)
		return
	}
	writeJSON(w, struct {
		Federation federate.Status     `json:"federation"`
		Bindings   []federation.Placed `json:"bindings"`
	}{f.Status(), all})
}

// MembersPlan is what would be written to members. The JSON names are part of the API.
type MembersPlan struct {
	Error   string              `json:"error,omitempty"` // it cannot be told
	Actions []federation.Action `json:"actions"`
}

// membersPlan is nil where nothing is propagated, or only a provider was asked for.
func membersPlan(src Sources, provider string) *MembersPlan {
	f := src.Federation()
	if f == nil || provider != "" {
		return nil
	}
	actions, err := f.Plan()
	if err != nil {
		return &MembersPlan{Error: err.Error(), Actions: []federation.Action{}}
	}
	return &MembersPlan{Actions: actions}
}

// releaseFederation serves POST /api/v1/federation/release.
func releaseFederation(src Sources) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		f := src.Federation()
		switch {
		case !local(r):
			refuse(w, http.StatusForbidden, fmt.Errorf("commands are taken from this host only: run fedns there, or forward a port to it"))
		case f == nil:
			refuse(w, http.StatusNotFound, errNoFederation)
		default:
			n, err := f.Release()
			if err != nil {
				refuse(w, http.StatusConflict, err)
				return
			}
			writeJSON(w, struct {
				Released int `json:"released"`
			}{n})
		}
	}
}
