package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/guarantee"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/ownership"
)

// Rules are what an owner decides by. They never change, and are safe for
// concurrent use.
type Rules struct {
	Owner  string
	Codec  ownership.Codec
	Limits hosted.Limits
	Drift  Drift
	// Unheard says that nothing was heard of a cluster since the start, nor is known
	// from before: what we claimed for it stands, though it is not wanted. Empty: of
	// some cluster. It must be safe for concurrent use. Defaults to none.
	Unheard func(cluster string) bool
}

// Have is what a hosted zone holds under one key, and the TXT with its claims.
type Have struct {
	Entry    hosted.Entry
	Registry hosted.Entry
	// Adoption says that an owner of external-dns holds the Entry, and that it may be
	// taken over if it is wanted; nil: it does not.
	Adoption *ownership.Adoption
}

// standing is a Have as it is understood.
type standing struct {
	Have
	ours, theirs []ownership.Claim
}

// One decides for a single Entry of which nothing else of the same name matters.
//
//	                  wanted                            not wanted
//	absent            create                            leave
//	nobody's          refuse                            leave
//	others'           replace: their records, and ours  leave
//	ours              replace; leave if equal           delete
//	ours and others'  replace: ours within it           replace: without ours
//	external-dns's    replace: it is ours then          leave
//
// The last line is of what was said to be adopted; else it is nobody's.
// Edited by somebody else it is made as wanted, or as Rules.Drift has it.
func (r Rules) One(k hosted.Key, w Want, h Have) Action {
	at, err := r.read(h, w)
	switch {
	case err != nil:
		return refuse(k, err.Error())
	case w.Entry.IsEmpty() && len(at.ours) == 0 && h.Adoption != nil:
		return Action{Key: k, Reason: fmt.Sprintf("the owner %q of external-dns has it, and nobody here wants it", h.Adoption.Owner), Adopts: h.Adoption.Owner}
	case w.Entry.IsEmpty() && len(at.ours) == 0:
		return Action{Key: k, Reason: "nobody here wants it, and it is not ours"}
	case h.Adoption != nil && len(at.ours)+len(at.theirs) == 0:
		return r.adopt(k, w, at)
	case !at.Entry.IsEmpty() && len(at.ours)+len(at.theirs) == 0 && guarantee.Holds(guarantee.ForeignIsLeft):
		return refuse(k, "it exists, and no claim says whose it is")
	case r.Drift == Report && len(at.ours) > 0 && at.edited():
		return Action{Key: k, Reason: "it was edited by somebody else, and is left so"}
	case r.Drift == UpsertOnly && w.Entry.IsEmpty():
		return Action{Key: k, Reason: "it is wanted no longer, and stays since nothing is taken away"}
	}
	return r.make(k, w, at)
}

// adopt takes over what an owner of external-dns holds: it is ours, as if we had
// claimed it, and external-dns's TXT records go in the same batch.
func (r Rules) adopt(k hosted.Key, w Want, at standing) Action {
	from := *at.Adoption
	for _, h := range from.Held {
		set, _ := at.Entry.Set(h.Set)
		at.ours = append(at.ours, ownership.Claim{Owner: r.Owner, Object: h.Resource, Set: h.Set, TTL: set.TTL(), Digests: setDigests(set)})
	}
	a := r.make(k, w, at)
	a.Adopts = from.Owner
	if a.Verb == Refuse {
		return a
	}
	for _, c := range from.Registry {
		if why := r.Limits.Check(c.New); why != "" {
			return Action{Verb: Refuse, Key: k, Reason: "external-dns's registry: " + why, Adopts: from.Owner}
		}
	}
	a.Verb, a.Reason = Replace, fmt.Sprintf("it is adopted from the owner %q of external-dns", from.Owner)
	a.Changes = append(a.Changes, from.Registry...)
	return a
}

func refuse(k hosted.Key, why string) Action { return Action{Verb: Refuse, Key: k, Reason: why} }

func (r Rules) read(h Have, w Want) (standing, error) {
	s := standing{Have: h}
	if h.Registry.IsEmpty() {
		return s, nil
	}
	_, claims, _, err := r.Codec.Decode(h.Registry)
	if err != nil {
		return s, fmt.Errorf("its claims cannot be read: %w", err)
	}
	for _, c := range claims {
		if c.Owner == r.Owner && !r.stands(c, w) {
			s.ours = append(s.ours, c)
		} else {
			s.theirs = append(s.theirs, c)
		}
	}
	return s, nil
}

// stands says that a claim of ours stands whatever is wanted: nobody can say yet what
// its cluster holds.
func (r Rules) stands(c ownership.Claim, w Want) bool {
	if r.Unheard == nil || !r.Unheard(c.Cluster) || !guarantee.Holds(guarantee.UnheardStands) {
		return false
	}
	return !slices.ContainsFunc(w.Parts, func(p Part) bool { return p.Cluster == c.Cluster && p.Set == c.Set })
}

// edited says that the Entry is not what its claims say that their owners wrote. Sets
// with an identifier that nobody claims are somebody's own.
func (s standing) edited() bool {
	claimed := map[string][]string{}
	for _, c := range slices.Concat(s.ours, s.theirs) {
		claimed[c.Set] = append(claimed[c.Set], c.Digests...)
	}
	for id, want := range claimed {
		set, ok := s.Entry.Set(id)
		slices.Sort(want)
		if !ok || !slices.Equal(slices.Compact(want), setDigests(set)) {
			return true
		}
	}
	return false
}

// make works out the Entry and the claims that are to be, and what turns those
// that are into them.
func (r Rules) make(k hosted.Key, w Want, at standing) Action {
	entry, err := r.merge(k, w, at)
	if err != nil {
		return refuse(k, err.Error())
	}
	if why := r.Limits.Check(entry); why != "" {
		return refuse(k, why)
	}
	claims := slices.Clone(at.theirs)
	if !entry.IsEmpty() {
		claims = append(claims, r.claims(w)...)
	}
	ownership.Sort(claims)
	registry, err := r.registry(k, at, claims)
	if err != nil {
		return refuse(k, err.Error())
	}
	if why := r.Limits.Check(registry); why != "" {
		return refuse(k, "its claims: "+why)
	}
	a := Action{Key: k, Lost: lost(at, entry), Withdrawn: w.Entry.IsEmpty() && !at.Entry.IsEmpty()}
	a.Verb, a.Reason = describe(at, w, entry)
	if !entry.Equal(at.Entry) {
		a.Changes = append(a.Changes, hosted.Change{Old: at.Entry, New: entry})
	}
	if len(a.Changes) > 0 && registry.Equal(at.Registry) && r.Limits.Swaps {
		// Whose the Entry is may have changed since its claims were read, which was not
		// at the moment when it was read itself: the batch has to fail then.
		registry = ownership.Renewed(at.Registry)
	}
	if !registry.Equal(at.Registry) {
		a.Changes = append(a.Changes, hosted.Change{Old: at.Registry, New: registry})
	}
	if len(a.Changes) == 0 {
		return Action{Key: k, Reason: "it is as it is wanted"}
	}
	return a
}

// registry is the TXT that holds claims: what is no claim in it stays.
func (r Rules) registry(k hosted.Key, at standing, claims []ownership.Claim) (hosted.Entry, error) {
	if at.Registry.IsEmpty() {
		return r.Codec.Encode(k, claims)
	}
	return r.Codec.Rewrite(at.Registry, k, claims)
}

// describe names what is done, and why.
func describe(at standing, w Want, now hosted.Entry) (Verb, string) {
	switch {
	case at.Entry.IsEmpty() && now.IsEmpty():
		return Delete, "its claim is left over"
	case at.Entry.IsEmpty() && len(at.ours) > 0:
		return Create, "somebody else took it away"
	case at.Entry.IsEmpty():
		return Create, "it does not exist"
	case now.IsEmpty():
		return Delete, "it is wanted no longer"
	case w.Entry.IsEmpty():
		return Replace, "our part of it is wanted no longer; others have theirs"
	case len(at.ours) == 0:
		return Replace, "others have it: our part is added"
	case at.edited():
		return Replace, "it was edited by somebody else"
	case now.Policy() != at.Entry.Policy():
		return Replace, fmt.Sprintf("its routing policy changes from %s to %s", at.Entry.Policy(), now.Policy())
	}
	return Replace, "it is wanted otherwise"
}

// claims are what the owner says of what it wants.
func (r Rules) claims(w Want) []ownership.Claim {
	out := make([]ownership.Claim, 0, len(w.Parts))
	for _, p := range w.Parts {
		set, _ := w.Entry.Set(p.Set)
		out = append(out, ownership.Claim{Owner: r.Owner, Cluster: p.Cluster, Object: p.Object, Set: p.Set, TTL: set.TTL(), Digests: p.Digests})
	}
	return out
}

// lost counts the records of ours that are gone afterwards, and not before.
func lost(at standing, now hosted.Entry) int {
	going := map[string]bool{}
	for _, s := range at.Entry.Sets {
		for _, d := range setDigests(s) {
			going[d] = true
		}
	}
	for _, s := range now.Sets {
		for _, d := range setDigests(s) {
			delete(going, d)
		}
	}
	n := 0
	for _, c := range at.ours {
		for _, d := range c.Digests {
			if going[d] {
				delete(going, d)
				n++
			}
		}
	}
	return n
}

// merge is the Entry as it is to be: what is wanted, with what others claim.
func (r Rules) merge(k hosted.Key, w Want, at standing) (hosted.Entry, error) {
	if len(at.theirs) == 0 && !keepsStrangers(at, w) {
		return w.Entry, nil
	}
	if !w.Entry.IsEmpty() && !at.Entry.IsEmpty() && w.Entry.Policy() != at.Entry.Policy() {
		return hosted.Entry{}, fmt.Errorf("%s it with the routing policy %s, not %s", r.sharers(at.theirs, ""), at.Entry.Policy(), w.Entry.Policy())
	}
	if len(at.theirs) > 0 && slices.ContainsFunc(at.theirs, func(c ownership.Claim) bool { return c.IsUnknown() }) {
		return hosted.Entry{}, fmt.Errorf("others share it, and their claims cannot be read (sealed with another key, or of a newer fedns)")
	}
	var sets []hosted.Set
	for _, s := range at.Entry.Sets {
		if s.ID == "" {
			if s = r.without(s, at); s.Records.IsEmpty() && !s.Alias.IsSet() {
				continue
			}
		} else if claimedBy(at.ours, s.ID) && !claimedBy(at.theirs, s.ID) {
			continue
		}
		sets = append(sets, s)
	}
	for _, s := range w.Entry.Sets {
		i := slices.IndexFunc(sets, func(o hosted.Set) bool { return o.ID == s.ID })
		switch {
		case i < 0:
			sets = append(sets, s)
		case s.ID != "":
			return hosted.Entry{}, fmt.Errorf("%s it with the set %q, which we want, too", r.sharers(at.theirs, s.ID), s.ID)
		case s.Alias.IsSet() || sets[i].Alias.IsSet():
			return hosted.Entry{}, fmt.Errorf("%s it, and an alias cannot be shared", r.sharers(at.theirs, ""))
		default:
			both := sets[i].Records.With(slices.Collect(s.Records.RDATA())...)
			both.TTL = r.ttl(s.Records.TTL, at)
			sets[i].Records = both
		}
	}
	return hosted.NewEntry(k, sets...), nil
}

// maxSharers bounds who is named in a refusal.
const maxSharers = 3

// sharers names whoever shares an Entry, or one set of it, with its verb.
func (r Rules) sharers(theirs []ownership.Claim, set string) string {
	var who []string
	for _, c := range theirs {
		name := "the owner " + c.Owner
		switch {
		case set != "" && c.Set != set:
			continue
		case c.IsUnknown():
			name = "an owner that cannot be read"
		case c.Owner == r.Owner:
			name = "our cluster " + c.Cluster + ", of which nothing was heard yet,"
		}
		if !slices.Contains(who, name) {
			who = append(who, name)
		}
	}
	switch n := len(who); {
	case n == 0:
		return "somebody without a claim has"
	case n == 1:
		return who[0] + " has"
	case n > maxSharers:
		who = append(who[:maxSharers], fmt.Sprintf("%d more", n-maxSharers))
	}
	return strings.Join(who[:len(who)-1], ", ") + " and " + who[len(who)-1] + " have"
}

// keepsStrangers says that sets with identifiers that nobody claims stand beside:
// they are somebody's, who does not know of claims.
func keepsStrangers(at standing, w Want) bool {
	if at.Entry.Policy() == hosted.PolicySimple {
		return false
	}
	return slices.ContainsFunc(at.Entry.Sets, func(s hosted.Set) bool {
		_, wanted := w.Entry.Set(s.ID)
		return !wanted && !claimedBy(at.ours, s.ID)
	})
}

func claimedBy(claims []ownership.Claim, set string) bool {
	return slices.ContainsFunc(claims, func(c ownership.Claim) bool { return c.Set == set })
}

// without is the simple set less the records that only we claim.
func (r Rules) without(s hosted.Set, at standing) hosted.Set {
	has := func(claims []ownership.Claim, d string) bool {
		return slices.ContainsFunc(claims, func(c ownership.Claim) bool { return slices.Contains(c.Digests, d) })
	}
	if s.Alias.IsSet() {
		if d := setDigests(s)[0]; has(at.ours, d) && !has(at.theirs, d) {
			return hosted.Set{}
		}
		return s
	}
	var gone []string
	for rdata := range s.Records.RDATA() {
		if d := ownership.Digest(rdata); has(at.ours, d) && !has(at.theirs, d) {
			gone = append(gone, rdata)
		}
	}
	s.Records = s.Records.Without(gone...)
	if len(at.theirs) > 0 && !s.Records.IsEmpty() {
		s.Records.TTL = r.ttl(1<<31-1, at)
	}
	return s
}

// ttl is the lowest of ours and theirs.
func (r Rules) ttl(ours uint32, at standing) uint32 {
	for _, c := range at.theirs {
		if c.Set == "" {
			ours = min(ours, c.TTL)
		}
	}
	return ours
}

// Name decides for all Entries of one owner name together, since a CNAME stands
// alone (RFC 1034 §3.6.2), and what takes its place must come in the same batch.
// wants and haves are by type; a type may be in either or both.
func (r Rules) Name(wants map[uint16]Want, haves map[uint16]Have, owner hosted.Key) Unit {
	types := map[uint16]bool{}
	for t := range wants {
		types[t] = true
	}
	for t := range haves {
		types[t] = true
	}
	u := Unit{Owner: owner.Owner}
	after := map[uint16]bool{} // types that exist afterwards
	for t := range types {
		k := hosted.Key{Owner: owner.Owner, Type: t}
		a := r.One(k, wants[t], haves[t])
		if len(wants) == 0 {
			a = r.sparing(a, haves[t])
		}
		u.Actions = append(u.Actions, a)
		after[t] = a.Verb == Create || a.Verb == Replace || a.Verb != Delete && !haves[t].Entry.IsEmpty()
	}
	slices.SortFunc(u.Actions, func(a, b Action) int { return hosted.CompareKeys(a.Key, b.Key) })
	if after[zone.TypeCNAME] {
		r.alone(&u, haves, after)
	}
	return u
}

// sparing leaves what is to be deleted, and has nothing in it that we wrote: somebody has
// copied a claim of ours to the name of another record, or put something else in the place
// of ours. Only the claim goes.
func (r Rules) sparing(a Action, h Have) Action {
	if a.Verb != Delete || !a.Withdrawn || a.Lost > 0 {
		return a
	}
	at, err := r.read(h, Want{})
	if err != nil || slices.ContainsFunc(at.ours, func(c ownership.Claim) bool { return len(c.Digests) == 0 }) {
		return a // what we wrote cannot be told from what is there
	}
	a.Verb, a.Withdrawn, a.Reason = Replace, false, "nothing in it is what we wrote: our claim goes, and it stays"
	a.Changes = slices.DeleteFunc(a.Changes, func(c hosted.Change) bool { return c.Key() == a.Key })
	return a
}

// alone refuses what would put a CNAME beside other records.
func (r Rules) alone(u *Unit, haves map[uint16]Have, after map[uint16]bool) {
	var others []string
	for t, is := range after {
		if is && t != zone.TypeCNAME {
			others = append(others, zone.TypeString(t))
		}
	}
	if len(others) == 0 {
		return
	}
	slices.Sort(others)
	stays := !haves[zone.TypeCNAME].Entry.IsEmpty()
	refused := false
	for i, a := range u.Actions {
		switch {
		case a.Verb != Create:
			continue
		case a.Key.Type == zone.TypeCNAME:
			u.Actions[i] = refuse(a.Key, "a CNAME cannot stand beside "+strings.Join(others, ", ")+" of the same name (RFC 1034 §3.6.2)")
		case stays:
			u.Actions[i] = refuse(a.Key, "there is a CNAME of the same name (RFC 1034 §3.6.2)")
		}
		refused = true
	}
	for i, a := range u.Actions {
		if refused && a.Verb == Delete {
			u.Actions[i] = Action{Key: a.Key, Reason: "it stays until what is to take its place can be made"}
		}
	}
}
