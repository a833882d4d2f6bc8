package main

import (
	"bytes"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/zone"
)

var headless = shape{Services: 200, Endpoints: 3, Seed: 1}

// TestShapesAreOneZone: the zone file, what is published and what is asked agree.
func TestShapesAreOneZone(t *testing.T) {
	for _, s := range []shape{headless, {Services: 200, Seed: 1}} {
		var file bytes.Buffer
		if err := s.write(&file); err != nil {
			t.Fatal(err)
		}
		records := map[zone.Key]int{}
		p := dns.NewZoneParser(&file, "", "")
		for rr, ok := p.Next(); ok; rr, ok = p.Next() {
			if owner := strings.TrimSuffix(rr.Header().Name, "."+apex); owner != apex && owner != "ns" {
				records[zone.Key{Owner: name(owner), Type: rr.Header().Rrtype}]++
			}
		}
		if err := p.Err(); err != nil {
			t.Fatal(err)
		}
		published := map[zone.Key]int{}
		for r := range s.published() {
			published[r.Key()] = r.Len()
		}
		if !maps.Equal(records, published) {
			t.Errorf("%+v: the file has %d RRsets, %d are published, or they differ", s, len(records), len(published))
		}
		for _, q := range s.queries(2000, edns) {
			checkQuery(t, q, published)
		}
	}
}

func checkQuery(t *testing.T, q query, rrsets map[zone.Key]int) {
	t.Helper()
	var m dns.Msg
	if err := m.Unpack(q.msg); err != nil {
		t.Fatal(err)
	}
	asked := m.Question[0]
	owner := name(strings.TrimSuffix(asked.Name, "."+apex))
	if n := rrsets[zone.Key{Owner: owner, Type: asked.Qtype}]; n != int(q.answers) {
		t.Errorf("%s %s: %d records, but %d are expected", asked.Name, dns.TypeToString[asked.Qtype], n, q.answers)
	}
	_, exists := rrsets[zone.Key{Owner: owner, Type: dns.TypeA}]
	if _, srv := rrsets[zone.Key{Owner: owner, Type: dns.TypeSRV}]; (exists || srv) != (q.rcode == 0) {
		t.Errorf("%s: RCODE %d is expected", asked.Name, q.rcode)
	}
}

// TestVersionsDiffer: an update changes something, but not how many records there are.
func TestVersionsDiffer(t *testing.T) {
	for i := range headless.Services {
		a, b := headless.version(i, 1), headless.version(i, 2)
		if a == b || a.Len() != 3 || b.Len() != 3 {
			t.Fatalf("%v\n%v", a, b)
		}
	}
}

func TestQueriesFollowFromTheSeed(t *testing.T) {
	other := headless
	other.Seed++
	same := func(a, b []query) bool {
		return slices.EqualFunc(a, b, func(x, y query) bool { return bytes.Equal(x.msg, y.msg) })
	}
	if !same(headless.queries(100, plain), headless.queries(100, plain)) || same(headless.queries(100, plain), other.queries(100, plain)) {
		t.Error("want the same list from the same seed, and another from another")
	}
}

func TestMix(t *testing.T) {
	const n = 20_000
	count := map[string]int{}
	for _, q := range headless.queries(n, plain) {
		var m dns.Msg
		if err := m.Unpack(q.msg); err != nil {
			t.Fatal(err)
		}
		what := dns.TypeToString[m.Question[0].Qtype]
		if q.rcode == rcodeNXDomain {
			what = "NXDOMAIN"
		}
		count[what]++
	}
	for what, want := range map[string]int{"A": 65, "AAAA": 15, "SRV": 10, "NXDOMAIN": 10} {
		if got := 100 * float64(count[what]) / n; got < float64(want)-1 || got > float64(want)+1 {
			t.Errorf("%s: %.1f %%, want %d", what, got, want)
		}
	}
}

func TestForms(t *testing.T) {
	for f, want := range map[form]string{plain: "", edns: "1232", cookie: "1232 COOKIE", signed: "1232"} {
		var m dns.Msg
		if err := m.Unpack(headless.queries(1, f)[0].msg); err != nil {
			t.Fatal(err)
		}
		got := ""
		if o := m.IsEdns0(); o != nil {
			got = "1232"
			if o.UDPSize() != 1232 || o.Do() != (f == signed) {
				t.Errorf("%s: %v", f, o)
			}
			if len(o.Option) == 1 && o.Option[0].Option() == dns.EDNS0COOKIE {
				got += " COOKIE"
			}
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", f, got, want)
		}
	}
}

func TestHistogram(t *testing.T) {
	var h, other histogram
	for i := range 1000 {
		if i%2 == 0 {
			h.add(time.Duration(i+1) * time.Microsecond)
		} else {
			other.add(time.Duration(i+1) * time.Microsecond)
		}
	}
	h.merge(&other)
	for q, want := range map[float64]time.Duration{0.5: 500 * time.Microsecond, 0.99: 990 * time.Microsecond, 0.999: 999 * time.Microsecond} {
		if got := h.quantile(q); got < want || got > want+want/50 {
			t.Errorf("quantile %v: %v, want %v or up to 2 %% more", q, got, want)
		}
	}
	for d := time.Duration(1); d < time.Hour; d += d/3 + 1 {
		if top := longest(bucket(d)); top < d || top > d+d/perOctave+1 {
			t.Errorf("%v is in a bucket up to %v", d, top)
		}
	}
	h.add(-1)
	h.add(1 << 62)
	if h.total != 1002 {
		t.Error("odd durations are not counted")
	}
}

func TestProcFiles(t *testing.T) {
	if pid, parent, err := parents("12 (a) b (c)) S 7 12 0 -1"); pid != 12 || parent != 7 || err != nil {
		t.Error(pid, parent, err)
	}
	if _, _, err := parents("12 a S 7"); err == nil {
		t.Error("want an error")
	}
	if n, err := pss("55-7f ---p 0 00:00 0 [rollup]\nRss:  1676 kB\nPss:   385 kB\nPss_Dirty:  116 kB\n"); n != 385<<10 || err != nil {
		t.Error(n, err)
	}
	if _, err := pss("Rss: 1 kB\n"); err == nil {
		t.Error("want an error")
	}
}

func TestFastAllocations(t *testing.T) {
	const said = `goos: linux
BenchmarkRespond/positive-2     	   10000	       173.9 ns/op	       0 B/op	       0 allocs/op
BenchmarkRespond/positive_readable-2 	   10000	      1173.9 ns/op	      96 B/op	      12 allocs/op
BenchmarkRespond/NODATA_with_EDNS-2 	   10000	       199.9 ns/op	      16 B/op	       1 allocs/op
ok
`
	if got, err := fastAllocations(said); err != nil || *got != (fastPath{1, 2}) {
		t.Error(got, err)
	}
	if _, err := fastAllocations("ok\n"); err == nil {
		t.Error("want an error")
	}
}

func TestChanged(t *testing.T) {
	want := changed{5000, 1500 * time.Millisecond}
	if got, err := readChanged(want.String()); got != want || err != nil {
		t.Error(got, err)
	}
	if _, err := readChanged("level=INFO msg=listening"); err == nil {
		t.Error("want an error")
	}
}

// TestTargets: a figure on the line is ok, one past it is short.
func TestTargets(t *testing.T) {
	r := report{Tables: []table{
		{Stage: stageStandard, Rows: []entry{
			{nameEcho, []sample{{CPU: 2}, {CPU: 4}, {CPU: 2}}},
			{nameFedns, []sample{{CPU: 2.2}, {CPU: 4.6}, {CPU: 3}}},
			{"gdnsd", []sample{{CPU: 2.2}, {CPU: 4.6}, {CPU: 4}}},
		}},
		{Stage: stageUpdates, Rows: []entry{
			{quiescent, []sample{{Rate: 100, P999: 10}}},
			{underUpdates, []sample{{Rate: 97, P999: 20, Updates: 5000}}},
		}},
		{Stage: stageSlow, Rows: []entry{{alone, []sample{{CPU: 100}}}, {beset, []sample{{CPU: 102, Held: 4000}}}}},
		{Stage: stageTCP, Rows: []entry{
			{fednsUDP, []sample{{Rate: 100}}}, {nameFedns, []sample{{Rate: 49}}}, {"knotd", []sample{{Rate: 49}}},
		}},
	}, Memory: []memrow{newMemrow(nameFedns, million, 10<<20, 10<<20+190*million), newMemrow(nameFedns, 1000, 0, 1<<20)}}
	r.Allocations = &fastPath{0, 15}
	r.judge()
	var got []string
	for _, x := range r.Targets {
		got = append(got, x.Verdict())
	}
	want := []string{"ok", "short", "ok", "ok", "ok", "short", "short", "ok", "ok"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v\n%+v", got, want, r.Targets)
	}
	r.Tables[1].Rows[1].Samples[0].Updates = 3000
	r.Targets = nil
	r.judge()
	if r.Targets[3].OK || r.Targets[4].OK {
		t.Error("fewer updates than were asked for prove nothing")
	}
	var text bytes.Buffer
	r.Text(&text)
	for _, want := range []string{"1.15 × floor (1.10..1.50)", "| short", "190 B a name"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, text.String())
		}
	}
}

func TestFlags(t *testing.T) {
	o, err := parse([]string{"-only", "tcp,memory", "-seconds", "0.5"}, io.Discard)
	if err != nil || !o.Wants(stageTCP) || o.Wants(stageStandard) || o.Length() != time.Second/2 || o.Rounds != 5 {
		t.Error(o, err)
	}
	for _, args := range [][]string{{"-only", "udp"}, {"-rounds", "0"}, {"-seconds", "-1"}, {"more"}} {
		if _, err := parse(args, io.Discard); err == nil {
			t.Errorf("%v: want an error", args)
		}
	}
}
