package providertest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/inmemory"
)

// broken is a provider with something wrong in it. What is not set is right.
type broken struct {
	*inmemory.Zone
	records func(context.Context) ([]hosted.Entry, error)
	read    func(context.Context, ...hosted.Key) ([]hosted.Entry, error)
	apply   func(context.Context, hosted.Batch) (hosted.Receipt, error)
	confirm func(context.Context, hosted.Receipt) (bool, error)
}

func (b *broken) Records(ctx context.Context) ([]hosted.Entry, error) {
	if b.records != nil {
		return b.records(ctx)
	}
	return b.Zone.Records(ctx)
}

func (b *broken) Read(ctx context.Context, keys ...hosted.Key) ([]hosted.Entry, error) {
	if b.read != nil {
		return b.read(ctx, keys...)
	}
	return b.Zone.Read(ctx, keys...)
}

func (b *broken) Apply(ctx context.Context, batch hosted.Batch) (hosted.Receipt, error) {
	if b.apply != nil {
		return b.apply(ctx, batch)
	}
	return b.Zone.Apply(ctx, batch)
}

func (b *broken) Confirm(ctx context.Context, r hosted.Receipt) (bool, error) {
	if b.confirm != nil {
		return b.confirm(ctx, r)
	}
	return b.Zone.Confirm(ctx, r)
}

// breakage is a way to be broken, and a lesson that must find it.
type breakage struct {
	name   string
	lesson string
	how    func(*broken, *inmemory.Server, *Config)
}

// shows breaks what Records and Read return, Entry by Entry; an empty one is left out.
func shows(change func(hosted.Entry) hosted.Entry) func(*broken, *inmemory.Server, *Config) {
	return func(b *broken, _ *inmemory.Server, _ *Config) {
		all := func(entries []hosted.Entry, err error) ([]hosted.Entry, error) {
			var shown []hosted.Entry
			for _, e := range entries {
				if e = change(e); !e.IsEmpty() {
					shown = append(shown, e)
				}
			}
			return shown, err
		}
		b.records = func(ctx context.Context) ([]hosted.Entry, error) { return all(b.Zone.Records(ctx)) }
		b.read = func(ctx context.Context, keys ...hosted.Key) ([]hosted.Entry, error) {
			return all(b.Zone.Read(ctx, keys...))
		}
	}
}

// showsSets is shows, record set by record set.
func showsSets(change func(*hosted.Set)) func(*broken, *inmemory.Server, *Config) {
	return shows(func(e hosted.Entry) hosted.Entry {
		e.Sets = slices.Clone(e.Sets)
		for i := range e.Sets {
			change(&e.Sets[i])
		}
		return e
	})
}

// showsText is shows for the strings of TXT records, joined.
func showsText(change func(string) string) func(*broken, *inmemory.Server, *Config) {
	return showsSets(func(s *hosted.Set) {
		r := s.Records
		if r.Type != zone.TypeTXT {
			return
		}
		var all []string
		for d := range r.RDATA() {
			var text strings.Builder
			for d != "" {
				end := 1 + int(d[0])
				text.WriteString(d[1:end])
				d = d[end:]
			}
			all = append(all, zone.TXT(change(text.String())))
		}
		s.Records = zone.NewRRset(r.Owner, r.Type, r.TTL, all...)
	})
}

// applies breaks a Batch before it is made.
func applies(change func(*broken, *hosted.Batch)) func(*broken, *inmemory.Server, *Config) {
	return func(b *broken, _ *inmemory.Server, _ *Config) {
		b.apply = func(ctx context.Context, batch hosted.Batch) (hosted.Receipt, error) {
			batch.Changes = slices.Clone(batch.Changes)
			change(b, &batch)
			return b.Zone.Apply(ctx, batch)
		}
	}
}

// fails breaks the error of a Batch.
func fails(change func(context.Context, error) error) func(*broken, *inmemory.Server, *Config) {
	return func(b *broken, _ *inmemory.Server, _ *Config) {
		b.apply = func(ctx context.Context, batch hosted.Batch) (hosted.Receipt, error) {
			r, err := b.Zone.Apply(ctx, batch)
			if err != nil {
				err = change(ctx, err)
			}
			return r, err
		}
	}
}

// limits breaks what the provider says of itself.
func limits(change func(*hosted.Limits)) func(*broken, *inmemory.Server, *Config) {
	return func(_ *broken, _ *inmemory.Server, cfg *Config) { change(&cfg.Limits) }
}

// current takes the Old of a Change from what is there, as an upsert does.
func current(b *broken, c *hosted.Change) {
	there, _ := b.Zone.Read(context.Background(), c.Key())
	c.Old = hosted.Entry{}
	if len(there) > 0 {
		c.Old = there[0]
	}
}

// inParts makes changes by one call each.
func inParts(ctx context.Context, b *broken, changes []hosted.Change) error {
	var all error
	for _, c := range changes {
		_, err := b.Zone.Apply(ctx, hosted.Batch{Changes: []hosted.Change{c}})
		all = errors.Join(all, err)
	}
	return all
}

// pages lists by pages of n that begin behind the last name of the one before, in
// an order of its own.
func pages(n int, less func(a, b hosted.Entry) bool) func(*broken, *inmemory.Server, *Config) {
	return func(b *broken, _ *inmemory.Server, _ *Config) {
		b.records = func(ctx context.Context) ([]hosted.Entry, error) {
			entries, err := b.Zone.Records(ctx)
			var all []hosted.Entry
			for rest := entries; len(rest) > 0; {
				page := rest[:min(n, len(rest))]
				all = append(all, page...)
				last := page[len(page)-1]
				var next []hosted.Entry
				for _, e := range rest[len(page):] {
					if less(last, e) {
						next = append(next, e)
					}
				}
				rest = next
			}
			return all, err
		}
	}
}

// breakages are all that the suite is known to find.
var breakages = []breakage{
	// What is held.
	{"TTLs are lost", "time to live", showsSets(func(s *hosted.Set) { s.Records.TTL = 300 })},
	{"TTLs below a minute are raised", "time to live", showsSets(func(s *hosted.Set) { s.Records.TTL = max(s.Records.TTL, 60) })},
	{"only the first ten records of a set", "many records in one set", showsSets(func(s *hosted.Set) {
		if all := slices.Collect(s.Records.RDATA()); len(all) > 10 {
			s.Records = zone.NewRRset(s.Records.Owner, s.Records.Type, s.Records.TTL, all[:10]...)
		}
	})},
	{"IPv6 is unknown", "an address", shows(func(e hosted.Entry) hosted.Entry { return without(e, e.Key.Type == zone.TypeAAAA) })},
	{"types that fedns does not write are unknown", "foreign records", shows(func(e hosted.Entry) hosted.Entry { return without(e, e.Key.Type == typeSSHFP) })},
	{"texts are cut at 255 octets", "text", showsText(func(t string) string { return t[:min(len(t), 255)] })},
	{"texts lose their borders", "text", showsText(func(t string) string { return t })},
	{"texts lose quotes", "text", showsText(func(t string) string { return strings.Trim(t, `"`) })},
	{"texts lose backslashes", "text", showsText(func(t string) string { return strings.ReplaceAll(t, `\`, "") })},
	{"texts lose spaces", "text", showsText(strings.TrimSpace)},
	{"texts end at a semicolon", "text", showsText(func(t string) string { return strings.SplitN(t, ";", 2)[0] })},
	{"texts are made UTF-8", "text", showsText(func(t string) string { return strings.ToValidUTF8(t, "?") })},
	{"texts are made lower case", "many records in one set", showsText(strings.ToLower)},
	{"targets keep their upper case", "every type", showsSets(func(s *hosted.Set) {
		if s.Records.Type == zone.TypeCNAME {
			s.Records = zone.NewRRset(s.Records.Owner, s.Records.Type, s.Records.TTL, strings.ToUpper(s.Records.First()))
		}
	})},
	{"wildcards are lost", "names", shows(func(e hosted.Entry) hosted.Entry { return without(e, e.Key.Owner.IsWildcard()) })},
	{"odd octets are lost", "names", shows(func(e hosted.Entry) hosted.Entry {
		return without(e, strings.ContainsAny(e.Key.Owner.Wire(), ` ."\`) || strings.Contains(e.Key.Owner.Wire(), "\xff"))
	})},
	{"apex has no addresses", "the apex", shows(func(e hosted.Entry) hosted.Entry {
		return without(e, e.Key.Type == zone.TypeA && e.Key.Owner == dnsname.MustParse("example.com."))
	})},
	{"SOA and NS are not listed once there is something else", "an address", func(b *broken, _ *inmemory.Server, _ *Config) {
		b.records = func(ctx context.Context) ([]hosted.Entry, error) {
			all, err := b.Zone.Records(ctx)
			if len(all) > 2 {
				all = slices.DeleteFunc(all, func(e hosted.Entry) bool { return e.Key.Type == zone.TypeNS && e.Key.Owner.Labels() == 2 })
			}
			return all, err
		}
	}},
	{"records are stale", "an address", showsSets(func(s *hosted.Set) { s.Records.Stale = s.Records.Type == zone.TypeA })},
	// Finding it.
	{"one page is listed", "a long listing", func(b *broken, _ *inmemory.Server, _ *Config) {
		b.records = func(ctx context.Context) ([]hosted.Entry, error) {
			all, err := b.Zone.Records(ctx)
			return all[:min(len(all), 1000)], err
		}
	}},
	{"pages begin behind the last name", "a long listing", pages(300, func(a, b hosted.Entry) bool { return a.Key.Owner != b.Key.Owner })},
	{"names are sorted as text", "a long listing", pages(100, func(a, b hosted.Entry) bool {
		return strings.Compare(a.Key.Owner.String(), b.Key.Owner.String()) <= 0
	})},
	{"pages overlap", "a long listing", func(b *broken, _ *inmemory.Server, _ *Config) {
		b.records = func(ctx context.Context) ([]hosted.Entry, error) {
			all, err := b.Zone.Records(ctx)
			if len(all) > 100 {
				all = append(all, all[99])
			}
			return all, err
		}
	}},
	{"pages part the sets of an entry", "a long listing of sets", func(b *broken, _ *inmemory.Server, _ *Config) {
		b.records = func(ctx context.Context) ([]hosted.Entry, error) {
			all, err := b.Zone.Records(ctx)
			n := 0
			for i, e := range all {
				if n += len(e.Sets); n%300 < len(e.Sets) && len(e.Sets) > 1 {
					all[i].Sets = e.Sets[:1]
				}
			}
			return all, err
		}
	}},
	{"neighbours are read as well", "reading", func(b *broken, _ *inmemory.Server, _ *Config) {
		b.read = func(ctx context.Context, keys ...hosted.Key) ([]hosted.Entry, error) {
			for _, k := range slices.Clone(keys) {
				for _, typ := range []uint16{zone.TypeA, zone.TypeAAAA, zone.TypeTXT} {
					if near := (hosted.Key{Owner: k.Owner, Type: typ}); !slices.Contains(keys, near) {
						keys = append(keys, near)
					}
				}
			}
			return b.Zone.Read(ctx, keys...)
		}
	}},
	{"one key is read", "reading", func(b *broken, _ *inmemory.Server, _ *Config) {
		b.read = func(ctx context.Context, keys ...hosted.Key) ([]hosted.Entry, error) {
			return b.Zone.Read(ctx, keys[:min(1, len(keys))]...)
		}
	}},
	{"wildcards are followed", "reading", func(b *broken, _ *inmemory.Server, _ *Config) {
		b.read = func(ctx context.Context, keys ...hosted.Key) ([]hosted.Entry, error) {
			found, err := b.Zone.Read(ctx, keys...)
			for _, k := range keys {
				star, _ := k.Owner.Parent().Child("*")
				like, _ := b.Zone.Read(ctx, hosted.Key{Owner: star, Type: k.Type})
				there := slices.ContainsFunc(found, func(e hosted.Entry) bool { return e.Key == k })
				if r := zone.NewRRset(k.Owner, k.Type, 300, "\x01\x02\x03\x04"); len(like) > 0 && !there {
					found = append(found, hosted.Simple(r))
				}
			}
			return found, err
		}
	}},
	{"reading no keys fails", "reading", func(b *broken, _ *inmemory.Server, _ *Config) {
		b.read = func(ctx context.Context, keys ...hosted.Key) ([]hosted.Entry, error) {
			if len(keys) == 0 {
				return nil, errors.New("empty request")
			}
			return b.Zone.Read(ctx, keys...)
		}
	}},
	{"batches are never everywhere", "confirmation", func(b *broken, _ *inmemory.Server, cfg *Config) {
		b.confirm = func(context.Context, hosted.Receipt) (bool, error) { return false, nil }
		cfg.Timeout = 50 * time.Millisecond
	}},
	{"receipts are good for one question", "confirmation", func(b *broken, _ *inmemory.Server, _ *Config) {
		var asked atomic.Int32
		b.confirm = func(context.Context, hosted.Receipt) (bool, error) {
			if asked.Add(1) > 1 {
				return false, errors.New("no such change")
			}
			return true, nil
		}
	}},
	{"batches may be smaller than it says", "the largest batches", limits(func(l *hosted.Limits) {
		l.Batch = slices.Clone(l.Batch)
		l.Batch[0].Max++
	})},
	// Compare and swap.
	{"Old does not count", "the fence", applies(func(b *broken, batch *hosted.Batch) {
		for i := range batch.Changes {
			current(b, &batch.Changes[i])
		}
	})},
	{"creating overwrites", "created twice", applies(func(b *broken, batch *hosted.Batch) {
		for i, c := range batch.Changes {
			if c.Old.IsEmpty() {
				current(b, &batch.Changes[i])
			}
		}
	})},
	{"deleting what is not there is well", "not there", applies(func(b *broken, batch *hosted.Batch) {
		batch.Changes = slices.DeleteFunc(batch.Changes, func(c hosted.Change) bool {
			old := c.Old
			current(b, &c)
			return c.New.IsEmpty() && c.Old.IsEmpty() && !old.IsEmpty()
		})
	})},
	{"deleting needs the name and type alone", "edited by hand", applies(func(b *broken, batch *hosted.Batch) {
		for i, c := range batch.Changes {
			if c.New.IsEmpty() {
				current(b, &batch.Changes[i])
			}
		}
	})},
	{"TTLs of Old do not count", "wrong old TTL", applies(func(b *broken, batch *hosted.Batch) {
		for i, c := range batch.Changes {
			is := c
			current(b, &is)
			if !c.Old.IsEmpty() && !is.Old.IsEmpty() {
				c.Old.Sets = slices.Clone(c.Old.Sets)
				c.Old.Sets[0].Records.TTL = is.Old.Sets[0].TTL()
			}
			batch.Changes[i] = c
		}
	})},
	{"sets beyond Old do not count", "wrong old sets", applies(func(b *broken, batch *hosted.Batch) {
		for i, c := range batch.Changes {
			is := c
			if current(b, &is); len(is.Old.Sets) > len(c.Old.Sets) && len(c.Old.Sets) > 1 {
				batch.Changes[i] = is
			}
		}
	})},
	{"a record of Old is enough", "wrong old records", applies(func(b *broken, batch *hosted.Batch) {
		for i, c := range batch.Changes {
			is := c
			if current(b, &is); !c.Old.IsEmpty() && !is.Old.IsEmpty() && is.Old.Sets[0].Records.First() == c.Old.Sets[0].Records.First() {
				batch.Changes[i] = is
			}
		}
	})},
	{"what is right of a batch in conflict is made", "the fence", func(b *broken, _ *inmemory.Server, _ *Config) {
		b.apply = func(ctx context.Context, batch hosted.Batch) (hosted.Receipt, error) {
			r, err := b.Zone.Apply(ctx, batch)
			if errors.Is(err, hosted.ErrConflict) {
				err = inParts(ctx, b, batch.Changes)
			}
			return r, err
		}
	}},
	{"what is right of a refused batch is made", "time to live", func(b *broken, _ *inmemory.Server, _ *Config) {
		b.apply = func(ctx context.Context, batch hosted.Batch) (hosted.Receipt, error) {
			r, err := b.Zone.Apply(ctx, batch)
			if refused := (*hosted.RefusedError)(nil); errors.As(err, &refused) {
				err = inParts(ctx, b, batch.Changes)
			}
			return r, err
		}
	}},
	{"a batch is two calls", "wrong old records", func(b *broken, _ *inmemory.Server, _ *Config) {
		b.apply = func(ctx context.Context, batch hosted.Batch) (hosted.Receipt, error) {
			for half := range slices.Chunk(batch.Changes, (len(batch.Changes)+1)/2) {
				if _, err := b.Zone.Apply(ctx, hosted.Batch{Changes: half}); err != nil {
					return "", err
				}
			}
			return "", nil
		}
	}},
	{"creates go before deletes, by a call each", "one type becomes another", func(b *broken, _ *inmemory.Server, _ *Config) {
		b.apply = func(ctx context.Context, batch hosted.Batch) (hosted.Receipt, error) {
			slices.SortStableFunc(batch.Changes, func(x, y hosted.Change) int { return len(y.New.Sets) - len(x.New.Sets) })
			return "", inParts(ctx, b, batch.Changes)
		}
	}},
	{"deleting takes the name's other types too", "an address", applies(func(b *broken, batch *hosted.Batch) {
		for _, c := range slices.Clone(batch.Changes) {
			other := hosted.Change{Old: hosted.Entry{Key: hosted.Key{Owner: c.Key().Owner, Type: zone.TypeAAAA}, Sets: make([]hosted.Set, 1)}}
			if c.New.IsEmpty() && c.Key().Type == zone.TypeA && !slices.ContainsFunc(batch.Changes, func(d hosted.Change) bool { return d.Key() == other.Key() }) {
				if current(b, &other); !other.Old.IsEmpty() {
					batch.Changes = append(batch.Changes, other)
				}
			}
		}
	})},
	{"replacing takes the old away first", "listed while changed", func(b *broken, _ *inmemory.Server, _ *Config) {
		b.apply = func(ctx context.Context, batch hosted.Batch) (hosted.Receipt, error) {
			if c := batch.Changes[0]; len(batch.Changes) == 1 && !c.Old.IsEmpty() && !c.New.IsEmpty() {
				if _, err := b.Zone.Apply(ctx, hosted.Batch{Changes: []hosted.Change{{Old: c.Old}}}); err != nil {
					return "", err
				}
				time.Sleep(time.Millisecond) // as long as a call takes
				return b.Zone.Apply(ctx, hosted.Batch{Changes: []hosted.Change{{New: c.New}}})
			}
			return b.Zone.Apply(ctx, batch)
		}
	}},
	// Errors.
	{"conflicts have no type", "wrong old records", fails(func(_ context.Context, err error) error { return errors.New(err.Error()) })},
	{"conflicts are refusals", "the fence", fails(func(_ context.Context, err error) error {
		if errors.Is(err, hosted.ErrConflict) {
			return &hosted.RefusedError{Reason: err.Error()}
		}
		return err
	})},
	{"refusals have no type", "refused", fails(func(_ context.Context, err error) error {
		if errors.Is(err, hosted.ErrConflict) {
			return err
		}
		return errors.New(err.Error())
	})},
	{"refusals blame the wrong record set", "refused", fails(func(_ context.Context, err error) error {
		if refused := (*hosted.RefusedError)(nil); errors.As(err, &refused) {
			return &hosted.RefusedError{Key: &hosted.Key{Owner: dnsname.Root, Type: zone.TypeA}, Reason: refused.Reason}
		}
		return err
	})},
	{"refusals give no reason", "refused", fails(func(_ context.Context, err error) error {
		if refused := (*hosted.RefusedError)(nil); errors.As(err, &refused) {
			return &hosted.RefusedError{Key: refused.Key}
		}
		return err
	})},
	{"a timeout is a conflict", "time is over", fails(func(ctx context.Context, err error) error {
		if ctx.Err() != nil {
			return hosted.ErrConflict
		}
		return err
	})},
	{"contexts do not count", "time is over", func(b *broken, _ *inmemory.Server, _ *Config) {
		b.records = func(context.Context) ([]hosted.Entry, error) { return b.Zone.Records(context.Background()) }
	}},
	{"an interrupted batch is made by half", "interrupted", func(b *broken, _ *inmemory.Server, _ *Config) {
		b.apply = func(ctx context.Context, batch hosted.Batch) (hosted.Receipt, error) {
			if at, _ := ctx.Deadline(); time.Until(at) < time.Second {
				_, _ = b.Zone.Apply(context.WithoutCancel(ctx), hosted.Batch{Changes: batch.Changes[:1]})
				<-ctx.Done()
				return "", ctx.Err()
			}
			return b.Zone.Apply(ctx, batch)
		}
	}},
	// What it says of itself.
	{"Check refuses what is held", "names", limits(func(l *hosted.Limits) {
		l.Rules = append(slices.Clip(l.Rules), hosted.Rule{Name: "no wildcards", Refuse: func(e hosted.Entry) string {
			if e.Key.Owner.IsWildcard() {
				return "no wildcards"
			}
			return ""
		}})
	})},
	{"Check lets pass what is refused", "time to live", limits(func(l *hosted.Limits) { l.Rules = nil })},
	{"Check lets pass a type too many", "every type", func(_ *broken, _ *inmemory.Server, cfg *Config) { cfg.Types = []uint16{zone.TypeA} }},
	{"it has a policy that it does not tell of", "no such policy", limits(func(l *hosted.Limits) { l.Policies = l.Policies[1:] })},
	// Routing policies.
	{"all but the first set are forgotten", "weighted", shows(func(e hosted.Entry) hosted.Entry { return hosted.Entry{Key: e.Key, Sets: e.Sets[:1]} })},
	{"weights are lost", "weighted", showsSets(func(s *hosted.Set) { s.Routing.Weight = 0 })},
	{"a weight of nought is one", "weighted", showsSets(func(s *hosted.Set) {
		if s.Routing.Policy == hosted.PolicyWeighted {
			s.Routing.Weight = max(s.Routing.Weight, 1)
		}
	})},
	{"regions are lost", "latency", showsSets(func(s *hosted.Set) { s.Routing.Region = "" })},
	{"subdivisions are lost", "geolocation", showsSets(func(s *hosted.Set) { s.Routing.Subdivision = "" })},
	{"both are primary", "failover", showsSets(func(s *hosted.Set) { s.Routing.Secondary = false })},
	{"health checks are lost", "failover", showsSets(func(s *hosted.Set) { s.Health = hosted.Health{} })},
	{"multivalue is weighted", "multivalue", showsSets(func(s *hosted.Set) {
		if s.Routing.Policy == hosted.PolicyMultivalue {
			s.Routing.Policy = hosted.PolicyWeighted
		}
	})},
	{"sets are listed as they come", "weighted", shows(func(e hosted.Entry) hosted.Entry {
		e.Sets = slices.Clone(e.Sets)
		slices.Reverse(e.Sets)
		return e
	})},
	{"an alias does not tell whether it evaluates", "alias", showsSets(func(s *hosted.Set) { s.Alias.Evaluate = false })},
	{"policies cannot follow one another", "from policy to policy", func(b *broken, _ *inmemory.Server, _ *Config) {
		b.apply = func(ctx context.Context, batch hosted.Batch) (hosted.Receipt, error) {
			for _, c := range batch.Changes {
				if k := c.Key(); !c.Old.IsEmpty() && !c.New.IsEmpty() && c.Old.Policy() != c.New.Policy() {
					return "", &hosted.RefusedError{Key: &k, Reason: "a record set with another routing policy exists"}
				}
			}
			return b.Zone.Apply(ctx, batch)
		}
	}},
}

func without(e hosted.Entry, left bool) hosted.Entry {
	if left {
		return hosted.Entry{Key: e.Key}
	}
	return e
}
