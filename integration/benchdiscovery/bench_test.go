package main

import (
	"bytes"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		args string
		ok   bool
	}{
		{"", true},
		{"-only small,lost -rounds 1 -seconds 0.5", true},
		{"-only smal", false},
		{"-rounds 0", false},
		{"-clusters 129", false},
		{"-endpoints 10", false},
		{"-kind LoadBalancer", false},
		{"more", false},
	} {
		var said bytes.Buffer
		if _, err := parse(strings.Fields(tt.args), &said); (err == nil) != tt.ok || !tt.ok && said.Len() == 0 {
			t.Errorf("%q: %v, said %q", tt.args, err, &said)
		}
	}
}

// TestRound: what was lost counts as the longest, so that losing changes never
// makes a figure better.
func TestRound(t *testing.T) {
	var took []time.Duration
	for i := range 99 {
		took = append(took, time.Duration(99-i)*time.Millisecond)
	}
	if r := newRound(took, 0, 0); r.P50 != 50 || r.P99 != 99 || r.Max != 99 {
		t.Errorf("%+v", r)
	}
	if r := newRound(took, 3, 0); r.P50 != 51 || r.P99 != ms(patience) || r.Lost != 3 || r.Changes != 102 {
		t.Errorf("with three lost: %+v", r)
	}
	if r := newRound(nil, 0, 0); r.P50 != 0 {
		t.Errorf("of nothing: %+v", r)
	}
}

func TestHas(t *testing.T) {
	m := new(dns.Msg)
	m.SetQuestion("a.example.", dns.TypeA)
	for _, text := range []string{"a.example. 5 IN A 10.0.0.1", "a.example. 5 IN TXT \"\\010\\000\\000\\002\""} {
		rr, err := dns.NewRR(text)
		if err != nil {
			t.Fatal(err)
		}
		m.Answer = append(m.Answer, rr)
	}
	octets, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	for addr, want := range map[string]bool{"10.0.0.1": true, "10.0.0.2": false, "10.0.0.3": false} {
		if got := has(netip.MustParseAddr(addr))(octets); got != want {
			t.Errorf("%s: %t", addr, got)
		}
	}
}

func TestOwn(t *testing.T) {
	before := own{[]float64{0.001, 0.002, 0.005}, []float64{10, 10, 10}}
	after := own{[]float64{0.001, 0.002, 0.005}, []float64{15, 19, 20}}.since(before)
	if p50, p99 := after.within(0.5), after.within(0.99); p50 != "≤ 1" || p99 != "≤ 5" {
		t.Errorf("p50 %s, p99 %s", p50, p99)
	}
}

func TestMetric(t *testing.T) {
	const text = "# HELP a b\na{x=\"1\"} 2\na{x=\"2\"} 3\nab 7\n"
	if got := metric(text, "a"); got != 5 {
		t.Errorf("got %v", got)
	}
}

func TestHolders(t *testing.T) {
	const text = `File: fedns
Type: inuse_space
Showing nodes accounting for 20MB, 100% of 20MB total
      flat  flat%   sum%        cum   cum%
   12.5MB 62.50% 62.50%    12.5MB 62.50%  github.com/fedns/fedns/dnsserver/answer.(*table).addChunk
    7.5MB 37.50%   100%      20MB   100%  github.com/fedns/fedns/dnsserver/zone.makePage (inline)
    1.0MB    5%   100%       20MB   100%  github.com/fedns/fedns/discovery/kubernetes.(*resource[go.shape.struct { github.com/fedns/fedns/x }]).run
`
	want := []holder{{"dnsserver/answer.(*table).addChunk", "12.5MB", "62.50%"}, {"dnsserver/zone.makePage", "7.5MB", "37.50%"}, {"discovery/kubernetes.(*resource", "1.0MB", "5%"}}
	if got := holders(text); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := holders("go: no such tool"); got != nil {
		t.Errorf("of nothing: %v", got)
	}
}

// TestSight: an event counts from its last octet, and the stream's end is told.
func TestSight(t *testing.T) {
	events := make(chan sighting, 4)
	stream, server := io.Pipe()
	go func() {
		defer close(events)
		sight(stream, events)
	}()
	const event = `{"type":"MODIFIED","object":{"metadata":{"name":"a","resourceVersion":"%s"}}}`
	if _, err := fmt.Fprintf(server, event, "7"); err != nil {
		t.Fatal(err)
	}
	whole := time.Now()
	if _, err := fmt.Fprintf(server, "\n"+event+"\n", "8"); err != nil {
		t.Fatal(err)
	}
	for _, version := range []string{"7", "8"} {
		if at, err := sighted(t.Context(), events, version); err != nil || at.Before(whole) {
			t.Errorf("%s at %v, want after %v: %v", version, at, whole, err)
		}
	}
	server.Close()
	if at, err := sighted(t.Context(), events, "9"); err == nil {
		t.Errorf("9 at %v, want an error", at)
	}
}

// TestTurns: each competitor comes first as often as last, so that none has the
// quieter machine.
func TestTurns(t *testing.T) {
	first, last := map[int]int{}, map[int]int{}
	for n := range 6 {
		order := turns(3, n)
		first[order[0]]++
		last[order[2]]++
		if slices.Sort(order); !slices.Equal(order, []int{0, 1, 2}) {
			t.Errorf("%d: %v", n, order)
		}
	}
	for i := range 3 {
		if first[i] != 2 || last[i] != 2 {
			t.Errorf("%d comes first %d times and last %d times of 6", i, first[i], last[i])
		}
	}
}
