package quorum

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
)

// decide computes every cluster anew, and returns those that are to be reported,
// and findings that were not there before.
func (a *Agreement) decide(now time.Time) (due map[cluster.ID]Agreed, findings []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	replicas, hold, findings := a.voters(now)
	due = map[cluster.ID]Agreed{}
	for id, s := range a.own {
		next := Agreed{
			Data: judge(Agree(replicas, id, Data), s.data, s.agreed.Data, hold, now),
			API:  judge(Agree(replicas, id, API), s.api, s.agreed.API, hold, now),
		}
		for _, k := range []Kind{Data, API} {
			if text := Agree(replicas, id, k).finding(k); text != "" {
				next.Findings = append(next.Findings, text)
			}
		}
		if s.told && next.Data == s.agreed.Data && next.API == s.agreed.API && slices.Equal(next.Findings, s.agreed.Findings) {
			continue
		}
		s.agreed, s.told = next, true
		due[id] = next
	}
	before := a.stats.Findings
	a.stats = Stats{Fresh: len(replicas), Findings: findings}
	return due, slices.DeleteFunc(slices.Clone(findings), func(f string) bool { return slices.Contains(before, f) })
}

// voters are the replicas that count now, and whether what was agreed holds
// where this replica sees nothing up; mu is held.
func (a *Agreement) voters(now time.Time) (replicas []Replica, hold bool, findings []string) {
	self := Replica{Name: a.cfg.Identity, View: a.viewLocked()}
	findings = a.trouble.lines()
	switch {
	case a.cfg.Connect == nil:
		return []Replica{self}, false, nil
	case a.peers.reached(now):
		// Others may have begun at the same time, and have no Lease yet.
		return append(a.peers.fresh(), self), a.begins(now), findings
	case a.begins(now):
		return []Replica{self}, true, nil
	case self.View.sees(cluster.Up):
		return []Replica{self}, false, append(findings, "the host cluster cannot be reached: this replica goes by what it sees itself")
	}
	return []Replica{self}, true, append(findings, "neither the host cluster nor any other can be reached: what replicas agreed on before holds")
}

// begins says that this replica has not been there for long enough to have heard
// of the others.
func (a *Agreement) begins(now time.Time) bool { return now.Sub(a.begun) < fresh }

// sees says that there is a cluster that v sees so.
func (v View) sees(s cluster.Signal) bool {
	for _, o := range v {
		if o.Data == s || o.API == s {
			return true
		}
	}
	return false
}

// judge makes what is reported of a verdict.
func judge(v Verdict, own, before cluster.Liveness, hold bool, now time.Time) cluster.Liveness {
	l := cluster.Liveness{Signal: v.Signal, Since: before.Since}
	still := v.Signal == cluster.Unknown && len(v.Down) > 0 // nobody sees it up
	if hold && v.Signal != cluster.Up || still && before.Signal == cluster.Down {
		l.Signal = before.Signal
	}
	switch {
	case l.Signal == cluster.Up:
	case hold:
		l.Reason = cmp.Or(before.Reason, "other replicas have not been heard of yet")
	case l.Signal == cluster.Down && v.Replicas > 1:
		l.Reason = fmt.Sprintf("%d of %d replicas say so", len(v.Down), v.Replicas)
		if own.Signal == cluster.Down && own.Reason != "" {
			l.Reason += ": " + own.Reason
		}
	case len(v.Down) > 0 && l.Signal == cluster.Unknown:
		l.Reason = fmt.Sprintf("%d of %d replicas say that it is down, which is no majority", len(v.Down), v.Replicas)
	default:
		l.Reason = own.Reason
	}
	if l.Signal != before.Signal || before.Since.IsZero() {
		l.Since = now
	}
	return l
}
