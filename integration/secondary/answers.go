package secondary

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"
)

const (
	attempts = 5               // loopback loses packets when buffers are full
	patience = 2 * time.Second // an attempt
	askers   = 8               // questions under way
)

// asker asks one name server, one question at a time.
type asker struct {
	addr netip.AddrPort
	conn *dns.Conn
}

func (a *asker) close() {
	if a.conn != nil {
		a.conn.Close()
		a.conn = nil
	}
}

// ask sends a question until it is answered in full.
func (a *asker) ask(name string, typ uint16) (*dns.Msg, error) {
	q := new(dns.Msg).SetQuestion(name, typ)
	q.RecursionDesired = false
	q.SetEdns0(1232, false)
	var last error
	for range attempts {
		m, err := a.try(q)
		if err != nil {
			a.close()
			last = err
			continue
		}
		if m.Truncated {
			c := dns.Client{Net: "tcp", Timeout: patience}
			m, _, err = c.Exchange(q, a.addr.String())
		}
		if err == nil {
			return m, nil
		}
		last = err
	}
	return nil, fmt.Errorf("%s asked for %s %s: %w", a.addr, name, dns.TypeToString[typ], last)
}

func (a *asker) try(q *dns.Msg) (*dns.Msg, error) {
	if a.conn == nil {
		conn, err := dns.Dial("udp", a.addr.String())
		if err != nil {
			return nil, err
		}
		conn.UDPSize = 4096
		a.conn = conn
	}
	q.Id = dns.Id() // what answers an attempt before is passed over
	if err := a.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	if err := a.conn.WriteMsg(q); err != nil {
		return nil, err
	}
	for {
		m, err := a.conn.ReadMsg()
		if err != nil {
			return nil, err
		}
		if m.Id == q.Id {
			return m, nil
		}
	}
}

// serial is the zone's at a name server; an error, also when it has no authority.
func (a *asker) serial(apex string) (uint32, error) {
	m, err := a.ask(apex, dns.TypeSOA)
	if err != nil {
		return 0, err
	}
	if m.Rcode == dns.RcodeSuccess && m.Authoritative && len(m.Answer) == 1 {
		if soa, ok := m.Answer[0].(*dns.SOA); ok {
			return soa.Serial, nil
		}
	}
	return 0, fmt.Errorf("%s, asked for the SOA of %s, says %s", a.addr, apex, normal(m, dns.TypeSOA))
}

// normal is what of an answer all name servers have to agree on: RCODE, AA, the
// answer, and what a negative answer or a referral has for authority. The rest
// is each one's choice (see difftest).
func normal(m *dns.Msg, typ uint16) string {
	var b strings.Builder
	b.WriteString(dns.RcodeToString[m.Rcode])
	if m.Authoritative {
		b.WriteString(" aa")
	}
	section := func(title string, rrs []dns.RR) {
		var lines []string
		for _, rr := range rrs {
			lines = append(lines, strings.Join(strings.Fields(rr.String()), " "))
		}
		slices.Sort(lines)
		fmt.Fprintf(&b, "; %s: %s", title, strings.Join(lines, ", "))
	}
	section("answer", m.Answer)
	if !slices.ContainsFunc(m.Answer, func(rr dns.RR) bool { return rr.Header().Rrtype == typ }) {
		section("authority", m.Ns)
	}
	return b.String()
}

// question is one to ask of all.
type question struct {
	name string
	typ  uint16
}

// mismatch is a question that a secondary answers otherwise than the primary.
type mismatch struct {
	question
	by          string
	want, other string
}

func (m mismatch) String() string {
	return fmt.Sprintf("%s %s: %s says\n  %s\nthe primary\n  %s", m.name, dns.TypeToString[m.typ], m.by, m.other, m.want)
}

// compare asks the primary and all secondaries every question. Kinds counts the
// primary's answers by RCODE and AA.
func compare(ctx context.Context, primary netip.AddrPort, all []*server, questions []question) (wrong []mismatch, kinds map[string]int, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	kinds = map[string]int{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	work := make(chan question)
	for range askers {
		wg.Go(func() {
			own, others := &asker{addr: primary}, make([]*asker, len(all))
			defer own.close()
			for i, s := range all {
				others[i] = &asker{addr: s.addr}
				defer others[i].close()
			}
			for q := range work {
				m, err := own.ask(q.name, q.typ)
				if err != nil {
					cancel(err)
					continue
				}
				want := normal(m, q.typ)
				for i, s := range all {
					m, err := others[i].ask(q.name, q.typ)
					if err != nil {
						cancel(err)
						break
					}
					if got := normal(m, q.typ); got != want {
						mu.Lock()
						wrong = append(wrong, mismatch{q, s.name, want, got})
						mu.Unlock()
					}
				}
				mu.Lock()
				kind, _, _ := strings.Cut(want, ";")
				kinds[kind]++
				mu.Unlock()
			}
		})
	}
	for _, q := range questions {
		select {
		case work <- q:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(work)
	wg.Wait()
	return wrong, kinds, context.Cause(ctx)
}
