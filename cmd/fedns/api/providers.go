package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/fedns/fedns/cmd/fedns/recordsync"
	"github.com/fedns/fedns/discovery"
	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/providers"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/ownership"
	"github.com/fedns/fedns/providers/plan"
)

// planWithin is how long a plan may take: a hosted zone is listed for it.
const planWithin = 15 * time.Minute

// endWithin is how long it may take then to send the answer.
const endWithin = time.Minute

// ZonePlan is what would be written to one hosted zone. The JSON names are part of
// the API.
type ZonePlan struct {
	Provider string         `json:"provider"`
	Zone     string         `json:"zone"`
	Error    string         `json:"error,omitempty"` // it cannot be told
	Counts   map[string]int `json:"counts"`          // record sets by what is done with them; "held" are of those
	Actions  []PlanAction   `json:"actions"`         // but those that are left as they are, unless asked for
}

// PlanAction is what would be done with one record set.
type PlanAction struct {
	Action string `json:"action"` // create, replace, delete, leave, refuse
	Record string `json:"record"` // "web.example.com. A"
	Reason string `json:"reason"`
	Held   string `json:"held,omitempty"`   // why it waits for a word, or would
	Adopts string `json:"adopts,omitempty"` // the owner of external-dns that has it
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
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(planWithin + endWithin)) // or the server's holds
	writePlans(w, src.Hosted().Plan(ctx, provider), membersPlan(src, provider), func(a plan.Action) bool {
		return a.Verb != plan.Leave || r.URL.Query().Get("all") == "true"
	})
}

// writePlans answers with the plans of hosted zones, and those of their Actions that
// are to be shown; with what is planned for members, if that was asked for.
func writePlans(w http.ResponseWriter, all []recordsync.Planned, members *MembersPlan, shown func(plan.Action) bool) {
	out := []ZonePlan{}
	for _, p := range all {
		z := ZonePlan{Provider: p.Provider, Zone: p.Zone, Counts: map[string]int{}, Actions: []PlanAction{}}
		if p.Err != nil {
			z.Error = p.Err.Error()
		}
		for _, u := range p.Units {
			for _, a := range u.Actions {
				z.Counts[a.Verb.String()]++
				if a.Held != "" {
					z.Counts["held"]++
				}
				if shown(a) {
					z.Actions = append(z.Actions, action(a))
				}
			}
		}
		out = append(out, z)
	}
	writeJSON(w, struct {
		Plans   []ZonePlan   `json:"plans"`
		Members *MembersPlan `json:"members,omitempty"`
	}{out, members})
}

func action(a plan.Action) PlanAction {
	out := PlanAction{Action: a.Verb.String(), Record: hosted.KeyString(a.Key), Reason: a.Reason, Held: a.Held, Adopts: a.Adopts}
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
		if !allowed(w, r, src) {
			return
		}
		if err := src.Hosted().Release(r.PathValue("provider")); err != nil {
			refuse(w, http.StatusConflict, err)
			return
		}
		writeJSON(w, struct{}{})
	}
}

// Adoption is what is asked of POST /api/v1/providers/{provider}/adopt: the names are
// external-dns's flags'.
type Adoption struct {
	FromOwner string `json:"fromOwner"` // --txt-owner-id
	Prefix    string `json:"txtPrefix,omitempty"`
	Suffix    string `json:"txtSuffix,omitempty"`
	Wildcard  string `json:"txtWildcardReplacement,omitempty"`
	Key       []byte `json:"txtEncryptKey,omitempty"` // what --txt-encrypt-aes-key has
	DryRun    bool   `json:"dryRun,omitempty"`
}

// maxAdoption bounds what is read of an Adoption, in octets.
const maxAdoption = 64 << 10

// adoptFrom serves POST /api/v1/providers/{provider}/adopt. It answers with the plan of
// what is adopted, and what that owner has and keeps.
func adoptFrom(src Sources) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !allowed(w, r, src) {
			return
		}
		var a Adoption
		body := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxAdoption))
		body.DisallowUnknownFields()
		if err := body.Decode(&a); err != nil {
			refuse(w, http.StatusBadRequest, fmt.Errorf("what is to be adopted cannot be read: %w", err))
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), planWithin)
		defer cancel()
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(planWithin + endWithin)) // or the server's holds
		plans, err := src.Hosted().Adopt(ctx, r.PathValue("provider"), recordsync.Adoption{
			From: a.FromOwner, DryRun: a.DryRun, Affix: ownership.Affix{Prefix: a.Prefix, Suffix: a.Suffix, Wildcard: a.Wildcard, Key: a.Key},
		})
		if err != nil {
			refuse(w, http.StatusConflict, err)
			return
		}
		writePlans(w, plans, nil, func(a plan.Action) bool { return a.Adopts != "" })
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
				_, name, _ := strings.Cut(object, "/") // of a Service or a host
				c := discovery.Condition{Type: "RecordRefused", Status: "True", Reason: "RefusedByProvider", Message: p.Provider + ": " + r.Record + ": " + r.Reason, Since: r.Since}
				if !slices.Contains(refused[name], c) {
					refused[name] = append(refused[name], c)
				}
			}
		}
	}
	out := []serviceStatus{}
	for _, s := range src.Engine().Services() {
		out = append(out, serviceStatus{s, refused[cluster.ServiceKey{Namespace: s.Namespace, Name: s.Name}.String()]})
	}
	return out
}
