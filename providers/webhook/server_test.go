package webhook_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/dnsserver/zonefile"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/webhook"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var apex = dnsname.MustParse("example.com")

const media = "application/external.dns.webhook+json;version=1"

// record is an endpoint as a server sees it.
type record struct {
	DNSName          string              `json:"dnsName,omitempty"`
	Targets          []string            `json:"targets,omitempty"`
	RecordType       string              `json:"recordType,omitempty"`
	SetIdentifier    string              `json:"setIdentifier,omitempty"`
	RecordTTL        int64               `json:"recordTTL,omitempty"`
	Labels           map[string]string   `json:"labels,omitempty"`
	ProviderSpecific []map[string]string `json:"providerSpecific,omitempty"`
}

func (r record) id() string { return r.DNSName + " " + r.RecordType + " " + r.SetIdentifier }

// server is a webhook that keeps what it is told.
type server struct {
	*httptest.Server

	mu      sync.Mutex
	records []record
	posts   []map[string][]record
	calls   []string
	// Each may answer a request, and then says so.
	answer func(w http.ResponseWriter, r *http.Request) bool
	filter string                      // JSON
	adjust func(all []record) []record // nil: as they are
}

func serve(t *testing.T) *server {
	t.Helper()
	s := &server{filter: "{}"}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, r.Method+" "+r.URL.Path)
	if s.answer != nil && s.answer(w, r) {
		return
	}
	action := r.Method + " " + r.URL.Path
	if (r.Method == http.MethodGet && r.Header.Get("Accept") != media) || (r.Method == http.MethodPost && r.Header.Get("Content-Type") != media) {
		http.Error(w, "media type", http.StatusUnsupportedMediaType)
		return
	}
	w.Header().Set("Content-Type", media)
	switch action {
	case "GET /":
		_, _ = w.Write([]byte(s.filter))
	case "GET /records":
		_ = json.NewEncoder(w).Encode(s.records)
	case "POST /adjustendpoints":
		var all []record
		if err := json.NewDecoder(r.Body).Decode(&all); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if s.adjust != nil {
			all = s.adjust(all)
		}
		_ = json.NewEncoder(w).Encode(all)
	case "POST /records":
		var c map[string][]record
		if err := json.NewDecoder(r.Body).Decode(&c); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		s.posts = append(s.posts, c)
		for _, old := range slices.Concat(c["updateOld"], c["delete"]) {
			s.records = slices.DeleteFunc(s.records, func(r record) bool { return r.id() == old.id() })
		}
		s.records = append(s.records, slices.Concat(c["create"], c["updateNew"])...)
		w.WriteHeader(http.StatusNoContent)
	default:
		http.NotFound(w, r)
	}
}

// with changes the server between requests.
func (s *server) with(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

func (s *server) count(action string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, c := range s.calls {
		if c == action {
			n++
		}
	}
	return n
}

func open(t *testing.T, s *server, change func(*webhook.Config)) *webhook.Zone {
	t.Helper()
	cfg := webhook.Config{Apex: apex, URL: s.URL, Timeout: 10 * time.Second}
	if change != nil {
		change(&cfg)
	}
	z, err := webhook.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(z.Close)
	return z
}

// entry is one in zone file form.
func entry(t *testing.T, owner string, typ uint16, ttl uint32, texts ...string) hosted.Entry {
	t.Helper()
	k := hosted.Key{Owner: dnsname.MustParse(owner), Type: typ}
	var rdatas []string
	for _, text := range texts {
		rdata, err := zonefile.ParseRDATA(typ, text)
		if err != nil {
			t.Fatal(err)
		}
		rdatas = append(rdatas, rdata)
	}
	return hosted.Simple(zone.NewRRset(k.Owner, typ, ttl, rdatas...))
}

func apply(t *testing.T, z hosted.Zone, changes ...hosted.Change) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, err := z.Apply(ctx, hosted.Batch{Changes: changes})
	return err
}

// edit is somebody else's hand: it makes what is there exactly the Entry.
func (s *server) edit(_ context.Context, e hosted.Entry) error {
	r := record{DNSName: strings.TrimSuffix(e.Key.Owner.String(), "."), RecordType: typeName(e.Key.Type)}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records = slices.DeleteFunc(s.records, func(o record) bool { return o.id() == r.id() })
	for _, set := range e.Sets {
		r.RecordTTL = int64(set.TTL())
		for rdata := range set.Records.RDATA() {
			r.Targets = append(r.Targets, zonefile.RDATAText(e.Key.Type, rdata))
		}
		s.records = append(s.records, r)
	}
	return nil
}
