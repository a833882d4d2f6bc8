package webhook_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/providertest"
	"github.com/fedns/fedns/providers/webhook"
)

func typeName(typ uint16) string { return dns.TypeToString[typ] }

func TestSuite(t *testing.T) {
	s := serve(t)
	z := open(t, s, nil)
	providertest.Run(t, providertest.Config{
		Zone: z, Apex: apex, Limits: z.Limits(), Types: webhook.Types(), EditByHand: s.edit,
	})
}

// TestForms: an Entry as external-dns writes it, and as servers tell it.
func TestForms(t *testing.T) {
	for _, c := range []struct {
		entry hosted.Entry
		tells []string   // the targets written
		reads [][]string // other forms of them
		name  string
	}{
		{entry(t, "www.example.com", zone.TypeA, 60, "192.0.2.1", "192.0.2.2"), []string{"192.0.2.1", "192.0.2.2"}, [][]string{{"192.0.2.2", "192.0.2.1"}}, "www.example.com"},
		{entry(t, "*.example.com", zone.TypeAAAA, 60, "2001:db8::1"), []string{"2001:db8::1"}, [][]string{{"2001:DB8:0::0001"}}, "*.example.com"},
		{entry(t, "c.example.com", zone.TypeCNAME, 60, "web.example.net."), []string{"web.example.net"}, [][]string{{"Web.example.net."}}, "c.example.com"},
		{entry(t, "example.com", zone.TypeMX, 60, "10 mail.example.net."), []string{"10 mail.example.net"}, [][]string{{"10 mail.example.net."}}, "example.com"},
		{entry(t, "_a._tcp.example.com", zone.TypeSRV, 60, "0 5 443 a.example.net."), []string{"0 5 443 a.example.net."}, [][]string{{"0 5 443 a.example.net"}}, "_a._tcp.example.com"},
		{entry(t, "n.example.com", zone.TypeNS, 60, "a.example.net."), []string{"a.example.net"}, nil, "n.example.com"},
		{entry(t, "t.example.com", zone.TypeTXT, 60, `"heritage=external-dns,a=b"`), []string{`"heritage=external-dns,a=b"`}, [][]string{{`heritage=external-dns,a=b`}}, "t.example.com"},
		{entry(t, "t.example.com", zone.TypeTXT, 60, `"say \"a\" \\"`), []string{`"say \"a\" \\"`}, [][]string{{`say "a" \`}}, "t.example.com"},
		{entry(t, "t.example.com", zone.TypeTXT, 60, `"a" "b"`), []string{`"a" "b"`}, nil, "t.example.com"},
	} {
		t.Run(c.entry.String(), func(t *testing.T) {
			s := serve(t)
			z := open(t, s, nil)
			if err := apply(t, z, hosted.Change{New: c.entry}); err != nil {
				t.Fatal(err)
			}
			want := record{DNSName: c.name, Targets: c.tells, RecordType: typeName(c.entry.Key.Type), RecordTTL: 60}
			if got := s.posts[0]["create"]; !reflect.DeepEqual(got, []record{want}) {
				t.Errorf("wrote %+v, want %+v", got, want)
			}
			for _, targets := range append(c.reads, c.tells) {
				s.with(func() { s.records[0].Targets = targets; s.records[0].DNSName = strings.ToUpper(c.name) + "." })
				got, err := z.Read(t.Context(), c.entry.Key)
				if err != nil || len(got) != 1 || !got[0].Equal(c.entry) {
					t.Errorf("%q is read as %s (%v)", targets, got, err)
				}
			}
		})
	}
}

// TestForeign: what others wrote is told from what fedns would, and sent back as
// it came.
func TestForeign(t *testing.T) {
	s := serve(t)
	theirs := []record{
		{DNSName: "a.example.com", RecordType: "A", Targets: []string{"lb.example.net"}, ProviderSpecific: []map[string]string{{"name": "alias", "value": "true"}}},
		{DNSName: "w.example.com", RecordType: "A", Targets: []string{"192.0.2.1"}, RecordTTL: 60, SetIdentifier: "one", Labels: map[string]string{"owner": "x"}},
		{DNSName: "w.example.com", RecordType: "A", Targets: []string{"192.0.2.2"}, RecordTTL: 60, SetIdentifier: "two"},
		{DNSName: "bad.example.com", RecordType: "AAAA", Targets: []string{"a b"}},
		{DNSName: "s.example.com", RecordType: "A", Targets: []string{"192.0.2.2"}, RecordTTL: 60, Labels: map[string]string{"k": "v"}},
		{DNSName: "s.example.com", RecordType: "A", Targets: []string{"192.0.2.1"}, RecordTTL: 60},
		{DNSName: "x.example.com", RecordType: "ALIAS", Targets: []string{"lb.example.net"}},
		{DNSName: "www.example.org", RecordType: "A", Targets: []string{"192.0.2.1"}},
	}
	s.records = slices.Clone(theirs)
	z := open(t, s, nil)
	all, err := z.Records(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var shown []string
	for _, e := range all {
		shown = append(shown, e.String())
	}
	want := []string{
		"a.example.com. A alias lb.example.net.",
		`bad.example.com. AAAA 0 \# 3 612062`,
		"s.example.com. A 60 192.0.2.1 192.0.2.2",
		"w.example.com. A one[Simple] 60 192.0.2.1 | two[Simple] 60 192.0.2.2",
	}
	if !slices.Equal(shown, want) {
		t.Errorf("got  %q\nwant %q", shown, want)
	}
	merged := theirs[4]
	merged.Targets = []string{"192.0.2.2", "192.0.2.1"}
	for i, c := range []struct {
		at   int
		next hosted.Entry
		want map[string][]record
	}{
		{0, entry(t, "a.example.com", zone.TypeA, 60, "192.0.2.9"), map[string][]record{"updateOld": theirs[:1], "updateNew": {{DNSName: "a.example.com", RecordType: "A", Targets: []string{"192.0.2.9"}, RecordTTL: 60}}}},
		{2, entry(t, "s.example.com", zone.TypeA, 60, "192.0.2.9"), map[string][]record{"updateOld": {merged}, "updateNew": {{DNSName: "s.example.com", RecordType: "A", Targets: []string{"192.0.2.9"}, RecordTTL: 60}}}},
		{1, hosted.Entry{}, map[string][]record{"delete": theirs[3:4]}},
	} {
		if err := apply(t, z, hosted.Change{Old: all[c.at], New: c.next}); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(s.posts[i], c.want) {
			t.Errorf("wrote %+v, want %+v", s.posts[i], c.want)
		}
	}
	if err := apply(t, z, hosted.Change{Old: all[3]}); err != nil || len(s.posts[3]["delete"]) != 2 {
		t.Errorf("a record set of two identifiers: %v, %+v", err, s.posts[3])
	}
}

// TestNothingIsWritten when what is there is not what was expected, or the server
// would make something else.
func TestNothingIsWritten(t *testing.T) {
	is, next := entry(t, "www.example.com", zone.TypeA, 60, "192.0.2.1"), entry(t, "www.example.com", zone.TypeA, 60, "192.0.2.2")
	other := hosted.Change{New: entry(t, "other.example.com", zone.TypeA, 60, "192.0.2.3")}
	k := is.Key
	for _, c := range []struct {
		what   string
		set    func(*server)
		change hosted.Change
		want   string // conflict, or the reason of a refusal
	}{
		{"another address", func(s *server) { s.records[0].Targets[0] = "192.0.2.7" }, hosted.Change{Old: is, New: next}, "conflict"},
		{"another TTL", func(s *server) { s.records[0].RecordTTL = 61 }, hosted.Change{Old: is, New: next}, "conflict"},
		{"gone", func(s *server) { s.records = nil }, hosted.Change{Old: is}, "conflict"},
		{"there already", func(*server) {}, hosted.Change{New: next}, "conflict"},
		{"left out", func(s *server) { s.adjust = func(all []record) []record { return all[:1] } }, hosted.Change{Old: is, New: next}, "the webhook leaves it out"},
		{"another TTL adjusted", func(s *server) {
			s.adjust = func(all []record) []record { all[1].RecordTTL = 300; return all }
		}, hosted.Change{Old: is, New: next}, "the webhook would make it 300 192.0.2.2"},
		{"more", func(s *server) {
			s.adjust = func(all []record) []record {
				return append(all, record{DNSName: "more.example.com", RecordType: "A", Targets: []string{"192.0.2.1"}})
			}
		}, hosted.Change{Old: is, New: next}, "as well"},
		{"filtered", func(s *server) { s.filter = `{"include":["example.com"],"exclude":["www.example.com"]}` }, hosted.Change{Old: is, New: next}, "domain filter"},
	} {
		t.Run(c.what, func(t *testing.T) {
			s := serve(t)
			s.records = []record{{DNSName: "www.example.com", RecordType: "A", Targets: []string{"192.0.2.1"}, RecordTTL: 60}}
			c.set(s)
			err := apply(t, open(t, s, nil), other, c.change)
			var r *hosted.RefusedError
			switch {
			case c.want == "conflict":
				if !errors.Is(err, hosted.ErrConflict) {
					t.Errorf("%v", err)
				}
			case !errors.As(err, &r) || !strings.Contains(r.Reason, c.want) || r.Key == nil && c.what != "more" || r.Key != nil && *r.Key != k:
				t.Errorf("%v, want %s", err, c.want)
			}
			if len(s.posts) > 0 {
				t.Errorf("wrote %+v", s.posts)
			}
		})
	}
	s := serve(t)
	s.adjust = func(all []record) []record {
		all[0].ProviderSpecific = []map[string]string{{"name": "proxied", "value": "false"}}
		return all
	}
	if err := apply(t, open(t, s, nil), other); err != nil || len(s.posts[0]["create"][0].ProviderSpecific) != 1 {
		t.Errorf("what a server adds for itself: %v, %+v", err, s.posts)
	}
}

// throttled notes what the provider tells the Gate.
type throttled struct {
	hosted.Open
	told []string
}

func (g *throttled) Throttled(action string, after time.Duration) {
	g.told = append(g.told, fmt.Sprint(action, " ", after))
}

func TestStatuses(t *testing.T) {
	for _, c := range []struct {
		at     string
		status int
		header string
		want   string
	}{
		{"POST /records", 204, "", "none"},
		{"POST /records", 200, "", "other"},
		{"POST /records", 400, "", "refused"},
		{"POST /records", 409, "", "refused"},
		{"POST /records", 413, "", "refused"},
		{"POST /records", 422, "", "refused"},
		{"POST /adjustendpoints", 400, "", "refused"},
		{"POST /records", 401, "", "other"},
		{"POST /records", 404, "", "other"},
		{"POST /records", 405, "", "other"},
		{"POST /records", 429, "7", "throttled"},
		{"GET /records", 429, "7", "throttled"},
		{"POST /records", 500, "", "other"},
		{"POST /records", 503, "7", "other"},
		{"GET /records", 400, "", "other"},
		{"GET /", 500, "", "other"},
		{"POST /records", 307, "", "other"},
		{"GET /records", 301, "", "other"},
	} {
		t.Run(fmt.Sprint(c.at, c.status), func(t *testing.T) {
			s := serve(t)
			s.answer = func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method+" "+r.URL.Path != c.at {
					return false
				}
				w.Header().Set("Retry-After", c.header)
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(c.status)
				if c.status != 204 {
					fmt.Fprintf(w, "no\nzone %s", strings.Repeat("x", 10000))
				}
				return true
			}
			g := &throttled{}
			err := apply(t, open(t, s, func(c *webhook.Config) { c.Gate = g }), hosted.Change{New: entry(t, "www.example.com", zone.TypeA, 60, "192.0.2.1")})
			if got := typed(err); got != c.want {
				t.Errorf("%v is %s, want %s", err, got, c.want)
			}
			if err != nil && (len(err.Error()) > 700 || !strings.Contains(err.Error(), fmt.Sprint(c.status))) {
				t.Errorf("error %q", err)
			}
			if wants := []string{c.at + " 7s"}; c.header != "" && !slices.Equal(g.told, wants) {
				t.Errorf("the gate heard %q, want %q", g.told, wants)
			}
			var th *hosted.ThrottledError
			if errors.As(err, &th) && th.After != 7*time.Second {
				t.Errorf("after %s", th.After)
			}
			if s.count("GET /elsewhere")+s.count("POST /elsewhere") > 0 {
				t.Error("a redirect was followed")
			}
		})
	}
}

func typed(err error) string {
	var refused *hosted.RefusedError
	var throttled *hosted.ThrottledError
	switch {
	case err == nil:
		return "none"
	case errors.Is(err, hosted.ErrConflict):
		return "conflict"
	case errors.As(err, &refused):
		return "refused"
	case errors.As(err, &throttled):
		return "throttled"
	}
	return "other"
}

func TestBadAnswers(t *testing.T) {
	for what, c := range map[string]struct {
		at, media, body, want string
	}{
		"another version":        {"/", "application/external.dns.webhook+json;version=2", "{}", "content type"},
		"no type":                {"/", "", "{}", "content type"},
		"a filter that is none":  {"/", media, `{"include":5}`, "domain filter"},
		"a bad expression":       {"/", media, `{"regexInclude":"("}`, "regexInclude"},
		"domains and expression": {"/", media, `{"regexInclude":"a","include":["b"]}`, "want one of them"},
		"records: a page":        {"/records", "text/html; charset=utf-8", "<html>", "content type"},
		"records: other version": {"/records", "application/external.dns.webhook+json;version=2", "[]", "content type"},
		"records: an object":     {"/records", media, `{"a":1}`, "want an array"},
		"records: cut":           {"/records", media, `[{"dnsName":"a"},{"dns`, io.ErrUnexpectedEOF.Error()},
		"records: empty":         {"/records", media, ``, io.ErrUnexpectedEOF.Error()},
		"records: wrong field":   {"/records", media, `[{"dnsName":"a"},{"recordTTL":"x"}]`, "endpoint 1"},
		"records: two":           {"/records", media, `[][]`, "behind the array"},
		"records: huge":          {"/records", media, "[" + strings.Repeat(" ", 5000) + "]", "longer than 4000 octets"},
	} {
		t.Run(what, func(t *testing.T) {
			s := serve(t)
			s.answer = func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path != c.at || r.Method != http.MethodGet {
					return false
				}
				w.Header()["Content-Type"] = []string{c.media}
				_, _ = io.WriteString(w, c.body)
				return true
			}
			z := open(t, s, func(c *webhook.Config) { c.MaxBody = 4000 })
			if got, err := z.Records(t.Context()); err == nil || got != nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Records: %v, want %s", err, c.want)
			}
			err := apply(t, z, hosted.Change{New: entry(t, "www.example.com", zone.TypeA, 60, "192.0.2.1")})
			if typed(err) != "other" || len(s.posts) > 0 {
				t.Errorf("Apply: %v, wrote %v", err, s.posts)
			}
		})
	}
	for what, body := range map[string]string{"null": "null", "nulls": "[null, null]", "spaces": " [ ]\n"} {
		s := serve(t)
		s.answer = func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == "/records" {
				_, _ = io.WriteString(w, body) // no content type of ours
				return true
			}
			return false
		}
		if got, err := open(t, s, nil).Records(t.Context()); err != nil || len(got) > 0 {
			t.Errorf("%s: %v, %v", what, got, err)
		}
	}
}

func TestSlowServer(t *testing.T) {
	s := serve(t)
	done := make(chan struct{})
	defer close(done)
	s.answer = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPost && r.URL.Path == "/records" {
			_, _ = io.Copy(io.Discard, r.Body) // only then the end of the connection is seen
			select {
			case <-r.Context().Done():
			case <-done:
			}
			return true
		}
		return false
	}
	change := hosted.Change{New: entry(t, "www.example.com", zone.TypeA, 60, "192.0.2.1")}
	z := open(t, s, func(c *webhook.Config) { c.Timeout = 100 * time.Millisecond })
	if err := apply(t, z, change); typed(err) != "other" || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	s.CloseClientConnections()
	s.Close()
	if err := apply(t, z, change); typed(err) != "other" {
		t.Errorf("nobody there: %v", err)
	}
}

func TestFilters(t *testing.T) {
	for filter, names := range map[string]map[string]bool{
		`{}`:                                          {"www.example.com": true},
		`{"include":["example.com"]}`:                 {"example.com": true, "www.example.com": true},
		`{"include":[".example.com"]}`:                {"example.com": false, "www.example.com": true},
		`{"include":["ample.com", "other.org"]}`:      {"www.example.com": false},
		`{"exclude":["a.example.com"]}`:               {"a.example.com": false, "b.a.example.com": false, "aa.example.com": true},
		`{"regexInclude":"^w+\\.example\\.com$"}`:     {"www.example.com": true, "api.example.com": false},
		`{"regexExclude":"^api"}`:                     {"www.example.com": true, "api.example.com": false},
		`{"include":["xn--mnchen-3ya.example.com."]}`: {"a.xn--mnchen-3ya.example.com": true, "www.example.com": false},
		`{"include":["münchen.example.com"]}`:         {"a.xn--mnchen-3ya.example.com": true},
	} {
		s := serve(t)
		s.filter = filter
		z := open(t, s, nil)
		for name, want := range names {
			err := apply(t, z, hosted.Change{New: entry(t, name, zone.TypeA, 60, "192.0.2.1")})
			if (err == nil) != want || err != nil && typed(err) != "refused" {
				t.Errorf("%s, %s: %v", filter, name, err)
			}
		}
	}
}

func TestConfig(t *testing.T) {
	for want, cfg := range map[string]webhook.Config{
		"zone is missing": {URL: "http://127.0.0.1:8888"},
		"is no URL":       {Apex: apex, URL: "127.0.0.1"},
		"url: parse":      {Apex: apex, URL: "http://127.0.0.1:a"},
		`"" is no URL`:    {Apex: apex},
	} {
		if _, err := webhook.New(cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	s := serve(t)
	s.answer = func(w http.ResponseWriter, r *http.Request) bool {
		r.URL.Path = strings.TrimPrefix(r.URL.Path, "/base")
		return false
	}
	z := open(t, s, func(c *webhook.Config) { c.URL, c.Types = s.URL+"/base", []uint16{zone.TypeA} })
	if err := apply(t, z, hosted.Change{New: entry(t, "www.example.com", zone.TypeA, 60, "192.0.2.1")}); err != nil {
		t.Error(err)
	}
	if err := apply(t, z, hosted.Change{New: entry(t, "www.example.com", zone.TypeTXT, 60, "a")}); typed(err) != "refused" {
		t.Errorf("a type that is not configured: %v", err)
	}
	if ok, err := z.Confirm(t.Context(), ""); !ok || err != nil {
		t.Errorf("confirm: %v, %v", ok, err)
	}
}
