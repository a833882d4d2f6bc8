package clouddns_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/clouddns"
	"github.com/fedns/fedns/providers/clouddns/clouddnstest"
	"github.com/fedns/fedns/providers/hosted"
)

// TestSpelling: a record set that somebody else spelled otherwise is the same to
// us, and can be replaced, though a deletion has to give it to the letter.
func TestSpelling(t *testing.T) {
	for _, tt := range []struct {
		put  clouddnstest.RRset
		want hosted.Entry
	}{
		{
			clouddnstest.RRset{Name: "a.example.com.", Type: "AAAA", TTL: 60, RRDatas: []string{"2001:0DB8:0::1"}},
			entry(t, "a 60 AAAA: 2001:db8::1"),
		},
		{
			clouddnstest.RRset{Name: "a.example.com.", Type: "TXT", TTL: 60, RRDatas: []string{"heritage=external-dns"}},
			entry(t, `a 60 TXT: "heritage=external-dns"`),
		},
		{
			clouddnstest.RRset{Name: "a.example.com.", Type: "CNAME", TTL: 60, RRDatas: []string{"Web.Example.NET."}},
			entry(t, "a 60 CNAME: web.example.net."),
		},
		{
			clouddnstest.RRset{Name: "w.example.com.", Type: "A", TTL: 30, RoutingPolicy: &clouddnstest.RoutingPolicy{WRR: &clouddnstest.WRR{
				Items: []clouddnstest.WRRItem{
					{Weight: 2, RRDatas: []string{"198.51.100.1"}}, {Weight: 1, RRDatas: []string{"192.0.2.2", "192.0.2.1"}},
				},
			}}},
			weighted(t, 1, 2),
		},
	} {
		z, s := open(t, clouddnstest.Config{}, nil)
		s.Put("example", tt.put)
		if got := find(t, z, tt.want.Key); !got.Equal(tt.want) {
			t.Errorf("%v is listed as %s, want %s", tt.put, got, tt.want)
		}
		apply(t, z, hosted.Batch{Changes: []hosted.Change{{Old: tt.want}}})
		if r, ok := s.Get("example", tt.put.Name, tt.put.Type); ok {
			t.Errorf("still there: %v", r)
		}
	}
}

// TestForeign: what an Entry cannot say is not taken for ours, and still can be
// deleted by who has listed it.
func TestForeign(t *testing.T) {
	ours := weighted(t, 1, 2)
	items := []clouddnstest.WRRItem{
		{Weight: 1, RRDatas: []string{"192.0.2.1", "192.0.2.2"}}, {Weight: 2, RRDatas: []string{"198.51.100.1"}},
	}
	policy := func(edit func(p *clouddnstest.RoutingPolicy)) clouddnstest.RRset {
		p := &clouddnstest.RoutingPolicy{WRR: &clouddnstest.WRR{Items: append([]clouddnstest.WRRItem(nil), items...)}}
		edit(p)
		return clouddnstest.RRset{Name: "w.example.com.", Type: "A", TTL: 30, RoutingPolicy: p}
	}
	for name, put := range map[string]clouddnstest.RRset{
		"a weight that is a fraction": policy(func(p *clouddnstest.RoutingPolicy) { p.WRR.Items[0].Weight = 1.5 }),
		"a health check":              policy(func(p *clouddnstest.RoutingPolicy) { p.HealthCheck = healthCheck }),
		"targets": policy(func(p *clouddnstest.RoutingPolicy) {
			p.WRR.Items[0].HealthCheckedTargets = &clouddnstest.Targets{ExternalEndpoints: []string{"192.0.2.1"}}
		}),
		"the same data twice": policy(func(p *clouddnstest.RoutingPolicy) { p.WRR.Items[1].RRDatas = items[0].RRDatas }),
		"a fence": policy(func(p *clouddnstest.RoutingPolicy) {
			p.WRR, p.Geo = nil, &clouddnstest.Geo{EnableFencing: true, Items: []clouddnstest.GeoItem{{Location: "us-east1", RRDatas: items[0].RRDatas}}}
		}),
	} {
		t.Run(name, func(t *testing.T) {
			z, s := open(t, clouddnstest.Config{}, nil)
			s.Put("example", put)
			got := find(t, z, ours.Key)
			if got.IsEmpty() || got.Equal(ours) || got.Equal(clouddns.Canonical(got)) {
				t.Fatalf("listed as %s", got)
			}
			if again := find(t, z, ours.Key); !again.Equal(got) {
				t.Errorf("listed again as %s, before as %s", again, got)
			}
			other, _ := clouddns.New(clouddns.Config{Project: "test", Apex: apex, HTTPClient: s.Client()})
			b := hosted.Batch{Changes: []hosted.Change{{Old: got, New: ours}}}
			if _, err := other.Apply(t.Context(), b); !errors.Is(err, hosted.ErrConflict) {
				t.Errorf("who has not listed it got %v, want a conflict", err)
			}
			apply(t, z, b)
			if got := find(t, z, ours.Key); !got.Equal(ours) {
				t.Errorf("there is %s", got)
			}
		})
	}
}

// TestAlias: Cloud DNS's own ALIAS stands in the way of both address types.
func TestAlias(t *testing.T) {
	z, s := open(t, clouddnstest.Config{}, nil)
	s.Put("example", clouddnstest.RRset{Name: "example.com.", Type: "ALIAS", TTL: 60, RRDatas: []string{"lb.example.net."}})
	s.Put("example", clouddnstest.RRset{Name: "new.example.com.", Type: "NEWER", TTL: 60, RRDatas: []string{"x"}})
	for _, typ := range []uint16{zone.TypeA, zone.TypeAAAA} {
		k := hosted.Key{Owner: apex, Type: typ}
		got := find(t, z, k)
		if len(got.Sets) != 1 || got.Sets[0].Alias.Target != dnsname.MustParse("lb.example.net.") {
			t.Errorf("listed as %s", got)
		}
		if read, err := z.Read(t.Context(), k); err != nil || len(read) != 1 || !read[0].Equal(got) {
			t.Errorf("read as %v, %v", read, err)
		}
		var refused *hosted.RefusedError
		if _, err := z.Apply(t.Context(), hosted.Batch{Changes: []hosted.Change{{Old: got}}}); !errors.As(err, &refused) {
			t.Errorf("deleting it: %v, want a refusal", err)
		}
	}
	es, err := z.Records(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range es {
		if strings.HasPrefix(e.Key.Owner.String(), "new.") {
			return
		}
	}
	t.Error("a record of an unknown type was left out")
}
