package route53test

import (
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

const (
	namespace = "https://route53.amazonaws.com/doc/2013-04-01/"
	version   = "/2013-04-01/"
	maxBody   = 8 << 20
)

// Config is how the service is to be. The zero Config throttles nothing, and has
// every change INSYNC at once.
type Config struct {
	// Now is the clock. Defaults to time.Now.
	Now func() time.Time
	// InSync is how long a change stays PENDING.
	InSync time.Duration
	// Busy is how long a hosted zone refuses another change with
	// PriorRequestNotComplete after one was made.
	Busy time.Duration
	// Rates are the token buckets, by action; "*" is the account's, from which every
	// call takes as well. See Documented. Defaults to none.
	Rates map[string]Rate
	// Changes is the bucket from which each element of a ChangeResourceRecordSets
	// takes. Its real size is not documented where it could be read. Defaults to none.
	Changes Rate
	// MaxRecordSets is how many a hosted zone may hold (10,000 unless raised), and
	// MaxHealthChecks how many health checks an account (200). Default to no limit.
	MaxRecordSets, MaxHealthChecks int
	// OneMessage has InvalidChangeBatch answered in the general form of errors, with
	// the messages in brackets, as the service does at times.
	OneMessage bool
	// KeepUsedChecks refuses to delete a health check that is referred to with
	// HealthCheckInUse. The service has that code but does not use it.
	KeepUsedChecks bool
}

// Simulator is one account. It is safe for concurrent use.
type Simulator struct {
	cfg Config

	mu        sync.Mutex
	zones     map[string]*hostedZone
	order     []string // of zones' IDs, as created
	changes   map[string]change
	checks    map[string]*healthCheck
	checkIDs  []string // as created
	used      map[string]string
	targets   map[string]string // hosted zones of alias targets: ID → suffix
	buckets   map[string]*bucket
	calls     map[string]int
	throttled map[string]int
	faults    []Fault
	later     []pending
	serial    int
}

// New is an account without hosted zones.
func New(cfg Config) *Simulator {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	s := &Simulator{
		cfg: cfg, zones: map[string]*hostedZone{}, changes: map[string]change{}, checks: map[string]*healthCheck{},
		used: map[string]string{}, targets: map[string]string{}, buckets: map[string]*bucket{},
		calls: map[string]int{}, throttled: map[string]int{},
	}
	for action, r := range cfg.Rates {
		s.buckets[action] = newBucket(r, cfg.Now())
	}
	s.buckets[changesBucket] = newBucket(cfg.Changes, cfg.Now())
	return s
}

// request is one call that was understood.
type request struct {
	action string
	id     string // of the hosted zone, change, health check or tagged resource
	query  url.Values
	body   []byte
}

// fail is an answer that is an error.
type fail struct {
	status   int
	code     string
	message  string
	messages []string // of InvalidChangeBatch
}

func (f *fail) Error() string { return f.code + ": " + f.message + strings.Join(f.messages, "; ") }

func refuse(code, message string, args ...any) *fail {
	return &fail{status: http.StatusBadRequest, code: code, message: fmt.Sprintf(message, args...)}
}

// ServeHTTP answers one call.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	req, ok := understand(r)
	req.body = body
	if !ok {
		s.write(w, nil, &fail{status: http.StatusNotFound, code: "UnknownOperationException", message: r.Method + " " + r.URL.Path})
		return
	}
	if !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ") {
		s.write(w, nil, &fail{status: http.StatusForbidden, code: "MissingAuthenticationToken", message: "Request is missing Authentication Token"})
		return
	}
	s.serve(w, r, req)
}

// understand finds out which action a request is.
func understand(r *http.Request) (request, bool) {
	rest, ok := strings.CutPrefix(r.URL.Path, version)
	parts := strings.Split(strings.Trim(rest, "/"), "/")
	req := request{query: r.URL.Query()}
	if len(parts) > 1 {
		req.id = parts[1]
	}
	if len(parts) > 2 {
		parts[1] = "*"
	} else if len(parts) > 1 {
		parts[1] = "id"
	}
	req.action = map[string]string{
		"POST hostedzone/*/rrset": "ChangeResourceRecordSets",
		"GET hostedzone/*/rrset":  "ListResourceRecordSets",
		"GET hostedzone/id":       "GetHostedZone",
		"GET hostedzonesbyname":   "ListHostedZonesByName",
		"GET change/id":           "GetChange",
		"POST healthcheck":        "CreateHealthCheck",
		"GET healthcheck":         "ListHealthChecks",
		"GET healthcheck/id":      "GetHealthCheck",
		"DELETE healthcheck/id":   "DeleteHealthCheck",
	}[r.Method+" "+strings.Join(parts, "/")]
	if parts[0] == "tags" {
		req.action = "ListTagsForResources"
		if len(parts) > 2 {
			req.id, req.action = parts[2], "ListTagsForResource"
			if r.Method == http.MethodPost {
				req.action = "ChangeTagsForResource"
			}
		}
	}
	return req, ok && req.action != ""
}

// serve does what all actions have in common: they are counted, throttled, and may
// go wrong.
func (s *Simulator) serve(w http.ResponseWriter, r *http.Request, req request) {
	s.mu.Lock()
	s.settle(s.cfg.Now())
	s.calls[req.action]++
	f := s.fault(req.action)
	if f.Kind == Throttle || !s.take(req.action) {
		s.throttled[req.action]++
		s.mu.Unlock()
		if f.RetryAfter > 0 {
			w.Header().Set("Retry-After", fmt.Sprint(int(f.RetryAfter.Seconds())))
		}
		s.write(w, nil, refuse("Throttling", "Rate exceeded"))
		return
	}
	answer, failure := s.goWrong(r, f, req)
	s.write(w, answer, failure)
}

// do makes a call that nothing is wrong with. s.mu is held.
func (s *Simulator) do(req request) (any, *fail) {
	switch req.action {
	case "ChangeResourceRecordSets":
		return s.changeRecordSets(req)
	case "ListResourceRecordSets":
		return s.listRecordSets(req)
	case "GetHostedZone":
		return s.getHostedZone(req)
	case "ListHostedZonesByName":
		return s.listHostedZones(req)
	case "GetChange":
		return s.getChange(req)
	case "CreateHealthCheck":
		return s.createHealthCheck(req)
	case "ListHealthChecks":
		return s.listHealthChecks(req)
	case "GetHealthCheck":
		return s.getHealthCheck(req)
	case "DeleteHealthCheck":
		return s.deleteHealthCheck(req)
	case "ListTagsForResource", "ListTagsForResources":
		return s.listTags(req)
	case "ChangeTagsForResource":
		return s.changeTags(req)
	}
	return nil, refuse("InvalidAction", "%s", req.action)
}

func (s *Simulator) write(w http.ResponseWriter, answer any, f *fail) {
	w.Header().Set("Content-Type", "text/xml")
	if f == nil {
		_, _ = io.WriteString(w, xml.Header)
		_ = xml.NewEncoder(w).Encode(answer)
		return
	}
	w.WriteHeader(f.status)
	_, _ = io.WriteString(w, xml.Header)
	if f.messages != nil && !s.cfg.OneMessage {
		_ = xml.NewEncoder(w).Encode(invalidChangeBatch{Xmlns: namespace, Messages: f.messages, RequestID: "r"})
		return
	}
	message := f.message
	if f.messages != nil {
		message = "[" + strings.Join(f.messages, ", ") + "]"
	}
	_ = xml.NewEncoder(w).Encode(errorResponse{Xmlns: namespace, Type: "Sender", Code: f.code, Message: message, RequestID: "r"})
}

type errorResponse struct {
	XMLName   xml.Name `xml:"ErrorResponse"`
	Xmlns     string   `xml:"xmlns,attr"`
	Type      string   `xml:"Error>Type"`
	Code      string   `xml:"Error>Code"`
	Message   string   `xml:"Error>Message"`
	RequestID string   `xml:"RequestId"`
}

type invalidChangeBatch struct {
	XMLName   xml.Name `xml:"InvalidChangeBatch"`
	Xmlns     string   `xml:"xmlns,attr"`
	Messages  []string `xml:"Messages>Message"`
	RequestID string   `xml:"RequestId"`
}

// next is a number that nothing had before. s.mu is held.
func (s *Simulator) next() int {
	s.serial++
	return s.serial
}

// Calls counts the calls of each action so far, throttled ones included.
func (s *Simulator) Calls() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.calls)
}

// Throttled counts the calls of each action that were refused for their rate.
func (s *Simulator) Throttled() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.throttled)
}
