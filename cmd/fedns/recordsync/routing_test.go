package recordsync

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/fedns/fedns/cmd/fedns/config"
	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/providers/clouddns"
	"github.com/fedns/fedns/providers/clouddns/clouddnstest"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/plan"
	"github.com/fedns/fedns/providers/route53"
	"github.com/fedns/fedns/providers/route53/route53test"
)

// gaps counts the batches that a played provider was sent, and those after which the
// name had no answer, once it had one.
type gaps struct {
	mu      sync.Mutex
	there   func() bool
	had     bool
	batches int
	missing int
}

// watch looks after each request that may be a batch.
func (g *gaps) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r)
		if r.Method != http.MethodPost || r.URL.Path == "/token" {
			return
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		g.batches++
		if is := g.there(); is {
			g.had = true
		} else if g.had {
			g.missing++
		}
	})
}

// check says whether the name was gone between two batches.
func (g *gaps) check(t *testing.T, least int) {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.missing > 0 || g.batches < least {
		t.Errorf("after %d of %d batches the name had no answer, want 0 of %d or more", g.missing, g.batches, least)
	}
}

// shards are two clusters in one region and one in another.
var shards = []string{"eu-1 eu 3 192.0.2.1", "eu-2 eu 2 192.0.2.2", "us-1 us 1 192.0.2.3"}

// TestRoute53Routing goes through all routing policies and back, by what the
// configuration says and by what the Service says, and never leaves the name without
// an answer.
func TestRoute53Routing(t *testing.T) {
	sim := route53test.New(route53test.Config{})
	id := sim.AddZone("example.com", false)
	seen := gaps{there: func() bool {
		return slices.ContainsFunc(sim.RecordSets(id), func(r route53test.RecordSet) bool { return r.Name == "web.example.com." && r.Type == "A" })
	}}
	server := httptest.NewServer(seen.watch(sim))
	defer server.Close()
	keys := filepath.Join(t.TempDir(), "credentials")
	if err := os.WriteFile(keys, []byte("[default]\naws_access_key_id = AKID\naws_secret_access_key = SECRET\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	held, err := route53.New(route53.Config{
		Apex: apex, HostedZoneID: id, Owner: "prod", HTTP: sim.Client(), CredentialsFile: keys,
	})
	if err != nil {
		t.Fatal(err)
	}
	from := &stated{}
	from.set(web, origin(t, "", shards...))
	z := keeping(t, Config{Discovery: from}, "web 30 192.0.2.1 192.0.2.2 192.0.2.3", "plain 60 192.0.2.9")
	p := config.Provider{
		Name: "aws", Kind: config.Route53, Zones: []dnsname.Name{apex}, Owner: "prod", Account: "aws", Rates: unlimited(route53.Limits(apex)),
		Route53: config.Route53Zone{HostedZoneID: id, CredentialsFile: keys, Endpoint: server.URL},
		Shape: plan.Shape{
			Regions:   map[string]string{"eu": "eu-west-1", "us": "us-east-1"},
			Locations: map[string]hosted.Routing{"eu": {Continent: "EU"}, "us": {Country: "*"}},
			Order:     []string{"us-1"},
			Health:    hosted.Health{Protocol: "TCP", Port: 443},
		},
	}
	steps := []struct {
		routing hosted.Policy
		policy  string // of the Service
		want    string
	}{
		{hosted.PolicySimple, "", "30 192.0.2.1 192.0.2.2 192.0.2.3"},
		{hosted.PolicyWeighted, "", "eu-1[weight 3] 30 192.0.2.1 | eu-2[weight 2] 30 192.0.2.2 | us-1[weight 1] 30 192.0.2.3"},
		{hosted.PolicyLatency, "", "eu-1[latency eu-west-1] 30 192.0.2.1 192.0.2.2 | us-1[latency us-east-1] 30 192.0.2.3"},
		{hosted.PolicyGeo, "", "eu-1[geo EU] 30 192.0.2.1 192.0.2.2 | us-1[geo *] 30 192.0.2.3"},
		{hosted.PolicyFailover, "", "primary[primary] 30 192.0.2.3 | secondary[secondary] 30 192.0.2.1 192.0.2.2"},
		{hosted.PolicyMultivalue, "", "eu-1/192.0.2.1[Multivalue] 30 192.0.2.1 | eu-2/192.0.2.2[Multivalue] 30 192.0.2.2 | us-1/192.0.2.3[Multivalue] 30 192.0.2.3"},
		{hosted.PolicyMultivalue, "Failover", "primary[primary] 30 192.0.2.3 | secondary[secondary] 30 192.0.2.1 192.0.2.2"},
		{hosted.PolicyMultivalue, "Nearest", "eu-1[latency eu-west-1] 30 192.0.2.1 192.0.2.2 | us-1[latency us-east-1] 30 192.0.2.3"},
		{hosted.PolicyMultivalue, "Weighted", "eu-1[weight 3] 30 192.0.2.1 | eu-2[weight 2] 30 192.0.2.2 | us-1[weight 1] 30 192.0.2.3"},
		{hosted.PolicyMultivalue, "All", "30 192.0.2.1 192.0.2.2 192.0.2.3"},
	}
	for _, s := range steps {
		p.Shape.Routing = s.routing
		from.set(web, origin(t, s.policy, shards...))
		z.Apply([]config.Provider{p})
		z.Recheck()
		becomes(t, z, p, held, "plain A 60 192.0.2.9\nweb A "+s.want)
	}
	seen.check(t, len(steps))
	if len(sim.HealthChecks()) == 0 {
		t.Error("no health check was made: what is not said of one is not filled in")
	}
	if st := of(z, "aws"); st.Calls.Conflicts+st.Calls.Refused+st.Calls.Failed > 0 {
		t.Errorf("calls went wrong: %+v", st.Calls)
	}
}

// serviceAccount is a key file whose tokens the server at url gives.
func serviceAccount(t *testing.T, url string) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(map[string]string{
		"type": "service_account", "project_id": "test", "client_email": "fedns@test", "private_key_id": "1", "token_uri": url + "/token",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "key.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestCloudDNSRouting does the same at Cloud DNS, which keeps no set identifiers: a
// health check of the configuration's is left out, and does not get in the way.
func TestCloudDNSRouting(t *testing.T) {
	sim := clouddnstest.New(clouddnstest.Config{})
	sim.AddZone("example", "example.com.", "public")
	seen := gaps{there: func() bool {
		_, ok := sim.Get("example", "web.example.com.", "A")
		return ok
	}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"access_token": "t", "token_type": "Bearer", "expires_in": 3600}`)
	})
	mux.Handle("/", sim)
	server := httptest.NewServer(seen.watch(mux))
	defer server.Close()
	const healthCheck = "https://www.googleapis.com/compute/v1/projects/test/global/healthChecks/web"
	held, err := clouddns.New(clouddns.Config{Project: "test", Apex: apex, HTTPClient: sim.Client(), HealthCheck: healthCheck})
	if err != nil {
		t.Fatal(err)
	}
	from := &stated{}
	z := keeping(t, Config{Discovery: from}, "web 30 192.0.2.1 192.0.2.2 192.0.2.3")
	p := config.Provider{
		Name: "google", Kind: config.CloudDNS, Zones: []dnsname.Name{apex}, Owner: "prod", Account: "google", Rates: unlimited(held.Limits()),
		CloudDNS: config.CloudDNSZone{Project: "test", CredentialsFile: serviceAccount(t, server.URL), HealthCheck: healthCheck, Endpoint: server.URL},
		Shape: plan.Shape{
			Regions: map[string]string{"eu": "europe-west1", "us": "us-east1"},
			Order:   []string{"us-1"},
			Health:  hosted.Health{Protocol: "TCP", Port: 443},
		},
	}
	id := func(address string) string { // of a weighted set
		r := holding(t, "web 30 "+address).Node(web)
		for set := range r.RRsets() {
			return clouddns.SetID(hosted.Routing{Policy: hosted.PolicyWeighted}, set)
		}
		return ""
	}
	weighted := func(sets ...string) string {
		for i, s := range sets {
			weight, address, _ := strings.Cut(s, " ")
			sets[i] = fmt.Sprintf("%s[weight %s] 30 %s", id(address), weight, address)
		}
		slices.Sort(sets)
		return strings.Join(sets, " | ")
	}
	steps := []struct {
		routing hosted.Policy
		policy  string
		shards  []string
		want    string
	}{
		{hosted.PolicySimple, "", shards, "30 192.0.2.1 192.0.2.2 192.0.2.3"},
		{hosted.PolicyWeighted, "", shards, weighted("3 192.0.2.1", "2 192.0.2.2", "1 192.0.2.3")},
		{hosted.PolicyWeighted, "", []string{"eu-1 eu 3 192.0.2.1", "eu-2 eu 2 192.0.2.1", "us-1 us 1 192.0.2.3"}, weighted("5 192.0.2.1", "1 192.0.2.3")},
		{hosted.PolicyGeo, "", shards, "europe-west1[geo europe-west1] 30 192.0.2.1 192.0.2.2 | us-east1[geo us-east1] 30 192.0.2.3"},
		{hosted.PolicyFailover, "", shards, "primary[primary] 30 192.0.2.3 | secondary[secondary] 30 192.0.2.1 192.0.2.2"},
		{hosted.PolicyFailover, "Nearest", shards, "europe-west1[geo europe-west1] 30 192.0.2.1 192.0.2.2 | us-east1[geo us-east1] 30 192.0.2.3"},
		{hosted.PolicyFailover, "Weighted", shards, weighted("3 192.0.2.1", "2 192.0.2.2", "1 192.0.2.3")},
		{hosted.PolicyFailover, "All", shards, "30 192.0.2.1 192.0.2.2 192.0.2.3"},
	}
	for _, s := range steps {
		p.Shape.Routing = s.routing
		from.set(web, origin(t, s.policy, s.shards...))
		z.Apply([]config.Provider{p})
		z.Recheck()
		becomes(t, z, p, held, "web A "+s.want)
	}
	seen.check(t, len(steps))
	if st := of(z, "google"); st.Calls.Conflicts+st.Calls.Refused+st.Calls.Failed > 0 {
		t.Errorf("calls went wrong: %+v", st.Calls)
	}
}
