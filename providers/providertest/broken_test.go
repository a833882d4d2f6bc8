package providertest

import (
	"context"
	"errors"
	"slices"
	"strings"

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
	collect func(context.Context) error
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

func (b *broken) Collect(ctx context.Context) error {
	if b.collect != nil {
		return b.collect(ctx)
	}
	return ctx.Err()
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

// showsText is shows for the strings of TXT records: those that change come joined.
func showsText(change func(string) string) func(*broken, *inmemory.Server, *Config) {
	return showsSets(func(s *hosted.Set) {
		r := s.Records
		if r.Type != zone.TypeTXT {
			return
		}
		var all []string
		for d := range r.RDATA() {
			if was := joined(d); change(was) != was {
				d = zone.TXT(change(was))
			}
			all = append(all, d)
		}
		s.Records = zone.NewRRset(r.Owner, r.Type, r.TTL, all...)
	})
}

// joined are the strings of a TXT record without their borders.
func joined(rdata string) string {
	var text strings.Builder
	for rdata != "" {
		end := 1 + int(rdata[0])
		text.WriteString(rdata[1:end])
		rdata = rdata[end:]
	}
	return text.String()
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

// without is e, or nothing.
func without(e hosted.Entry, left bool) hosted.Entry {
	if left {
		return hosted.Entry{Key: e.Key}
	}
	return e
}
