package clouddns_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fedns/fedns/dnsserver/zonefile"
	"github.com/fedns/fedns/providers/clouddns"
	"github.com/fedns/fedns/providers/clouddns/clouddnstest"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/providertest"
)

// TestSuite runs the suite that every provider runs, in a zone that takes a while
// until a change is everywhere.
func TestSuite(t *testing.T) {
	var ticks atomic.Int64
	z, s := open(t, clouddnstest.Config{
		Propagation: time.Second,
		Clock:       func() time.Time { return time.Unix(0, ticks.Add(int64(100*time.Millisecond))) },
	}, nil)
	providertest.Run(t, providertest.Config{
		Zone: z, Apex: apex, Limits: z.Limits(),
		Sets: map[hosted.Policy][]hosted.Set{
			hosted.PolicyGeo: {
				{Routing: hosted.Routing{Policy: hosted.PolicyGeo, Region: "us-east1"}},
				{Routing: hosted.Routing{Policy: hosted.PolicyGeo, Region: "europe-west1"}},
			},
		},
		Identify: func(s hosted.Set) string { return clouddns.SetID(s.Routing, s.Records) },
		EditByHand: func(_ context.Context, e hosted.Entry) error {
			name, typ := e.Key.Owner.String(), zonefile.TypeText(e.Key.Type)
			if e.IsEmpty() {
				s.Delete("example", name, typ)
				return nil
			}
			r := clouddnstest.RRset{Name: name, Type: typ, TTL: int64(e.Sets[0].Records.TTL)}
			for d := range e.Sets[0].Records.RDATA() {
				r.RRDatas = append(r.RRDatas, zonefile.RDATAText(e.Key.Type, d))
			}
			s.Put("example", r)
			return nil
		},
		Await: func(context.Context, time.Duration) error { return nil },
	})
}
