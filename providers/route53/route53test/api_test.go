package route53test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/aws/smithy-go"
)

type testClock struct {
	mu sync.Mutex
	at time.Time
}

func (c *testClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *testClock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func newClock() *testClock { return &testClock{at: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)} }

// client is the real SDK in front of a simulator: over a socket if there is a
// server, else in memory.
func client(s *Simulator, url string) *route53.Client {
	o := route53.Options{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("AKID", "SECRET", ""), Retryer: aws.NopRetryer{},
	}
	if url != "" {
		o.BaseEndpoint = &url
	} else {
		o.HTTPClient = s.Client()
	}
	return route53.New(o)
}

func creates(zone, name string) *route53.ChangeResourceRecordSetsInput {
	return &route53.ChangeResourceRecordSetsInput{HostedZoneId: &zone, ChangeBatch: &types.ChangeBatch{Changes: []types.Change{{
		Action: types.ChangeActionCreate, ResourceRecordSet: &types.ResourceRecordSet{
			Name: &name, Type: types.RRTypeA, TTL: aws.Int64(60), ResourceRecords: []types.ResourceRecord{{Value: aws.String("192.0.2.1")}},
		},
	}}}}
}

func code(err error) string {
	var said smithy.APIError
	if errors.As(err, &said) {
		return said.ErrorCode()
	}
	if err != nil {
		return "error"
	}
	return ""
}

// TestOverSockets: what is said in memory is said over a connection too.
func TestOverSockets(t *testing.T) {
	s := New(Config{})
	server := httptest.NewServer(s)
	defer server.Close()
	id := s.AddZone("example.com", false)
	for _, c := range []*route53.Client{client(s, server.URL), client(s, "")} {
		if _, err := c.ChangeResourceRecordSets(t.Context(), creates(id, "www.example.com")); err != nil {
			t.Fatal(err)
		}
		_, err := c.ChangeResourceRecordSets(t.Context(), creates(id, "www.example.com"))
		var invalid *types.InvalidChangeBatch
		if !errors.As(err, &invalid) || len(invalid.Messages) != 1 || !strings.HasPrefix(invalid.Messages[0], "Tried to create") {
			t.Errorf("got %v", err)
		}
		s.Empty(id)
		for _, k := range []Kind{LoseRequest, LoseResponse} {
			s.Inject(Fault{Kind: k})
			if _, err := c.ChangeResourceRecordSets(t.Context(), creates(id, "lost.example.com")); err == nil || code(err) != "error" {
				t.Errorf("got %v, want a broken connection", err)
			}
		}
		if n := len(s.RecordSets(id)); n != 3 {
			t.Errorf("there are %d record sets, want 3: one of the two was done", n)
		}
		s.Empty(id)
	}
}

func TestUnsigned(t *testing.T) {
	s := New(Config{})
	for path, want := range map[string]int{"/2013-04-01/healthcheck": 403, "/2013-04-01/nothing": 404, "/": 404} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://route53.test"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		w, err := s.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		w.Body.Close()
		if w.StatusCode != want {
			t.Errorf("%s: got %d, want %d", path, w.StatusCode, want)
		}
	}
}

func TestChangesArriveLater(t *testing.T) {
	at := newClock()
	s := New(Config{Now: at.now, InSync: time.Minute})
	id, c := s.AddZone("example.com", false), client(s, "")
	made, err := c.ChangeResourceRecordSets(t.Context(), creates(id, "www.example.com"))
	if err != nil || made.ChangeInfo.Status != types.ChangeStatusPending {
		t.Fatal(made, err)
	}
	for _, want := range []types.ChangeStatus{types.ChangeStatusPending, types.ChangeStatusInsync} {
		got, err := c.GetChange(t.Context(), &route53.GetChangeInput{Id: made.ChangeInfo.Id})
		if err != nil || got.ChangeInfo.Status != want {
			t.Errorf("got %v, %v, want %s", got, err, want)
		}
		at.move(time.Minute)
	}
	if _, err := c.GetChange(t.Context(), &route53.GetChangeInput{Id: aws.String("CNONE")}); code(err) != "NoSuchChange" {
		t.Errorf("got %v", err)
	}
}

func TestThrottling(t *testing.T) {
	at := newClock()
	s := New(Config{Now: at.now, Rates: Documented(), Changes: Rate{Burst: 30, PerSecond: 1}})
	id, c := s.AddZone("example.com", false), client(s, "")
	get := func() string {
		_, err := c.GetHostedZone(t.Context(), &route53.GetHostedZoneInput{Id: &id})
		return code(err)
	}
	for i := range 50 {
		if got := get(); got != "" {
			t.Fatalf("call %d of the burst: %s", i, got)
		}
	}
	if got := get(); got != "Throttling" {
		t.Errorf("past the burst: got %q", got)
	}
	at.move(99 * time.Millisecond)
	if got := get(); got != "Throttling" {
		t.Errorf("before the next token: got %q", got)
	}
	at.move(time.Millisecond)
	if got := get(); got != "" {
		t.Errorf("with the next token: got %q", got)
	}
	if n := s.Calls()["GetHostedZone"]; n != 53 || s.Throttled()["GetHostedZone"] != 2 {
		t.Errorf("counted %d calls and %v", n, s.Throttled())
	}
	at.move(time.Minute)
	for i := range 31 {
		_, err := c.ChangeResourceRecordSets(t.Context(), creates(id, fmt.Sprintf("n%d.example.com", i)))
		if (i == 30) != (code(err) == "Throttling") {
			t.Errorf("change %d: got %v", i, err)
		}
	}
}

func TestBusy(t *testing.T) {
	at := newClock()
	s := New(Config{Now: at.now, Busy: time.Second})
	id, other, c := s.AddZone("example.com", false), s.AddZone("example.net", false), client(s, "")
	for _, tt := range []struct{ zone, name, want string }{
		{id, "a.example.com", ""}, {id, "b.example.com", "PriorRequestNotComplete"}, {other, "a.example.net", ""},
	} {
		if _, err := c.ChangeResourceRecordSets(t.Context(), creates(tt.zone, tt.name)); code(err) != tt.want {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
	}
	at.move(time.Second)
	if _, err := c.ChangeResourceRecordSets(t.Context(), creates(id, "b.example.com")); err != nil {
		t.Error(err)
	}
}

// TestFaults: what each leaves behind, and what the client sees.
func TestFaults(t *testing.T) {
	for kind, want := range map[Kind]struct {
		code  string
		done  bool // at once
		later bool // when the delay has passed
	}{
		LoseRequest: {"error", false, false}, LoseResponse: {"error", true, true}, ApplyLater: {"error", false, true},
		Hang: {"error", false, false}, HangDone: {"error", true, true}, HangThenApply: {"error", false, true},
		ServerError: {"InternalFailure", false, false}, ServerErrorDone: {"ServiceUnavailable", true, true},
		Throttle: {"Throttling", false, false}, Prior: {"PriorRequestNotComplete", false, false}, Slow: {"", true, true},
	} {
		at := newClock()
		s := New(Config{Now: at.now})
		id, c := s.AddZone("example.com", false), client(s, "")
		delay := time.Second
		if kind == Slow {
			delay = time.Millisecond
		}
		s.Inject(Fault{Action: "GetChange", Kind: ServerError}, Fault{Action: "ChangeResourceRecordSets", Kind: kind, Delay: delay})
		ctx, cancel := context.WithCancel(t.Context())
		if kind == Hang || kind == HangDone || kind == HangThenApply {
			go func() { // gives up once the call has come
				for s.Calls()["ChangeResourceRecordSets"] == 0 && ctx.Err() == nil {
					time.Sleep(time.Millisecond)
				}
				cancel()
			}()
		}
		_, err := c.ChangeResourceRecordSets(ctx, creates(id, "www.example.com"))
		cancel()
		if code(err) != want.code {
			t.Errorf("fault %d: got %v, want %q", kind, err, want.code)
		}
		if done := len(s.RecordSets(id)) == 3; done != want.done {
			t.Errorf("fault %d: done at once is %t", kind, done)
		}
		at.move(time.Second)
		if done := len(s.RecordSets(id)) == 3; done != want.later {
			t.Errorf("fault %d: done later is %t", kind, done)
		}
		if n := s.Settle(); n != 0 {
			t.Errorf("fault %d: %d calls are left", kind, n)
		}
		if _, err := c.ChangeResourceRecordSets(t.Context(), creates(id, "next.example.com")); err != nil {
			t.Errorf("fault %d: the next call fails too: %v", kind, err)
		}
	}
}

func TestListing(t *testing.T) {
	s := New(Config{})
	id, c := s.AddZone("example.com", false), client(s, "")
	if err := s.Edit(id,
		Create(a("a-b")), Create(a("a")), Create(a("b.a")), Create(a("*")), Create(a("0")), Create(Simple("a.example.com", "AAAA", 60, "::1")),
		Create(weighted("w2", 2, 60)), Create(weighted("w1", 1, 60)),
	); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"example.com. NS ", "example.com. SOA ", "0.example.com. A ", `\052.example.com. A `, "a-b.example.com. A ", "a.example.com. A ",
		"a.example.com. AAAA ", "b.a.example.com. A ", "weighted.example.com. A w1", "weighted.example.com. A w2",
	}
	for _, size := range []int32{1, 3, 300} {
		var got []string
		in := &route53.ListResourceRecordSetsInput{HostedZoneId: &id, MaxItems: &size}
		for {
			out, err := c.ListResourceRecordSets(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range out.ResourceRecordSets {
				got = append(got, fmt.Sprintf("%s %s %s", *r.Name, r.Type, aws.ToString(r.SetIdentifier)))
			}
			if !out.IsTruncated {
				break
			}
			in.StartRecordName, in.StartRecordType, in.StartRecordIdentifier = out.NextRecordName, out.NextRecordType, out.NextRecordIdentifier
		}
		if !slices.Equal(got, want) {
			t.Errorf("pages of %d:\ngot  %q\nwant %q", size, got, want)
		}
	}
	if _, err := c.ListResourceRecordSets(t.Context(), &route53.ListResourceRecordSetsInput{HostedZoneId: &id, StartRecordType: types.RRTypeA}); code(err) != "InvalidInput" {
		t.Errorf("a type without a name: got %v", err)
	}
	if _, err := c.ListResourceRecordSets(t.Context(), &route53.ListResourceRecordSetsInput{HostedZoneId: aws.String("ZNONE")}); code(err) != "NoSuchHostedZone" {
		t.Errorf("got %v", err)
	}
}

func TestPagesOf300(t *testing.T) {
	s := New(Config{})
	id, c := s.AddZone("example.com", false), client(s, "")
	if err := s.Edit(id, manySets(299)...); err != nil {
		t.Fatal(err)
	}
	out, err := c.ListResourceRecordSets(t.Context(), &route53.ListResourceRecordSetsInput{HostedZoneId: &id, MaxItems: aws.Int32(1000)})
	if err != nil || len(out.ResourceRecordSets) != 300 || !out.IsTruncated {
		t.Errorf("got %d record sets, truncated %t, %v", len(out.ResourceRecordSets), out.IsTruncated, err)
	}
}

func TestHostedZonesByName(t *testing.T) {
	s := New(Config{})
	public, private := s.AddZone("example.com", false), s.AddZone("example.com", true)
	s.AddZone("example.net", false)
	out, err := client(s, "").ListHostedZonesByName(t.Context(), &route53.ListHostedZonesByNameInput{DNSName: aws.String("example.com")})
	if err != nil || len(out.HostedZones) != 3 || *out.HostedZones[0].Id != "/hostedzone/"+public || *out.HostedZones[1].Id != "/hostedzone/"+private || !out.HostedZones[1].Config.PrivateZone {
		t.Errorf("got %v, %v", out, err)
	}
}
