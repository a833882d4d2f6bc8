package demo

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// patience is how long a change may take to be answered before the scenario
// gives up. What a change usually takes is printed.
const patience = 10 * time.Second

// Scenario plays on a World that was populated, and asks the name server at Server.
type Scenario struct {
	World  World
	Server string // host:port
	Out    io.Writer

	client  dns.Client
	checked int
}

// Run tells the story. Every line that states something is checked before it is
// printed; the first that does not hold ends it with an error.
func (s *Scenario) Run(ctx context.Context) error {
	for _, step := range []func(context.Context) error{s.paths, s.appears, s.fallsBack, s.comesBack} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	s.say("\nThat is all: %d answers, each one checked.", s.checked)
	return nil
}

// paths: the same Service by every path.
func (s *Scenario) paths(ctx context.Context) error {
	s.say("Two clusters in eu-west have the Service shop/web; us-east has a cluster without it.")
	both, both6 := []string{"10.11.0.80", "10.12.0.80"}, []string{Members[0].IPv6(), Members[1].IPv6()}
	return s.all(ctx,
		expect{"what a pod types", "web.shop.prod.", "A", both},
		expect{"the same over IPv6", "web.shop.prod.", "AAAA", both6},
		expect{"its port", "_http._tcp.web.shop.prod.", "SRV", []string{"web.shop.prod.:80"}},
		expect{"the ClusterSet name of the MCS API", "web.shop.svc.clusterset.local.", "A", both},
		expect{"", "web.shop.svc.clusterset.local.", "AAAA", both6},
		expect{"", "_http._tcp.web.shop.svc.clusterset.local.", "SRV", []string{"web.shop.svc.clusterset.local.:80"}},
		expect{"the federation's ladder: one zone", "web.shop.prod.svc.eu-west-1a.eu-west.example.com.", "A", []string{"10.11.0.80"}},
		expect{"its region", "web.shop.prod.svc.eu-west.example.com.", "A", both},
		expect{"anywhere", "web.shop.prod.svc.example.com.", "A", both},
		expect{"", "web.shop.prod.svc.example.com.", "AAAA", both6},
		expect{"", "_http._tcp.web.shop.prod.svc.example.com.", "SRV", []string{"web.shop.prod.svc.example.com.:80"}},
		expect{"a region without it climbs the ladder", "web.shop.prod.svc.us-east-1a.us-east.example.com.", "A",
			[]string{"-> web.shop.prod.svc.us-east.example.com.", "-> web.shop.prod.svc.example.com.", "10.11.0.80", "10.12.0.80"}},
		expect{"a record of your own, beside them", "www.example.com.", "A", []string{"-> web.shop.prod.svc.example.com.", "10.11.0.80", "10.12.0.80"}},
		expect{"a headless Service: its endpoints", "db.shop.svc.clusterset.local.", "A", []string{"10.111.1.1", "10.111.1.2", "10.112.1.1", "10.112.1.2"}},
		expect{"one of them by its hostname", "db-0.eu-1.db.shop.svc.clusterset.local.", "A", []string{"10.111.1.1"}},
		expect{"and back", "1.1.111.10.in-addr.arpa.", "PTR", []string{"db-0.eu-1.db.shop.svc.clusterset.local."}},
		expect{"a Service that nobody has", "nothing.shop.prod.", "A", []string{"NXDOMAIN"}},
	)
}

// appears: a Service in a third cluster.
func (s *Scenario) appears(ctx context.Context) error {
	s.say("\nThe Service appears in us-1.")
	if err := s.World.Put(ctx, "us-1", "web", Members[2].Web(true)); err != nil {
		return err
	}
	all := []string{"10.11.0.80", "10.12.0.80", "10.13.0.80"}
	return s.all(ctx,
		expect{"three clusters answer", "web.shop.prod.", "A", all},
		expect{"", "web.shop.svc.clusterset.local.", "A", all},
		expect{"us-east has its own now", "web.shop.prod.svc.us-east-1a.us-east.example.com.", "A", []string{"10.13.0.80"}},
		expect{"eu-west keeps its own", "web.shop.prod.svc.eu-west.example.com.", "A", []string{"10.11.0.80", "10.12.0.80"}},
	)
}

// fallsBack: a region loses its endpoints.
func (s *Scenario) fallsBack(ctx context.Context) error {
	s.say("\nIn eu-west every endpoint stops being ready.")
	if err := s.inEurope(ctx, false); err != nil {
		return err
	}
	return s.all(ctx,
		expect{"only us-1 is left", "web.shop.prod.", "A", []string{"10.13.0.80"}},
		expect{"the ladder falls back", "web.shop.prod.svc.eu-west-1a.eu-west.example.com.", "A",
			[]string{"-> web.shop.prod.svc.eu-west.example.com.", "-> web.shop.prod.svc.example.com.", "10.13.0.80"}},
		expect{"", "_http._tcp.web.shop.prod.svc.eu-west.example.com.", "SRV",
			[]string{"-> _http._tcp.web.shop.prod.svc.example.com.", "web.shop.prod.svc.example.com.:80"}},
		expect{"", "web.shop.svc.clusterset.local.", "A", []string{"10.13.0.80"}},
	)
}

// comesBack: the region has its endpoints again.
func (s *Scenario) comesBack(ctx context.Context) error {
	s.say("\nThey are ready again.")
	if err := s.inEurope(ctx, true); err != nil {
		return err
	}
	return s.all(ctx,
		expect{"eu-west answers for itself", "web.shop.prod.svc.eu-west-1a.eu-west.example.com.", "A", []string{"10.11.0.80"}},
		expect{"and all three for the short name", "web.shop.prod.", "A", []string{"10.11.0.80", "10.12.0.80", "10.13.0.80"}},
	)
}

func (s *Scenario) inEurope(ctx context.Context, ready bool) error {
	for _, m := range Members[:2] {
		if err := s.World.Put(ctx, m.Name, "web", m.Web(ready)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Scenario) say(format string, args ...any) { fmt.Fprintf(s.Out, format+"\n", args...) }

// expect is one statement: what an answer must consist of, in the order of names and addresses.
type expect struct {
	text, name, typ string
	want            []string
}

// all checks statements one after the other and prints each once it holds.
func (s *Scenario) all(ctx context.Context, es ...expect) error {
	for _, e := range es {
		took, err := s.await(ctx, e)
		if err != nil {
			return err
		}
		s.checked++
		text := e.text
		if text != "" {
			text = "  # " + text
		}
		if took >= time.Millisecond {
			text += fmt.Sprintf(" (after %d ms)", took.Milliseconds())
		}
		s.say("  %-52s %-5s %s%s", e.name, e.typ, strings.Join(e.want, ", "), text)
	}
	return nil
}

// await asks until the answer is as it must be, and returns how long that took.
func (s *Scenario) await(ctx context.Context, e expect) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	start := time.Now()
	again := time.NewTicker(2 * time.Millisecond)
	defer again.Stop()
	for first := true; ; first = false {
		asked := time.Now()
		got, err := s.ask(ctx, e.name, e.typ)
		if err == nil && slices.Equal(got, e.want) {
			if first {
				return 0, nil
			}
			return asked.Sub(start), nil
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			if err != nil {
				return 0, fmt.Errorf("%s %s: no answer: %w", e.name, e.typ, err)
			}
			return 0, fmt.Errorf("%s %s: want %s, got %s", e.name, e.typ, strings.Join(e.want, ", "), strings.Join(got, ", "))
		}
	}
}

// ask lists what an answer consists of: aliases in their order, then data sorted.
func (s *Scenario) ask(ctx context.Context, name, typ string) ([]string, error) {
	q := new(dns.Msg)
	q.SetQuestion(name, dns.StringToType[typ])
	r, _, err := s.client.ExchangeContext(ctx, q, s.Server)
	if err != nil {
		return nil, err
	}
	if r.Rcode != dns.RcodeSuccess {
		return []string{dns.RcodeToString[r.Rcode]}, nil
	}
	var aliases, data []string
	for _, rr := range r.Answer {
		switch rr := rr.(type) {
		case *dns.CNAME:
			aliases = append(aliases, "-> "+rr.Target)
		case *dns.A:
			data = append(data, rr.A.String())
		case *dns.AAAA:
			data = append(data, rr.AAAA.String())
		case *dns.SRV:
			data = append(data, fmt.Sprintf("%s:%d", rr.Target, rr.Port))
		case *dns.PTR:
			data = append(data, rr.Ptr)
		default:
			data = append(data, rr.String())
		}
	}
	slices.Sort(data)
	return append(aliases, data...), nil
}
