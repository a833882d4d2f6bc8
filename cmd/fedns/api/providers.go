package api

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/fedns/fedns/discovery"
	"github.com/fedns/fedns/providers"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/plan"
)

// planWithin is how long a plan may take: a hosted zone is listed for it.
const planWithin = 15 * time.Minute

// ZonePlan is what would be written to one hosted zone. The JSON names are part of
// the API.
type ZonePlan struct {
	Provider string         `json:"provider"`
	Zone     string         `json:"zone"`
	Error    string         `json:"error,omitempty"` // it cannot be told
	Counts   map[string]int `json:"counts"`          // record sets by what is done with them
	Actions  []PlanAction   `json:"actions"`         // but those that are left as they are, unless asked for
}

// PlanAction is what would be done with one record set.
type PlanAction struct {
	Action string `json:"action"` // create, replace, delete, leave, refuse
	Record string `json:"record"` // "web.example.com. A"
	Reason string `json:"reason"`
	Old    string `json:"old,omitempty"`
	New    string `json:"new,omitempty"`
}

// planned serves GET /api/v1/plan: ?provider=NAME for one, ?all=true with what is
// left as it is.
func planned(w http.ResponseWriter, r *http.Request, src Sources) {
	ctx, cancel := context.WithTimeout(r.Context(), planWithin)
	defer cancel()
	provider := r.URL.Query().Get("provider")
	if provider != "" && !slices.ContainsFunc(src.Hosted().Status(), func(s providers.Status) bool { return s.Provider == provider }) {
		refuse(w, http.StatusNotFound, fmt.Errorf("there is no provider %q", provider))
		return
	}
	out := []ZonePlan{}
	for _, p := range src.Hosted().Plan(ctx, provider) {
		z := ZonePlan{Provider: p.Provider, Zone: p.Zone, Counts: map[string]int{}, Actions: []PlanAction{}}
		if p.Err != nil {
			z.Error = p.Err.Error()
		}
		for _, u := range p.Units {
			for _, a := range u.Actions {
				z.Counts[a.Verb.String()]++
				if a.Verb != plan.Leave || r.URL.Query().Get("all") == "true" {
					z.Actions = append(z.Actions, action(a))
				}
			}
		}
		out = append(out, z)
	}
	writeJSON(w, struct {
		Plans   []ZonePlan   `json:"plans"`
		Members *MembersPlan `json:"members,omitempty"`
	}{out, membersPlan(src, provider)})
}

func action(a plan.Action) PlanAction {
	out := PlanAction{Action: a.Verb.String(), Record: hosted.KeyString(a.Key), Reason: a.Reason}
	show := func(e hosted.Entry) string {
		if e.IsEmpty() {
			return ""
		}
		return strings.TrimPrefix(e.String(), hosted.KeyString(e.Key)+" ")
	}
	for _, c := range a.Changes {
		if c.Key() == a.Key {
			out.Old, out.New = show(c.Old), show(c.New)
		}
	}
	return out
}

// releaseProvider serves POST /api/v1/providers/{provider}/release.
func releaseProvider(src Sources) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !local(r):
			refuse(w, http.StatusForbidden, fmt.Errorf("commands are taken from this host only: run fedns there, or forward a port to it"))
		case src.HandingOver():
			refuse(w, http.StatusServiceUnavailable, fmt.Errorf("another process is taking over: try again in a moment"))
		default:
			if err := src.Hosted().Release(r.PathValue("provider")); err != nil {
				refuse(w, http.StatusConflict, err)
				return
			}
			writeJSON(w, struct{}{})
		}
	}
}

// serviceStatus is a Service with what providers say of its records.
type serviceStatus struct {
	discovery.ServiceStatus
	Conditions []discovery.Condition `json:"conditions,omitempty"` // what wants its owner's attention
}

// services are all Services, with a condition of those whose records a provider
// refuses.
func services(src Sources) []serviceStatus {
	refused := map[string][]discovery.Condition{}
	for _, p := range src.Hosted().Status() {
		for _, r := range p.Refused {
			for _, object := range r.Objects {
				_, name, _ := strings.Cut(object, "Service/")
				c := discovery.Condition{Type: "RecordRefused", Status: "True", Reason: "RefusedByProvider", Message: p.Provider + ": " + r.Record + ": " + r.Reason, Since: r.Since}
				if !slices.Contains(refused[name], c) {
					refused[name] = append(refused[name], c)
				}
			}
		}
	}
	out := []serviceStatus{}
	for _, s := range src.Engine().Services() {
		out = append(out, serviceStatus{s, refused[s.Namespace+"/"+s.Name]})
	}
	return out
}
