package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/integration/simulator"
)

// patience is how long a change may take until it counts as lost, and answerIn
// how long one query may.
const (
	patience = 5 * time.Second
	answerIn = time.Second
)

// prober asks one name server over one socket, one query at a time.
type prober struct {
	conn   net.Conn
	buffer []byte
	id     uint16
}

func newProber(ctx context.Context, server string) (*prober, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "udp", server)
	if err != nil {
		return nil, err
	}
	return &prober{conn: conn, buffer: make([]byte, 64<<10)}, nil
}

func (p *prober) close() { p.conn.Close() }

var errSilent = errors.New("no answer")

// ask sends a packed query under a new ID and returns the response's octets,
// which are good until the next call.
func (p *prober) ask(query []byte) ([]byte, error) {
	p.id++
	query[0], query[1] = byte(p.id>>8), byte(p.id)
	if _, err := p.conn.Write(query); err != nil {
		return nil, err
	}
	if err := p.conn.SetReadDeadline(time.Now().Add(answerIn)); err != nil {
		return nil, err
	}
	for {
		n, err := p.conn.Read(p.buffer)
		if err != nil {
			return nil, errors.Join(errSilent, err)
		}
		if n >= 12 && bytes.Equal(p.buffer[:2], query[:2]) {
			return p.buffer[:n], nil
		}
	}
}

// clusterSet is where the daemon has Services' names.
const clusterSet = "clusterset.local"

// question packs a query for a Service's A records in the ClusterSet zone.
func question(namespace, name string) []byte { return questionIn(clusterSet, namespace, name) }

// questionIn is question, of a name in another domain.
func questionIn(domain, namespace, name string) []byte {
	m := new(dns.Msg)
	m.SetQuestion(name+"."+namespace+".svc."+domain+".", dns.TypeA)
	m.SetEdns0(4096, false)
	octets, err := m.Pack()
	if err != nil {
		panic("benchdiscovery: " + err.Error()) // of names made up here
	}
	return octets
}

// addresses are those of a response, and its RCODE.
func addresses(response []byte) (list []netip.Addr, rcode int, err error) {
	var m dns.Msg
	if err := m.Unpack(response); err != nil {
		return nil, 0, err
	}
	for _, rr := range m.Answer {
		if a, ok := rr.(*dns.A); ok {
			addr, _ := netip.AddrFromSlice(a.A.To4())
			list = append(list, addr)
		}
	}
	return list, m.Rcode, nil
}

// until asks in a tight loop until ok likes a response, and says when that was.
// ok is given the octets; it is called often and has to be quick.
func (p *prober) until(ctx context.Context, query []byte, limit time.Duration, ok func([]byte) bool) (at time.Time, err error) {
	deadline := time.Now().Add(limit)
	for {
		response, err := p.ask(query)
		at = time.Now()
		switch {
		case ctx.Err() != nil:
			return at, ctx.Err()
		case err == nil && ok(response):
			return at, nil
		case at.After(deadline):
			return at, fmt.Errorf("not answered as wanted within %v: %w", limit, errors.Join(err, errSilent))
		}
	}
}

// has says that a response has an A record with an address. Four octets that
// look like one are made sure of.
func has(addr netip.Addr) func([]byte) bool {
	want := addr.AsSlice()
	return func(response []byte) bool {
		if !bytes.Contains(response[12:], want) {
			return false
		}
		list, _, err := addresses(response)
		for _, a := range list {
			if a == addr {
				return err == nil
			}
		}
		return false
	}
}

// awaitReplaced asks until a simulated Service's answer has an address.
func (p *prober) awaitReplaced(ctx context.Context, s simulator.Service, now netip.Addr) (time.Time, error) {
	return p.until(ctx, question(s.Namespace, s.Name), patience, has(now))
}
