package providertest

import (
	"context"
	"fmt"
	"slices"

	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
)

// Samples are record sets for each routing policy, as Config.Sets wants them.
func Samples() map[hosted.Policy][]hosted.Set {
	sets := func(routings ...hosted.Routing) []hosted.Set {
		named := make([]hosted.Set, len(routings))
		for i, r := range routings {
			named[i] = hosted.Set{ID: fmt.Sprintf("cluster-%d", i+1), Routing: r}
		}
		return named
	}
	return map[hosted.Policy][]hosted.Set{
		hosted.PolicyWeighted: sets(
			hosted.Routing{Policy: hosted.PolicyWeighted, Weight: 10},
			hosted.Routing{Policy: hosted.PolicyWeighted, Weight: 0},
			hosted.Routing{Policy: hosted.PolicyWeighted, Weight: 255}),
		hosted.PolicyLatency: sets(
			hosted.Routing{Policy: hosted.PolicyLatency, Region: "eu-west-1"},
			hosted.Routing{Policy: hosted.PolicyLatency, Region: "us-east-1"}),
		hosted.PolicyGeo: sets(
			hosted.Routing{Policy: hosted.PolicyGeo, Continent: "EU"},
			hosted.Routing{Policy: hosted.PolicyGeo, Country: "US", Subdivision: "CA"},
			hosted.Routing{Policy: hosted.PolicyGeo, Country: "FR"},
			hosted.Routing{Policy: hosted.PolicyGeo, Country: "*"}),
		hosted.PolicyFailover: sets(
			hosted.Routing{Policy: hosted.PolicyFailover},
			hosted.Routing{Policy: hosted.PolicyFailover, Secondary: true}),
		hosted.PolicyMultivalue: sets(
			hosted.Routing{Policy: hosted.PolicyMultivalue},
			hosted.Routing{Policy: hosted.PolicyMultivalue}),
	}
}

// samples are those of the Config, and Samples for what it does not say.
func samples(cfg Config) map[hosted.Policy][]hosted.Set {
	all := Samples()
	for p, sets := range cfg.Sets {
		all[p] = sets
	}
	return all
}

// routed is an Entry of the first n sample sets of a policy, with one address
// each, from the given one on.
func (z site) routed(owner string, p hosted.Policy, n, from int) hosted.Entry {
	sets := slices.Clone(z.Sets[p][:n])
	for i := range sets {
		sets[i].Records = zone.NewRRset(z.name(owner), zone.TypeA, 300, addresses([]string{number(from + i)})...)
	}
	return z.entry(z.key(owner, zone.TypeA), sets)
}

// entry puts sets together, with the identifiers that the provider makes if it
// makes them itself.
func (z site) entry(k hosted.Key, sets []hosted.Set) hosted.Entry {
	if z.Identify != nil {
		for i := range sets {
			sets[i].ID = z.Identify(sets[i])
		}
	}
	return hosted.NewEntry(k, sets...)
}

// policy is one routing policy by itself.
func policy(p hosted.Policy) func(site) []step {
	return func(z site) []step {
		n := len(z.Sets[p])
		whole := z.routed("www", p, n, 1)
		ttl := slices.Clone(whole.Sets)
		for i := range ttl {
			ttl[i].Records.TTL = 60
		}
		records := slices.Clone(whole.Sets)
		records[n-1].Records = zone.NewRRset(whole.Key.Owner, zone.TypeA, 300, addresses([]string{number(77)})...)
		steps := []step{
			{"Check lets it pass", func(context.Context, *stage) error {
				if n < 2 {
					return fmt.Errorf("config: Sets has %d of %s, want two or more", n, p)
				}
				if why := z.Limits.Check(whole); why != "" {
					return fmt.Errorf("check refuses %s: %s: give Sets that it lets pass", whole, why)
				}
				return nil
			}},
			wants("all sets", whole),
			wants("one set with another address", z.entry(whole.Key, records)),
			wants("another TTL", z.entry(whole.Key, ttl)),
			wants("two names and a simple record set beside them", whole, z.routed("api", p, n, 20), z.a("plain", 300, "192.0.2.1"), z.txt("www", 300, "text")),
			wants("two sets only, on a wildcard too", z.routed("www", p, 2, 1), z.routed("*", p, 2, 1)),
			wants("all sets again", whole),
		}
		if p == hosted.PolicyWeighted {
			heavier := slices.Clone(whole.Sets)
			heavier[0].Routing.Weight++
			steps = append(steps, wants("one weight changed, nothing else", z.entry(whole.Key, heavier)))
		}
		return append(steps, wants("nothing"))
	}
}

// noSuchPolicy has Check and Apply refuse the policies that Limits does not have.
func noSuchPolicy(z site) []step {
	var steps []step
	for _, p := range []hosted.Policy{hosted.PolicyWeighted, hosted.PolicyLatency, hosted.PolicyGeo, hosted.PolicyFailover, hosted.PolicyMultivalue} {
		if z.Limits.Has(p) {
			continue
		}
		steps = append(steps, step{p.String(), func(ctx context.Context, s *stage) error {
			e := z.routed("www", p, 2, 1)
			if z.Limits.Check(e) == "" {
				return fmt.Errorf("check lets pass %s, which Limits.Policies does not have", e)
			}
			return s.refuses(ctx, e)
		}})
	}
	return append(steps, wants("a simple record set", z.a("www", 300, "192.0.2.1")))
}

// migration goes from each routing policy to the next in one Batch each, so that
// there is no moment at which the name is not there.
func migration(z site) []step {
	oneBatch := func(says string, e hosted.Entry) step {
		return step{says, func(ctx context.Context, s *stage) error {
			if err := s.make(ctx, hosted.Change{Old: s.has[e.Key], New: e}); err != nil {
				return err
			}
			return s.expect(ctx)
		}}
	}
	simple := z.a("www", 300, "192.0.2.1")
	steps := []step{oneBatch("simple", simple)}
	for _, p := range z.Limits.Policies {
		e := z.routed("www", p, len(z.Sets[p]), 1)
		steps = append(steps,
			oneBatch("simple to "+p.String(), e),
			oneBatch(p.String()+" to simple", simple),
			oneBatch("back to "+p.String(), e))
		for _, q := range z.Limits.Policies {
			if q != p {
				steps = append(steps, oneBatch(p.String()+" to "+q.String(), z.routed("www", q, len(z.Sets[q]), 30)), oneBatch(q.String()+" to "+p.String(), e))
			}
		}
		steps = append(steps, oneBatch(p.String()+" to simple", simple))
	}
	return append(steps, oneBatch("simple still", z.a("www", 60, "192.0.2.1")))
}

// wrongSets has Old wrong in one of several record sets.
func wrongSets(z site) []step {
	p := z.Limits.Policies[0]
	n := len(z.Sets[p])
	kept, whole := z.a("kept", 300, "192.0.2.90"), z.routed("www", p, n, 1)
	other := slices.Clone(whole.Sets)
	other[n-1].Records = zone.NewRRset(whole.Key.Owner, zone.TypeA, 300, addresses([]string{number(77)})...)
	next := z.routed("www", p, n, 40)
	simple := z.a("www", 300, number(1))
	steps := []step{
		wants("all sets", kept, whole),
		conflicts("one set with another address", hosted.Change{Old: z.entry(whole.Key, other), New: next}),
		conflicts("to be deleted, one set with another address", hosted.Change{Old: z.entry(whole.Key, other)}),
		conflicts("a simple record set instead", hosted.Change{Old: simple, New: next}),
		conflicts("created though it is there", hosted.Change{New: whole}),
		conflicts("created as a simple record set", hosted.Change{New: simple}),
	}
	if n > 2 {
		steps = append(steps, conflicts("one set less than there is", hosted.Change{Old: z.routed("www", p, n-1, 1), New: next}))
	}
	if p == hosted.PolicyWeighted {
		heavier := slices.Clone(whole.Sets)
		heavier[0].Routing.Weight++
		steps = append(steps, conflicts("one set with another weight", hosted.Change{Old: z.entry(whole.Key, heavier), New: next}))
	}
	return append(steps,
		wants("with the right old sets all goes well", kept, next),
		wants("a simple record set", kept, simple),
		conflicts("sets instead of the simple one", hosted.Change{Old: whole, New: next}),
	)
}

func alias(z site) []step {
	entry := func(a hosted.Alias) hosted.Entry {
		return hosted.NewEntry(z.key("www", zone.TypeA), hosted.Set{Alias: a})
	}
	otherwise := z.Alias
	otherwise.Evaluate = !otherwise.Evaluate
	return []step{
		wants("an alias", entry(z.Alias)),
		wants("that evaluates its target's health, or does not", entry(otherwise)),
		wants("an address in its place", z.a("www", 300, "192.0.2.1")),
		wants("and an alias again", entry(z.Alias), z.txt("www", 300, "text")),
		wants("nothing"),
	}
}
