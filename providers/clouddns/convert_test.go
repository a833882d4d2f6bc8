package clouddns

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"

	dns "google.golang.org/api/dns/v1"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
)

// TestCanonicalHolds: whatever Sets there are, Canonical makes of them something
// that stays as it is, and comes back from the API's form equal.
func TestCanonicalHolds(t *testing.T) {
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 1))
	z, err := New(Config{Project: "p", Apex: dnsname.MustParse("example.com."), HealthCheck: "https://check"})
	if err != nil {
		t.Fatal(err)
	}
	k := hosted.Key{Owner: dnsname.MustParse("w.example.com."), Type: zone.TypeA}
	for range 2000 {
		policy := []hosted.Policy{hosted.PolicyWeighted, hosted.PolicyGeo, hosted.PolicyFailover}[rng.IntN(3)]
		sets := make([]hosted.Set, 1+rng.IntN(5))
		for i := range sets {
			var rdatas []string
			for range 1 + rng.IntN(3) {
				rdatas = append(rdatas, string([]byte{192, 0, 2, byte(rng.IntN(4))}))
			}
			sets[i] = hosted.Set{
				ID: string(rune('a' + i)), Records: zone.NewRRset(k.Owner, k.Type, uint32(rng.IntN(3)), rdatas...),
				Routing: hosted.Routing{Policy: policy},
			}
			switch policy {
			case hosted.PolicyWeighted:
				sets[i].Routing.Weight = uint16(rng.IntN(1 << 16))
			case hosted.PolicyGeo:
				sets[i].Routing.Region = []string{"us-east1", "europe-west1"}[rng.IntN(2)]
			default:
				sets[i].Routing.Secondary = rng.IntN(2) == 0
			}
		}
		e := Canonical(hosted.NewEntry(k, slices.Clone(sets)...))
		if again := Canonical(e); !again.Equal(e) {
			t.Fatalf("seed %d: %s becomes %s", seed, e, again)
		}
		if z.Limits().Check(e) != "" { // failover without a secondary
			continue
		}
		if got := sent(t, z, e); !got.Equal(e) {
			t.Fatalf("seed %d: %s came back as %s", seed, e, got)
		}
	}
}

// sent is e after it was encoded, sent as JSON, and decoded.
func sent(t *testing.T, z *Zone, e hosted.Entry) hosted.Entry {
	t.Helper()
	r, err := z.encode(e)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	back := new(dns.ResourceRecordSet)
	if err := json.Unmarshal(b, back); err != nil {
		t.Fatal(err)
	}
	g := newGathering(z)
	g.add(back)
	if len(g.spelling) > 0 && e.Policy() != hosted.PolicySimple {
		t.Errorf("%s is spelled otherwise: %s", e, text(back))
	}
	return g.found[e.Key]
}

// FuzzListing: whatever the API lists becomes Entries without a panic; and what
// looks like ours comes back the same when it is written again.
func FuzzListing(f *testing.F) {
	f.Add([]byte(`{"name":"a.example.com.","type":"A","ttl":60,"rrdatas":["192.0.2.1"]}`))
	f.Add([]byte(`{"name":"a.example.com.","type":"TXT","ttl":60,"rrdatas":["plain","\"a\" \"b\""]}`))
	f.Add([]byte(`{"name":"a.example.com.","type":"A","ttl":60,"routingPolicy":{"wrr":{"items":[{"weight":0.5,"rrdatas":["192.0.2.1"]},{"rrdatas":["x"]}]}}}`))
	f.Add([]byte(`{"name":"a.example.com.","type":"A","routingPolicy":{"healthCheck":"https://check","primaryBackup":{"primaryTargets":{"externalEndpoints":["192.0.2.1"]},"backupGeoTargets":{"items":[{"location":"us-central1","rrdatas":["192.0.2.2"]}]}}}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		z, err := New(Config{Project: "p", Apex: dnsname.MustParse("example.com."), HealthCheck: "https://check"})
		if err != nil {
			t.Fatal(err)
		}
		r := new(dns.ResourceRecordSet)
		if json.Unmarshal(b, r) != nil {
			return
		}
		g := newGathering(z)
		g.add(r)
		for _, e := range g.found {
			if z.Limits().Check(e) != "" {
				continue
			}
			if got := sent(t, z, e); !got.Equal(e) {
				t.Errorf("%s came back as %s", e, got)
			}
		}
	})
}
