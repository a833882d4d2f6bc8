package daemon

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/fedns/fedns/cmd/fedns/config"
	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/forward"
	"github.com/fedns/fedns/dnsserver/policy"
	"github.com/fedns/fedns/dnsserver/transfer"
	"github.com/fedns/fedns/dnsserver/tsig"
)

// serving is what of a configuration's Serving is in force. Apply alone uses it.
type serving struct {
	keys *tsig.Keyring
	// secretFaults counts what of TSIG keys and cookie secrets could not be read.
	secretFaults int
	cookies      *policy.Cookies
	random       *policy.Cookies // where there is no file of secrets
	limit        config.RateLimit
	limiter      *policy.Limiter
	forward      config.Forward
	forwarder    *part[*forward.Resolver]

	dnssec    config.DNSSEC
	signing   map[dnsname.Name]*signing
	keyFaults map[dnsname.Name]string // what was wrong with a zone's keys last time
	stopKeys  context.CancelFunc

	secondaries []config.Secondary
	stopNotify  context.CancelFunc
	keyring     atomic.Pointer[tsig.Keyring] // keys, for the Notifier

	taps taps
}

// part is something that runs until it is stopped.
type part[T any] struct {
	is   T
	stop context.CancelFunc
}

// parts runs what an Apply starts and a later one, or the end, stops.
type parts struct {
	ctx     context.Context
	cancel  context.CancelFunc
	running sync.WaitGroup
}

func newParts() *parts {
	p := &parts{}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	return p
}

// end stops all of them, and waits.
func (p *parts) end() {
	p.cancel()
	p.running.Wait()
}

// run runs f until stop is called, or the end.
func (p *parts) run(f func(context.Context)) (stop context.CancelFunc) {
	ctx, cancel := context.WithCancel(p.ctx)
	p.running.Go(func() { f(ctx) })
	return cancel
}

// applyServing takes up how queries are answered. What cannot be read is told,
// and stays as it was.
func (d *Daemon) applyServing(cfg *config.Config) {
	s, c := &d.serving, &cfg.Serving
	s.secretFaults = 0
	if keys, err := tsig.Load(c.Keys...); err != nil {
		s.secretFaults++
		for _, e := range Lines(err) {
			d.log.Error("TSIG keys were refused, those before stay in force", "error", e)
		}
	} else {
		s.keys = keys
		s.keyring.Store(keys)
	}
	d.applyCookies(c.Cookies)
	if !reflect.DeepEqual(s.limit, c.RateLimit) { // else what was counted stays
		s.limit, s.limiter = c.RateLimit, policy.NewLimiter(rateLimit(c.RateLimit))
	}
	d.applyForward(c.Forward)
	d.applySigning(cfg)
	p := policy.Config{
		Recurse: policy.NewPrefixes(c.Access.Recurse...),
		Cookies: s.cookies, Limiter: s.limiter, Keys: s.keys, ServerID: c.ID, Version: c.Version,
	}
	if c.Access.Query != nil {
		set := policy.NewPrefixes(c.Access.Query...)
		p.Query = &set
	}
	for _, g := range c.Access.Transfer {
		grant := policy.Grant{Key: g.Key}
		if g.From != nil {
			set := policy.NewPrefixes(g.From...)
			grant.From = &set
		}
		p.Transfer = append(p.Transfer, grant)
	}
	d.dns.SetPolicy(policy.New(p))
	d.applyNotify(c.Secondaries)
	d.applyTaps(c)
}

// applyNotify has secondaries told of changes.
func (d *Daemon) applyNotify(all []config.Secondary) {
	s := &d.serving
	if slices.Equal(s.secondaries, all) {
		return
	}
	if s.stopNotify != nil {
		d.dns.SetNotify(nil)
		s.stopNotify()
		s.stopNotify = nil
	}
	s.secondaries = all
	if len(all) == 0 {
		return
	}
	var to []transfer.Secondary
	for _, c := range all {
		t := transfer.Secondary{Addr: c.Address}
		if c.Key != "" {
			t.Key = dnsname.MustParse(c.Key)
		}
		to = append(to, t)
	}
	n := transfer.NewNotifier(transfer.NotifierConfig{
		Secondaries: func(dnsname.Name) []transfer.Secondary { return to },
		Keys:        s.keyring.Load,
		Failed: func(apex dnsname.Name, to transfer.Secondary, err error) {
			d.log.Warn("secondary does not acknowledge NOTIFY", "zone", apex.String(), "secondary", to.Addr.String(), "error", err)
		},
	})
	s.stopNotify = d.parts.run(func(ctx context.Context) {
		select {
		case <-d.listening:
			_ = n.Run(ctx) // it ends with ctx only
		case <-ctx.Done():
		}
	})
	d.dns.SetNotify(n.Changed)
}

func (d *Daemon) applyCookies(c config.Cookies) {
	s := &d.serving
	switch {
	case !c.Enabled:
		s.cookies = nil
	case c.Secrets == "":
		if s.random == nil {
			s.random = policy.RandomCookies()
		}
		s.cookies = s.random
	default:
		cookies, err := policy.ReadCookies(c.Secrets)
		if err != nil {
			s.secretFaults++
			d.log.Error("cookie secrets were refused, those before stay in force", "error", err)
			return
		}
		s.cookies = cookies
	}
}

func rateLimit(c config.RateLimit) policy.RateLimit {
	l := policy.RateLimit{
		Responses: c.Responses, Negatives: c.Negatives, Errors: c.Errors, Slip: c.Slip, Exempt: policy.NewPrefixes(c.Exempt...),
	}
	if c.Slip == 0 {
		l.Slip = -1
	}
	return l
}

// applyForward begins to resolve names outside of the zones, or ends it.
func (d *Daemon) applyForward(c config.Forward) {
	s := &d.serving
	if reflect.DeepEqual(s.forward, c) {
		return
	}
	var now *part[*forward.Resolver]
	if len(c.To) > 0 {
		r, err := forward.New(d.forwardConfig(c))
		if err != nil {
			d.log.Error("forward was refused, what was before stays in force", "error", fmt.Errorf("forward: %w", err))
			return
		}
		now = &part[*forward.Resolver]{r, d.parts.run(r.Run)}
		d.dns.SetForwarder(r, c.Everything)
	} else {
		d.dns.SetForwarder(nil, false)
	}
	if s.forwarder != nil {
		s.forwarder.stop()
	}
	s.forward, s.forwarder = c, now
}

// flush forgets what was resolved outside of the zones: it may be inside of them now.
func (d *Daemon) flush() {
	if f := d.serving.forwarder; f != nil {
		f.is.Flush()
	}
}

func (d *Daemon) forwardConfig(c config.Forward) forward.Config {
	fc := forward.Config{CacheSize: c.CacheSize, Stale: c.Stale, Own: d.dns.Holds, Log: d.log}
	if c.Stale == 0 {
		fc.Stale = -1
	}
	for _, u := range c.To {
		fc.Upstreams = append(fc.Upstreams, forward.Upstream{Addr: u.Address, TLS: u.TLSName != "", ServerName: u.TLSName})
	}
	return fc
}
