package clouddnstest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// post makes a change, and returns the status and the first reason.
func post(t *testing.T, s *Server, c Change) (int, string) {
	t.Helper()
	b, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/dns/v1/projects/test/managedZones/z/changes", bytes.NewReader(b)))
	var body struct {
		Error struct{ Errors []struct{ Reason string } }
	}
	_ = json.Unmarshal(w.Body.Bytes(), &body)
	if len(body.Error.Errors) > 0 {
		return w.Code, body.Error.Errors[0].Reason
	}
	return w.Code, ""
}

func start(visibility string) *Server {
	s := New(Config{})
	s.AddZone("z", "example.com.", visibility)
	return s
}

func a(name string, data ...string) RRset {
	return RRset{Name: name + ".example.com.", Type: "A", TTL: 60, RRDatas: data}
}

func numbered(n int, make func(i int) RRset) []RRset {
	out := []RRset{}
	for i := range n {
		out = append(out, make(i))
	}
	return out
}

func addresses(n int) []string {
	out := []string{}
	for i := range n {
		out = append(out, fmt.Sprintf("10.0.%d.%d", i/256, i%256))
	}
	return out
}

func items(n int) *RoutingPolicy {
	p := &RoutingPolicy{WRR: &WRR{}}
	for i := range n {
		p.WRR.Items = append(p.WRR.Items, WRRItem{Weight: 1, RRDatas: []string{fmt.Sprintf("10.0.0.%d", i)}})
	}
	return p
}

// TestLimits: at each limit a change is made, one past it is refused, with the
// reason that Cloud DNS gives.
func TestLimits(t *testing.T) {
	one := func(r RRset) Change { return Change{Additions: []RRset{r}} }
	txt := func(text string) RRset {
		return RRset{Name: "t.example.com.", Type: "TXT", TTL: 60, RRDatas: []string{text}}
	}
	with := func(r RRset, edit func(*RRset)) RRset { edit(&r); return r }
	manyTXT := func(n int) []RRset { // each is 250 octets
		return numbered(n, func(i int) RRset {
			return RRset{Name: fmt.Sprintf("t%d.example.com.", i), Type: "TXT", TTL: 60, RRDatas: []string{`"` + strings.Repeat("x", 248) + `"`}}
		})
	}
	failover := func(edit func(*RoutingPolicy)) RRset {
		p := &RoutingPolicy{HealthCheck: "https://check", PrimaryBackup: &PrimaryBackup{
			PrimaryTargets:   &Targets{ExternalEndpoints: []string{"192.0.2.1"}},
			BackupGeoTargets: &Geo{Items: []GeoItem{{Location: "us-east1", RRDatas: []string{"192.0.2.2"}}}},
		}}
		edit(p)
		return RRset{Name: "f.example.com.", Type: "A", TTL: 60, RoutingPolicy: p}
	}
	geo := func(locations ...string) RRset {
		g := &Geo{}
		for _, l := range locations {
			g.Items = append(g.Items, GeoItem{Location: l, RRDatas: []string{"192.0.2.1"}})
		}
		return RRset{Name: "g.example.com.", Type: "A", TTL: 60, RoutingPolicy: &RoutingPolicy{Geo: g}}
	}
	for _, tt := range []struct {
		name     string
		at, past Change
		code     int
		reason   string
	}{
		{"additions", Change{Additions: numbered(1000, func(i int) RRset { return a(fmt.Sprint("h", i), "192.0.2.1") })},
			Change{Additions: numbered(1001, func(i int) RRset { return a(fmt.Sprint("h", i), "192.0.2.1") })}, 403, "quotaExceeded"},
		{"data of a change", Change{Additions: manyTXT(400)}, Change{Additions: append(manyTXT(400), a("x", "1.1.1.1"))}, 403, "quotaExceeded"},
		{"records of a set", one(a("h", addresses(100)...)), one(a("h", addresses(101)...)), 403, "quotaExceeded"},
		{"name servers", one(RRset{Name: "s.example.com.", Type: "NS", TTL: 60, RRDatas: names(8)}), one(RRset{Name: "s.example.com.", Type: "NS", TTL: 60, RRDatas: names(9)}), 403, "quotaExceeded"},
		{"items of a policy", one(RRset{Name: "w.example.com.", Type: "A", TTL: 60, RoutingPolicy: items(100)}), one(RRset{Name: "w.example.com.", Type: "A", TTL: 60, RoutingPolicy: items(101)}), 403, "quotaExceeded"},
		{"TTL", one(with(a("h", "192.0.2.1"), func(r *RRset) { r.TTL = 1<<31 - 1 })), one(with(a("h", "192.0.2.1"), func(r *RRset) { r.TTL = 1 << 31 })), 400, "invalid"},
		{"TXT string", one(txt(`"` + strings.Repeat(`\"`, 255) + `"`)), one(txt(`"` + strings.Repeat("x", 256) + `"`)), 400, "invalid"},
		{"unquoted TXT string", one(txt(strings.Repeat("x", 255) + " y")), one(txt("y " + strings.Repeat("x", 256))), 400, "invalid"},
		{"label", one(a(strings.Repeat("x", 63), "192.0.2.1")), one(a(strings.Repeat("x", 64), "192.0.2.1")), 400, "invalid"},
		{"name of the zone", one(a("*.h", "192.0.2.1")), one(RRset{Name: "h.example.net.", Type: "A", TTL: 60, RRDatas: []string{"192.0.2.1"}}), 400, "invalid"},
		{"type", one(RRset{Name: "h.example.com.", Type: "SVCB", TTL: 60, RRDatas: []string{"1 ."}}), one(RRset{Name: "h.example.com.", Type: "LOC", TTL: 60, RRDatas: []string{"x"}}), 400, "invalid"},
		{"address", one(a("h", "192.0.2.1")), one(a("h", "192.0.2.256")), 400, "invalid"},
		{"absolute target", one(RRset{Name: "h.example.com.", Type: "CNAME", TTL: 60, RRDatas: []string{"x.example.net."}}), one(RRset{Name: "h.example.com.", Type: "CNAME", TTL: 60, RRDatas: []string{"x.example.net"}}), 400, "invalid"},
		{"one CNAME", one(RRset{Name: "h.example.com.", Type: "CNAME", TTL: 60, RRDatas: names(1)}), one(RRset{Name: "h.example.com.", Type: "CNAME", TTL: 60, RRDatas: names(2)}), 400, "invalidRecordCount"},
		{"CNAME beside", one(a("h", "192.0.2.1")), Change{Additions: []RRset{a("h", "192.0.2.1"), {Name: "h.example.com.", Type: "CNAME", TTL: 60, RRDatas: names(1)}}}, 400, "cnameResourceRecordSetConflict"},
		{"CNAME at the apex", one(a("h", "192.0.2.1")), one(RRset{Name: "example.com.", Type: "CNAME", TTL: 60, RRDatas: names(1)}), 400, "cnameResourceRecordSetConflict"},
		{"wildcard", one(a("*.h", "192.0.2.1")), one(RRset{Name: "*.example.com.", Type: "NS", TTL: 60, RRDatas: names(1)}), 400, "wildcardNotAllowed"},
		{"data or policy", one(a("h", "192.0.2.1")), one(a("h")), 400, "required"},
		{"data twice", one(a("h", "192.0.2.1", "192.0.2.2")), one(a("h", "192.0.2.1", "192.0.2.1")), 400, "invalid"},
		{"weight", one(RRset{Name: "w.example.com.", Type: "A", TTL: 60, RoutingPolicy: &RoutingPolicy{WRR: &WRR{Items: []WRRItem{{RRDatas: []string{"192.0.2.1"}}}}}}),
			one(RRset{Name: "w.example.com.", Type: "A", TTL: 60, RoutingPolicy: &RoutingPolicy{WRR: &WRR{Items: []WRRItem{{Weight: -1, RRDatas: []string{"192.0.2.1"}}}}}}), 400, "invalid"},
		{"location twice", one(geo("us-east1", "europe-west12")), one(geo("us-east1", "us-east1")), 400, "invalid"},
		{"location", one(geo("us-east1")), one(geo("Europe")), 400, "invalid"},
		{"failover", one(failover(func(*RoutingPolicy) {})), one(failover(func(p *RoutingPolicy) { p.HealthCheck = "" })), 400, "invalid"},
		{"trickle", one(failover(func(p *RoutingPolicy) { p.PrimaryBackup.TrickleTraffic = 1 })), one(failover(func(p *RoutingPolicy) { p.PrimaryBackup.TrickleTraffic = 1.1 })), 400, "invalid"},
		{"one policy", one(geo("us-east1")), one(with(geo("us-east1"), func(r *RRset) { r.RoutingPolicy.WRR = &WRR{} })), 400, "invalid"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := start("public")
			before := len(s.RRsets("z"))
			if code, reason := post(t, s, tt.past); code != tt.code || reason != tt.reason {
				t.Errorf("one past: %d %s, want %d %s", code, reason, tt.code, tt.reason)
			}
			if n := len(s.RRsets("z")); n != before {
				t.Errorf("%d record sets after a refusal, before %d", n, before)
			}
			if code, reason := post(t, s, tt.at); code != 200 {
				t.Errorf("at the limit: %d %s", code, reason)
			}
		})
	}
}

func names(n int) []string {
	out := []string{}
	for i := range n {
		out = append(out, fmt.Sprintf("n%d.example.net.", i))
	}
	return out
}

// TestExact: deletions match to the letter, and nothing is half made.
func TestExact(t *testing.T) {
	have := RRset{Name: "w.example.com.", Type: "A", TTL: 60, RoutingPolicy: items(2)}
	edited := func(edit func(*RRset)) RRset {
		r := have
		r.RoutingPolicy = items(2)
		edit(&r)
		return r
	}
	apex, _ := start("public").Get("z", "example.com.", "NS")
	for _, tt := range []struct {
		name   string
		c      Change
		code   int
		reason string
	}{
		{"exact", Change{Deletions: []RRset{have, a("h", "192.0.2.2", "192.0.2.1")}}, 200, ""},
		{"TTL", Change{Deletions: []RRset{edited(func(r *RRset) { r.TTL = 61 })}}, 412, "conditionNotMet"},
		{"weight", Change{Deletions: []RRset{edited(func(r *RRset) { r.RoutingPolicy.WRR.Items[0].Weight = 2 })}}, 412, "conditionNotMet"},
		{"data", Change{Deletions: []RRset{a("h", "192.0.2.1")}}, 412, "conditionNotMet"},
		{"spelling", Change{Deletions: []RRset{a("h", "192.0.2.1", "192.0.2.02")}}, 412, "conditionNotMet"},
		{"missing", Change{Deletions: []RRset{a("none", "192.0.2.1")}}, 404, "notFound"},
		{"twice", Change{Deletions: []RRset{have, have}}, 404, "notFound"},
		{"exists", Change{Additions: []RRset{a("h", "192.0.2.9")}}, 409, "alreadyExists"},
		{"added twice", Change{Additions: []RRset{a("x", "192.0.2.9"), a("x", "192.0.2.8")}}, 409, "alreadyExists"},
		{"replaced", Change{Deletions: []RRset{have}, Additions: []RRset{edited(func(r *RRset) { r.TTL = 1 })}}, 200, ""},
		{"the apex's NS", Change{Deletions: []RRset{apex}}, 400, "invalidZoneApex"},
		{"the good beside the bad", Change{Additions: []RRset{a("x", "192.0.2.9")}, Deletions: []RRset{a("none", "192.0.2.1")}}, 404, "notFound"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := start("public")
			s.Put("z", have)
			s.Put("z", a("h", "192.0.2.1", "192.0.2.2"))
			before := fmt.Sprint(s.RRsets("z"))
			code, reason := post(t, s, tt.c)
			if code != tt.code || reason != tt.reason {
				t.Errorf("%d %s, want %d %s", code, reason, tt.code, tt.reason)
			}
			if changed := fmt.Sprint(s.RRsets("z")) != before; changed != (tt.code == 200) {
				t.Errorf("changed: %v", changed)
			}
		})
	}
}

// TestZoneQuota: a zone at its quota takes replacements and no more.
func TestZoneQuota(t *testing.T) {
	s := New(Config{Quota: Quota{RRsetsPerZone: 3}})
	s.AddZone("z", "example.com.", "public")
	if code, _ := post(t, s, Change{Additions: []RRset{a("a", "192.0.2.1")}}); code != 200 {
		t.Fatal(code)
	}
	if code, reason := post(t, s, Change{Additions: []RRset{a("b", "192.0.2.1")}}); code != 403 || reason != "quotaExceeded" {
		t.Errorf("%d %s", code, reason)
	}
	if code, reason := post(t, s, Change{Deletions: []RRset{a("a", "192.0.2.1")}, Additions: []RRset{a("b", "192.0.2.1")}}); code != 200 {
		t.Errorf("%d %s", code, reason)
	}
}

// TestRate: a call more than the quota has is throttled, and told how long to wait.
func TestRate(t *testing.T) {
	now := time.Unix(0, 0)
	s := New(Config{Clock: func() time.Time { return now }, Writes: Rate{Burst: 2, PerSecond: 0.5}})
	s.AddZone("z", "example.com.", "public")
	for i, want := range []int{200, 200, 429} {
		if code, _ := post(t, s, Change{Additions: []RRset{a(fmt.Sprint("h", i), "192.0.2.1")}}); code != want {
			t.Errorf("call %d: %d, want %d", i, code, want)
		}
	}
	now = now.Add(2 * time.Second)
	if code, _ := post(t, s, Change{Additions: []RRset{a("later", "192.0.2.1")}}); code != 200 {
		t.Errorf("two seconds later: %d", code)
	}
	if n := s.Calls()["dns.changes.create"]; n != 4 {
		t.Errorf("%d calls counted, want 4", n)
	}
}

// TestPages: all pages together are all, each once, and tokens survive changes.
func TestPages(t *testing.T) {
	s := start("private")
	for i := range 25 {
		s.Put("z", a(fmt.Sprintf("h%02d", i), "192.0.2.1"))
	}
	seen, token := map[string]int{}, ""
	for range 20 {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/dns/v1/projects/test/managedZones/z/rrsets?maxResults=10", nil)
		if token != "" {
			q := r.URL.Query()
			q.Set("pageToken", token)
			r.URL.RawQuery = q.Encode()
		}
		s.ServeHTTP(w, r)
		var page rrsetsPage
		if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil {
			t.Fatal(err)
		}
		for _, r := range page.RRsets {
			seen[r.Name+r.Type]++
		}
		s.Put("z", a(fmt.Sprintf("g%02d", len(seen)), "192.0.2.1")) // before what comes next
		if token = page.NextPageToken; token == "" {
			break
		}
		name, typ, _ := strings.Cut(token, " ")
		s.Delete("z", name, typ) // a token is good though its record set is gone
	}
	if len(seen) != 27 {
		t.Errorf("%d record sets, want 27", len(seen))
	}
	for k, n := range seen {
		if n != 1 {
			t.Errorf("%s came %d times", k, n)
		}
	}
}

// TestChanges: the past is told in order, and as far as it has come.
func TestChanges(t *testing.T) {
	now := time.Unix(0, 0)
	s := New(Config{Clock: func() time.Time { return now }, Propagation: 5 * time.Second})
	s.AddZone("z", "example.com.", "public")
	for i := range 3 {
		if code, _ := post(t, s, Change{Additions: []RRset{a(fmt.Sprint("h", i), "192.0.2.1")}}); code != 200 {
			t.Fatal(code)
		}
		now = now.Add(2 * time.Second)
	}
	for query, want := range map[string]string{
		"":                                   "1 done, 2 pending, 3 pending, ",
		"?sortOrder=descending":              "3 pending, 2 pending, 1 done, ",
		"?sortBy=changeSequence&pageToken=2": "3 pending, ",
		"?maxResults=1":                      "1 done, then 1",
	} {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/dns/v1/projects/test/managedZones/z/changes"+query, nil))
		var page changesPage
		if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, c := range page.Changes {
			got += c.ID + " " + c.Status + ", "
		}
		if page.NextPageToken != "" {
			got += "then " + page.NextPageToken
		}
		if got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
}
