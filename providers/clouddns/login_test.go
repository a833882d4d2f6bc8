package clouddns_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/fedns/fedns/providers/clouddns"
	"github.com/fedns/fedns/providers/clouddns/clouddnstest"
	"github.com/fedns/fedns/providers/hosted"
)

// account writes a service account's key file.
func account(t *testing.T, file, email, tokens string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(map[string]string{
		"type": "service_account", "project_id": "test", "client_email": email, "private_key_id": "1", "token_uri": tokens,
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestCredentials: calls go out by HTTP with the file's account, with the next
// one as soon as the file has it, and with the last one while it is broken.
func TestCredentials(t *testing.T) {
	s := clouddnstest.New(clouddnstest.Config{})
	s.AddZone("example", "example.com.", "public")
	var mu sync.Mutex
	seen := ""
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token" { // RFC 7523: the assertion's middle part says who asks
			parts := strings.Split(r.FormValue("assertion"), ".")
			claims, _ := base64.RawURLEncoding.DecodeString(parts[min(1, len(parts)-1)])
			var who struct{ Iss, Scope string }
			_ = json.Unmarshal(claims, &who)
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(map[string]any{"access_token": who.Iss + " " + who.Scope, "token_type": "Bearer", "expires_in": 3600})
			return
		}
		mu.Lock()
		seen = r.Header.Get("Authorization")
		mu.Unlock()
		s.ServeHTTP(w, r)
	}))
	defer api.Close()
	file := filepath.Join(t.TempDir(), "key.json")
	account(t, file, "first@test", api.URL+"/token")
	z, err := clouddns.New(clouddns.Config{Project: "test", Apex: apex, CredentialsFile: file, Endpoint: api.URL})
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		edit func()
		want string
	}{
		{func() {}, "first@test"},
		{func() { account(t, file, "second@test", api.URL+"/token") }, "second@test"},
		{func() { _ = os.WriteFile(file, []byte("{"), 0o600) }, "second@test"},
	} {
		step.edit()
		if _, err := z.Records(t.Context()); err != nil {
			t.Fatal(err)
		}
		mu.Lock()
		if want := "Bearer " + step.want + " https://www.googleapis.com/auth/ndev.clouddns.readwrite"; seen != want {
			t.Errorf("authorized by %q, want %q", seen, want)
		}
		mu.Unlock()
	}
	s.Inject("dns.resourceRecordSets.list", clouddnstest.Fault{Kind: clouddnstest.Broken})
	if _, err := z.Records(t.Context()); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a call that fails says %v, not that the file %s is broken", err, file)
	}
}

func TestNew(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, tt := range []struct {
		cfg  clouddns.Config
		want string
	}{
		{clouddns.Config{Apex: apex}, "no project"},
		{clouddns.Config{Project: "p"}, "no zone"},
		{clouddns.Config{Project: "p", Apex: apex, CredentialsFile: filepath.Join(dir, "none")}, "none: no such file"},
		{clouddns.Config{Project: "p", Apex: apex, CredentialsFile: file("a.json", "{")}, "a.json: unexpected end"},
		{clouddns.Config{Project: "p", Apex: apex, CredentialsFile: file("b.json", `{"type":"gdch"}`)}, `b.json: type: "gdch" is none of`},
		{clouddns.Config{Project: "p", Apex: apex, CredentialsFile: "x", HTTPClient: http.DefaultClient}, "credentialsFile"},
		{clouddns.Config{Project: "p", Apex: apex, Private: true, HealthCheck: "x"}, "healthCheck"},
	} {
		if _, err := clouddns.New(tt.cfg); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: %v, want an error with %q", tt.cfg, err, tt.want)
		}
	}
}

// TestWhichZone: the managed zone is found by name, or by its being the only one.
func TestWhichZone(t *testing.T) {
	for _, tt := range []struct {
		name, managed string
		private       bool
		want          string // empty: it is found
	}{
		{"the public one", "", false, ""},
		{"two private ones", "", true, "2 zones fit (inside, within)"},
		{"named", "inside", true, ""},
		{"by number", "1002", true, ""},
		{"not as private as meant", "inside", false, "is private"},
		{"another apex", "else", false, "is of example.net., not of example.com."},
		{"none", "nothing", false, "does not exist"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			z, s := open(t, clouddnstest.Config{}, func(c *clouddns.Config) {
				c.ManagedZone, c.Private, c.HealthCheck = tt.managed, tt.private, ""
			})
			s.AddZone("inside", "example.com.", "private")
			s.AddZone("within", "example.com.", "private")
			s.AddZone("else", "example.net.", "public")
			_, err := z.Records(t.Context())
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

// TestAManagedZoneMadeAgain: somebody deleted the managed zone and made another of the
// same name, which is called otherwise. Where none is named in the configuration it is found.
func TestAManagedZoneMadeAgain(t *testing.T) {
	z, s := open(t, clouddnstest.Config{}, nil)
	if _, err := z.Records(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.RemoveZone("example")
	b := hosted.Batch{Changes: []hosted.Change{{New: entry(t, "www 60 A: 192.0.2.1")}}}
	if _, err := z.Apply(t.Context(), b); err == nil || !strings.Contains(err.Error(), "'example' does not exist") {
		t.Errorf("without a managed zone: %v, want its name", err)
	}
	s.AddZone("example-2", "example.com.", "public")
	if _, err := z.Apply(t.Context(), b); err != nil {
		t.Errorf("with another managed zone: %v", err)
	}
	if n := len(s.RRsets("example-2")); n != 3 {
		t.Errorf("the other managed zone has %d record sets, want SOA, NS and what was written", n)
	}
}
