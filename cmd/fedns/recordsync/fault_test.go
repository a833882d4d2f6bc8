package recordsync

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fedns/fedns/cmd/fedns/config"
	"github.com/fedns/fedns/providers"
	"github.com/fedns/fedns/providers/plan"
	"github.com/fedns/fedns/providers/route53"
	"github.com/fedns/fedns/providers/route53/route53test"
)

// disk is a provider that writes files.
func disk(name, dir string, zones ...string) config.Provider {
	return config.Provider{Name: name, Kind: config.ZoneFile, Dir: dir, Zones: names(zones...), Owner: "prod", Account: name}
}

// TestOneProviderHangs: the others are written, planned and reconfigured all the same,
// and to take it out does not wait for it.
func TestOneProviderHangs(t *testing.T) {
	asked, done := make(chan struct{}, 100), make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case asked <- struct{}{}:
		default:
		}
		select {
		case <-r.Context().Done():
		case <-done:
		}
	}))
	defer silent.Close()
	defer close(done)
	dir := t.TempDir()
	file := filepath.Join(dir, "example.com.zone")
	z := keeping(t, Config{}, "web 30 192.0.2.1")
	hangs := config.Provider{Name: "hangs", Kind: config.Webhook, URL: silent.URL, Zones: names("example.com."), Owner: "prod", Account: "hangs"}
	z.Apply([]config.Provider{hangs, disk("disk", dir, "example.com.")})
	<-asked
	written := func(want string) {
		t.Helper()
		awaiting(t, func() bool { return addresses(t, file) == want }, func() string { return addresses(t, file) + ", want " + want })
	}
	written("web 192.0.2.1")
	z.Feed(apex, holding(t, "web 30 192.0.2.2"), nil)
	written("web 192.0.2.2")
	planned := func(within time.Duration) bool {
		ctx, cancel := context.WithTimeout(t.Context(), within)
		defer cancel()
		ready := false
		for _, p := range z.Plan(ctx, "") {
			switch {
			case p.Provider == "disk":
				ready = p.Err == nil
			case p.Err == nil:
				t.Errorf("there is a plan of %s", p.Provider)
			}
		}
		return ready
	}
	// However long the one that hangs has, the other does not wait for it.
	for within := 100 * time.Millisecond; !planned(within); within *= 2 {
		if within > 30*time.Second {
			t.Fatalf("disk is not planned within %v", within)
		}
	}
	began := time.Now()
	z.Apply([]config.Provider{disk("disk", dir, "example.com.")})
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v to take the one out that hangs", took)
	}
	z.Feed(apex, holding(t, "web 30 192.0.2.3"), nil)
	written("web 192.0.2.3")
}

// TestUnknownZone: of a zone that fedns does not serve yet nothing is written and
// nothing planned; one that the provider does not have is told of.
func TestUnknownZone(t *testing.T) {
	dir := t.TempDir()
	sim := route53test.New(route53test.Config{})
	amazon := httptest.NewServer(sim)
	defer amazon.Close()
	keys := filepath.Join(dir, "credentials")
	if err := os.WriteFile(keys, []byte("[default]\naws_access_key_id = AKID\naws_secret_access_key = SECRET\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	z := keeping(t, Config{}, "web 30 192.0.2.1")
	z.Apply([]config.Provider{disk("disk", dir, "example.com.", "example.net."), {
		Name: "aws", Kind: config.Route53, Zones: names("example.com."), Owner: "prod", Account: "aws", Rates: unlimited(route53.Limits(apex)),
		Route53: config.Route53Zone{CredentialsFile: keys, Endpoint: amazon.URL},
	}})
	state := func(provider, zone string) providers.Status {
		for _, s := range z.Status() {
			if s.Provider == provider && s.Zone == zone {
				return s
			}
		}
		return providers.Status{}
	}
	awaiting(t, func() bool {
		return state("disk", "example.com.").Phase == providers.PhaseInSync && state("disk", "example.net.").Phase == providers.PhaseWaiting &&
			strings.Contains(state("aws", "example.com.").Error, "there are 0 hosted zones example.com.")
	}, func() string { return fmt.Sprintf("%+v", z.Status()) })
	if got := addresses(t, filepath.Join(dir, "example.net.zone")); got != "" {
		t.Errorf("of a zone that is not served %q was written", got)
	}
	for _, p := range z.Plan(t.Context(), "disk") {
		if (p.Err != nil) != (p.Zone == "example.net.") {
			t.Errorf("plan of %s: %v", p.Zone, p.Err)
		}
	}
	sim.AddZone("example.com", false) // which is found then
	awaiting(t, func() bool { return state("aws", "example.com.").Phase == providers.PhaseInSync }, func() string { return fmt.Sprintf("%+v", state("aws", "example.com.")) })
}

// TestFaultyConfiguration: what cannot be used is told of, and what was before goes on.
func TestFaultyConfiguration(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "example.com.zone")
	seal := filepath.Join(dir, "seal.key")
	z := keeping(t, Config{}, "web 30 192.0.2.1")
	p := disk("disk", dir, "example.com.")
	z.Apply([]config.Provider{p})
	awaiting(t, func() bool { return addresses(t, file) == "web 192.0.2.1" }, func() string { return fmt.Sprint(z.Status()) })
	bad := p
	bad.SealKey = seal
	z.Apply([]config.Provider{bad, {Name: "new", Kind: config.ZoneFile, Dir: filepath.Join(dir, "none"), Zones: names("example.com."), Owner: "prod", Account: "new"}})
	if st := of(z, "disk"); !strings.Contains(st.Error, "sealKey") || !strings.Contains(st.Error, "what was configured before goes on") {
		t.Errorf("status of what cannot be changed: %+v", st)
	}
	if st := of(z, "new"); st.Phase != providers.PhaseFailing || !strings.Contains(st.Error, "none") {
		t.Errorf("status of what cannot be begun: %+v", st)
	}
	z.Feed(apex, holding(t, "web 30 192.0.2.2"), nil)
	awaiting(t, func() bool { return addresses(t, file) == "web 192.0.2.2" }, func() string { return fmt.Sprint(z.Status()) })
	// The key is there now: claims are sealed from then on.
	if err := os.WriteFile(seal, []byte(strings.Repeat("0f", 32)), 0o600); err != nil {
		t.Fatal(err)
	}
	z.Apply([]config.Provider{bad})
	z.Feed(apex, holding(t, "web 30 192.0.2.3"), nil)
	awaiting(t, func() bool {
		text, _ := os.ReadFile(file)
		return addresses(t, file) == "web 192.0.2.3" && strings.Contains(string(text), "sealed=") && !strings.Contains(string(text), "owner=prod")
	}, func() string { return fmt.Sprintf("%+v", z.Status()) })
	if st := of(z, "disk"); st.Error != "" {
		t.Errorf("status of what works again: %+v", st)
	}
}

// TestWordWithoutNeed: a word that nothing waits for is not taken for one.
func TestWordWithoutNeed(t *testing.T) {
	dir := t.TempDir()
	z := keeping(t, Config{}, "web 30 192.0.2.1")
	dry := disk("dry", t.TempDir(), "example.com.")
	dry.DryRun = true
	z.Apply([]config.Provider{disk("disk", dir, "example.com."), dry})
	awaiting(t, func() bool { return of(z, "disk").Phase == providers.PhaseInSync }, func() string { return fmt.Sprint(z.Status()) })
	for _, p := range []string{"disk", "dry"} {
		if err := z.Release(p); err == nil || !strings.Contains(err.Error(), "no deletions are held at provider "+p) {
			t.Errorf("%s: %v, want it to say that nothing is held", p, err)
		}
	}
}

// TestFollower: a replica that does not lead plans, writes nothing, and takes no word.
func TestFollower(t *testing.T) {
	dir := t.TempDir()
	z := keeping(t, Config{Lead: func(ctx context.Context, _ func(context.Context)) { <-ctx.Done() }}, "web 30 192.0.2.1")
	z.Apply([]config.Provider{disk("disk", dir, "example.com.")})
	if got := todo(t, z, "disk"); len(got) != 1 || got[0] != "create web.example.com. A: it does not exist" {
		t.Errorf("it plans %q", got)
	}
	if err := z.Release("disk"); err == nil || !strings.Contains(err.Error(), "another replica writes") {
		t.Errorf("it takes a word: %v", err)
	}
	if _, err := z.Adopt(t.Context(), "disk", Adoption{From: "old"}); err == nil || !strings.Contains(err.Error(), "another replica writes") {
		t.Errorf("it adopts: %v", err)
	}
	if planned, err := z.Adopt(t.Context(), "disk", Adoption{From: "old", DryRun: true}); err != nil || len(planned) != 1 || planned[0].Err != nil {
		t.Errorf("it does not tell what it would adopt: %v %v", planned, err)
	}
	if st := of(z, "disk"); st.Phase != providers.PhaseStandby || addresses(t, filepath.Join(dir, "example.com.zone")) != "" {
		t.Errorf("%s, and something was written", st.Phase)
	}
	for _, p := range z.Plan(t.Context(), "") {
		for _, u := range p.Units {
			for _, a := range u.Actions {
				if a.Verb == plan.Refuse {
					t.Errorf("%s is refused", a.Reason)
				}
			}
		}
	}
}
