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
	{"strings are joined", "text", showsSets(func(s *hosted.Set) {
		if r := s.Records; r.Type == zone.TypeTXT && r.Len() == 1 {
			s.Records = zone.NewRRset(r.Owner, r.Type, r.TTL, zone.TXT(joined(r.First())))
		}
	})},
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
	{"comments are short", "a comment", func(b *broken, _ *inmemory.Server, _ *Config) {
		b.apply = func(ctx context.Context, batch hosted.Batch) (hosted.Receipt, error) {
			if len(batch.Comment) > 100 {
				return "", &hosted.RefusedError{Reason: "the comment is too long"}
			}
			return b.Zone.Apply(ctx, batch)
		}
	}},
	{"what is returned is the provider's still", "reading", func(b *broken, _ *inmemory.Server, _ *Config) {
		var kept []hosted.Entry
		b.records = func(ctx context.Context) ([]hosted.Entry, error) {
			all, err := b.Zone.Records(ctx)
			if len(all) != len(kept) {
				kept = all
			}
			return kept, err
		}
	}},
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
			changes := slices.Clone(batch.Changes)
			slices.SortStableFunc(changes, func(x, y hosted.Change) int { return len(y.New.Sets) - len(x.New.Sets) })
			return "", inParts(ctx, b, changes)
		}
	}},
	{"the batch is sorted in place", "one type becomes another", func(b *broken, _ *inmemory.Server, _ *Config) {
		b.apply = func(ctx context.Context, batch hosted.Batch) (hosted.Receipt, error) {
			slices.SortStableFunc(batch.Changes, func(x, y hosted.Change) int { return len(x.New.Sets) - len(y.New.Sets) })
			return b.Zone.Apply(ctx, batch)
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
	{"a changed health check is not noticed", "health checks", func(b *broken, _ *inmemory.Server, _ *Config) {
		b.apply = func(ctx context.Context, batch hosted.Batch) (hosted.Receipt, error) {
			batch.Changes = slices.DeleteFunc(slices.Clone(batch.Changes), func(c hosted.Change) bool {
				return slices.EqualFunc(c.Old.Sets, c.New.Sets, func(x, y hosted.Set) bool { return x.Records == y.Records && x.Routing == y.Routing })
			})
			return b.Zone.Apply(ctx, batch)
		}
	}},
	{"health checks are collected that are in use", "health checks", func(b *broken, server *inmemory.Server, _ *Config) {
		b.collect = func(ctx context.Context) error {
			all, err := b.Zone.Records(ctx)
			for _, e := range all {
				e.Sets = slices.Clone(e.Sets)
				for i := range e.Sets {
					e.Sets[i].Health = hosted.Health{}
				}
				server.Edit(e)
			}
			return err
		}
	}},
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
