package ingress

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/dnsserver/dnsname"
)

const (
	resolvConf = "/etc/resolv.conf"
	// udpSize is what fits every path without fragments (RFC 9715).
	udpSize = 1232
	// preferFor is how long a server that answered where those before it were
	// silent is asked before them.
	preferFor = time.Minute
)

// upstream asks recursive servers. Its methods may be called from any goroutine.
type upstream struct {
	servers   []string
	own       func(dnsname.Name) bool
	udp, tcp  dns.Client
	limit     time.Duration // of a lookup
	preferred atomic.Pointer[preference]
}

// preference is for one of the servers, while it lasts.
type preference struct {
	server int
	until  time.Time
}

func newUpstream(cfg Config) (*upstream, error) {
	u := &upstream{servers: cfg.Servers, own: cfg.Own}
	if len(u.servers) == 0 {
		conf, err := dns.ClientConfigFromFile(resolvConf)
		if err != nil {
			return nil, fmt.Errorf("no server to resolve load balancer hostnames: %w", err)
		}
		for _, s := range conf.Servers {
			u.servers = append(u.servers, net.JoinHostPort(s, conf.Port))
		}
	}
	if len(u.servers) == 0 {
		return nil, fmt.Errorf("no server to resolve load balancer hostnames: %s names none", resolvConf)
	}
	u.udp = dns.Client{Net: "udp", Timeout: cfg.Timeout, UDPSize: udpSize}
	u.tcp = dns.Client{Net: "tcp", Timeout: cfg.Timeout}
	u.limit = cfg.Timeout * time.Duration(len(u.servers)+1) // each once by UDP, and one by TCP
	return u, nil
}

// lookup asks for A and AAAA at once. An outcome is failed only when no server
// gave an answer; the error, if any, is the last server's. An error beside
// found says what of the answer was left out.
func (u *upstream) lookup(ctx context.Context, name dnsname.Name) (got [2]outcome, err error) {
	ctx, cancel := context.WithTimeout(ctx, u.limit)
	defer cancel()
	var errs [2]error
	var asking sync.WaitGroup
	for i, typ := range []uint16{dns.TypeA, dns.TypeAAAA} {
		asking.Go(func() {
			if got[i], errs[i] = u.ask(ctx, name, typ); isOwn(errs[i]) {
				cancel()
			}
		})
	}
	asking.Wait()
	for _, err := range errs {
		if isOwn(err) {
			return [2]outcome{}, err
		}
	}
	return got, cmp.Or(errs[1], errs[0])
}

func (u *upstream) ask(ctx context.Context, name dnsname.Name, typ uint16) (outcome, error) {
	last := ctx.Err()
	silent := false // a server was
	for _, i := range u.order(time.Now()) {
		server := u.servers[i]
		reply, err := u.exchange(ctx, server, name, typ)
		if err == nil {
			if silent {
				u.preferred.Store(&preference{i, time.Now().Add(preferFor)})
			}
			var o outcome
			if o, err = u.read(reply, name, typ); err == nil || isOwn(err) || o.kind == found {
				return o, err
			}
		}
		silent = silent || errors.Is(err, errTimeout)
		if last = fmt.Errorf("%s: %w", server, err); ctx.Err() != nil {
			break
		}
	}
	return outcome{}, last
}

// order is in which order the servers are asked now.
func (u *upstream) order(now time.Time) []int {
	var out []int
	for i := range u.servers {
		out = append(out, i)
	}
	if p := u.preferred.Load(); p != nil && now.Before(p.until) {
		copy(out[1:], out[:p.server])
		out[0] = p.server
	}
	return out
}

// exchange asks one server by UDP, and by TCP when the answer is cut short.
func (u *upstream) exchange(ctx context.Context, server string, name dnsname.Name, typ uint16) (*dns.Msg, error) {
	q := new(dns.Msg)
	q.SetQuestion(name.String(), typ)
	q.SetEdns0(udpSize, false)
	reply, err := roundTrip(ctx, &u.udp, q, server)
	if err == nil && reply.Truncated {
		if reply, err = roundTrip(ctx, &u.tcp, q, server); err == nil && reply.Truncated {
			err = errors.New("reply cut short")
		}
	}
	if err != nil {
		return nil, shorten(err)
	}
	return reply, nil
}

// roundTrip sends q and waits for its reply, no longer in all than the client's timeout or until ctx is done.
func roundTrip(ctx context.Context, c *dns.Client, q *dns.Msg, server string) (*dns.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	conn, err := c.DialContext(ctx, server)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	reply, _, err := c.ExchangeWithConnContext(ctx, q, conn)
	if err != nil && ctx.Err() != nil {
		err = errTimeout
	}
	return reply, err
}

var errTimeout = errors.New("timeout")

// shorten drops the addresses and ports of this end, which differ each time: a
// finding that says the same is told once.
func shorten(err error) error {
	var op *net.OpError
	switch {
	case errors.As(err, &op) && op.Timeout():
		return errTimeout
	case errors.As(err, &op):
		return op.Err
	}
	return err
}

// read finds the addresses in a reply by following its aliases from name. An
// error beside found names addresses that were left out.
func (u *upstream) read(m *dns.Msg, name dnsname.Name, typ uint16) (outcome, error) {
	if m.Rcode != dns.RcodeSuccess && m.Rcode != dns.RcodeNameError {
		return outcome{}, errors.New(dns.RcodeToString[m.Rcode])
	}
	if len(m.Question) != 1 || m.Question[0].Qtype != typ || !strings.EqualFold(m.Question[0].Name, name.String()) {
		return outcome{}, errors.New("reply to another question")
	}
	o := outcome{ttl: 1<<31*time.Second - time.Second}
	lower := func(seconds uint32) { o.ttl = min(o.ttl, time.Duration(seconds)*time.Second) }
	var unusable []netip.Addr
	add := func(ip net.IP, ttl uint32) {
		switch a, ok := netip.AddrFromSlice(ip); {
		case !ok:
		case cluster.Usable(a):
			o.addrs = append(o.addrs, a)
			lower(ttl)
		default:
			unusable = append(unusable, a)
		}
	}
	at, aliased := name, false
	for range len(m.Answer) + 1 { // no longer than there are aliases
		next := dnsname.Name{}
		for _, rr := range m.Answer {
			owner, err := dnsname.Parse(rr.Header().Name)
			if err != nil || owner != at {
				continue
			}
			switch rr := rr.(type) {
			case *dns.CNAME:
				if next, err = dnsname.Parse(rr.Target); err != nil {
					return outcome{}, fmt.Errorf("alias of %s: %w", at, err)
				}
				lower(rr.Hdr.Ttl)
			case *dns.A:
				if typ == dns.TypeA {
					add(rr.A.To4(), rr.Hdr.Ttl)
				}
			case *dns.AAAA:
				if typ == dns.TypeAAAA {
					add(rr.AAAA, rr.Hdr.Ttl)
				}
			}
		}
		if next.IsZero() {
			break
		}
		if u.own(next) {
			return outcome{}, ownError(next)
		}
		at, aliased = next, true
	}
	if len(o.addrs) > 0 {
		o.kind = found
		slices.SortFunc(o.addrs, netip.Addr.Compare)
		o.addrs = slices.Compact(o.addrs)
		return o, unusableError(unusable)
	}
	if len(unusable) > 0 { // neither addresses nor evidence that there are none
		return outcome{}, unusableError(unusable)
	}
	return o, o.deny(m, aliased, lower)
}

// maxNamed bounds how many addresses a finding names.
const maxNamed = 4

// unusableError says which addresses were left out; nil where none were.
func unusableError(addrs []netip.Addr) error {
	if len(addrs) == 0 {
		return nil
	}
	slices.SortFunc(addrs, netip.Addr.Compare)
	addrs = slices.Compact(addrs)
	more := ""
	if len(addrs) > maxNamed {
		more = fmt.Sprintf(" and %d more", len(addrs)-maxNamed)
	}
	return fmt.Errorf("no address of a host, left out: %v%s", addrs[:min(len(addrs), maxNamed)], more)
}

// deny takes the reply as evidence that there is no such record, which a
// referral, or an alias that leads out of the reply, is not (RFC 2308 §2).
func (o *outcome) deny(m *dns.Msg, aliased bool, lower func(uint32)) error {
	referral := false
	for _, rr := range m.Ns {
		switch rr := rr.(type) {
		case *dns.SOA:
			o.kind = none
			lower(min(rr.Hdr.Ttl, rr.Minttl))
		case *dns.NS:
			referral = true
		}
	}
	switch {
	case o.kind == none:
	case m.Rcode == dns.RcodeNameError:
		o.kind, o.ttl = none, 0
	case referral:
		return errors.New("referral instead of an answer")
	case aliased:
		return errors.New("alias without an answer")
	default:
		o.kind, o.ttl = none, 0 // NODATA of the kind without an SOA
	}
	return nil
}
