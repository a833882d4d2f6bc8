package probe

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
)

// Kind is how a target is tried.
type Kind string

// The kinds of targets.
const (
	TCP   Kind = "tcp"
	HTTP  Kind = "http"
	HTTPS Kind = "https"
)

// Target is one gateway into a cluster. Targets are comparable; equal ones share
// nothing but their definition.
type Target struct {
	Kind    Kind
	Address string // host:port of TCP; the URL of HTTP and HTTPS

	// Of HTTPS only.
	ServerName string // that the certificate has to have; empty: the URL's host
	CAFile     string // path of PEM certificates to trust; empty: the system's. Read at each try
	Insecure   bool   // any certificate will do
}

// String is the target for people.
func (t Target) String() string {
	if t.Kind == TCP {
		return "tcp " + t.Address
	}
	return t.Address
}

// Check says what is wrong with the target; nil: nothing.
func (t Target) Check() error {
	switch t.Kind {
	case TCP:
		host, port, err := net.SplitHostPort(t.Address)
		if n, bad := strconv.ParseUint(port, 10, 16); err != nil || host == "" || bad != nil || n == 0 {
			return fmt.Errorf("target %s: want host:port", t)
		}
	case HTTP, HTTPS:
		u, err := url.Parse(t.Address)
		if err != nil || u.Scheme != string(t.Kind) || u.Hostname() == "" || u.User != nil || u.Fragment != "" {
			return fmt.Errorf("target %s: want a URL such as %s://host/path", t, t.Kind)
		}
	default:
		return fmt.Errorf("target %s: got kind %q, want tcp, http or https", t, t.Kind)
	}
	return nil
}

// Pace is how often targets are tried, and how many tries prove something. Zero
// fields have the defaults.
type Pace struct {
	Interval  time.Duration // between two tries, more or less; Defaults to 2 s
	Timeout   time.Duration // of a try as a whole; Defaults to 1 s
	Failures  int           // in a row that make a target Down; Defaults to 3
	Successes int           // in a row that make it Up; Defaults to 1
}

// The default Pace: a target that is gone is Down within about 7 s.
const (
	DefaultInterval  = 2 * time.Second
	DefaultTimeout   = time.Second
	DefaultFailures  = 3
	DefaultSuccesses = 1
)

func (p Pace) complete() Pace {
	if p.Interval <= 0 {
		p.Interval = DefaultInterval
	}
	if p.Timeout <= 0 {
		p.Timeout = DefaultTimeout
	}
	if p.Failures <= 0 {
		p.Failures = DefaultFailures
	}
	if p.Successes <= 0 {
		p.Successes = DefaultSuccesses
	}
	return p
}

// Cluster is a cluster to probe.
type Cluster struct {
	ID      cluster.ID
	Targets []Target
	Pace    Pace
}
