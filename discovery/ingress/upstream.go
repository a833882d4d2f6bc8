package ingress

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/dnsname"
)

const (
	resolvConf = "/etc/resolv.conf"
	// udpSize is what fits every path without fragments (RFC 9715).
	udpSize = 1232
)

// upstream asks recursive servers. It never changes.
type upstream struct {
	servers  []string
	own      func(dnsname.Name) bool
	udp, tcp dns.Client
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
	return u, nil
}

// lookup asks for A and AAAA. An outcome is failed only when no server gave an
// answer; the error, if any, is the last server's.
func (u *upstream) lookup(ctx context.Context, name dnsname.Name) (got [2]outcome, err error) {
	for i, typ := range []uint16{dns.TypeA, dns.TypeAAAA} {
		var one error
		if got[i], one = u.ask(ctx, name, typ); one != nil {
			err = one
		}
		if errors.As(one, new(ownError)) {
			return [2]outcome{}, one
		}
	}
	return got, err
}

func (u *upstream) ask(ctx context.Context, name dnsname.Name, typ uint16) (outcome, error) {
	last := ctx.Err()
	for _, server := range u.servers {
		reply, err := u.exchange(ctx, server, name, typ)
		if err == nil {
			var o outcome
			if o, err = u.read(reply, name, typ); err == nil {
				return o, nil
			}
			if errors.As(err, new(ownError)) {
				return outcome{}, err
			}
		}
		if last = fmt.Errorf("%s: %w", server, err); ctx.Err() != nil {
			break
		}
	}
	return outcome{}, last
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

// roundTrip sends q and waits for its reply, no longer than the client's timeout or until ctx is done.
func roundTrip(ctx context.Context, c *dns.Client, q *dns.Msg, server string) (*dns.Msg, error) {
	conn, err := c.DialContext(ctx, server)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	reply, _, err := c.ExchangeWithConnContext(ctx, q, conn)
	return reply, err
}

// shorten drops the addresses and ports of this end, which differ each time: a
// finding that says the same is told once.
func shorten(err error) error {
	var op *net.OpError
	switch {
	case errors.As(err, &op) && op.Timeout():
		return errors.New("timeout")
	case errors.As(err, &op):
		return op.Err
	}
	return err
}

// read finds the addresses in a reply by following its aliases from name.
func (u *upstream) read(m *dns.Msg, name dnsname.Name, typ uint16) (outcome, error) {
	if m.Rcode != dns.RcodeSuccess && m.Rcode != dns.RcodeNameError {
		return outcome{}, errors.New(dns.RcodeToString[m.Rcode])
	}
	if len(m.Question) != 1 || m.Question[0].Qtype != typ || !strings.EqualFold(m.Question[0].Name, name.String()) {
		return outcome{}, errors.New("reply to another question")
	}
	o := outcome{ttl: 1<<31*time.Second - time.Second}
	lower := func(seconds uint32) { o.ttl = min(o.ttl, time.Duration(seconds)*time.Second) }
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
				o.add(rr.A, typ == dns.TypeA, rr.Hdr.Ttl, lower)
			case *dns.AAAA:
				o.add(rr.AAAA, typ == dns.TypeAAAA, rr.Hdr.Ttl, lower)
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
		return o, nil
	}
	return o, o.deny(m, aliased, lower)
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

func (o *outcome) add(ip net.IP, asked bool, ttl uint32, lower func(uint32)) {
	if a, ok := netip.AddrFromSlice(ip); ok && asked {
		o.addrs = append(o.addrs, a.Unmap())
		lower(ttl)
	}
}
