package clouddns

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/providers/hosted"
)

// Config says which zone, and how to reach it.
type Config struct {
	Project string       // its ID; required
	Apex    dnsname.Name // the zone's name; required
	// ManagedZone is the zone's name or number in the project. Empty: the only one
	// that has the Apex and is as private as Private says.
	ManagedZone string
	Private     bool

	// CredentialsFile is JSON of a service account, an authorized user, an external
	// account or an impersonated service account; read again when it changes. Empty:
	// what the environment has (application default credentials).
	CredentialsFile string
	// Endpoint is another URL of the API, such as one of Private Service Connect.
	// Empty: https://dns.googleapis.com/.
	Endpoint string
	// HTTPClient, if set, carries the calls as it is, and no credentials are used.
	// It is for tests and for proxies that sign calls.
	HTTPClient *http.Client

	// HealthCheck is the URL of the health check that decides on failover: a
	// https://www.googleapis.com/compute/v1/projects/P/global/healthChecks/H. Empty:
	// there is no failover.
	HealthCheck string
	// BackupRegion is where failover's secondary is said to be: Cloud DNS wants one,
	// and uses the only one for everybody. Defaults to us-central1.
	BackupRegion string

	Timeout time.Duration // of one call; defaults to 30 s
	Gate    hosted.Gate   // defaults to hosted.Open
}

// Zone is a managed zone. It is safe for concurrent use.
type Zone struct {
	cfg   Config
	login login

	mu    sync.Mutex
	found string // the managed zone's name; empty: not looked up yet
	// spelling is what was listed or read last. Of what is written while it is
	// listed it may be old: a deletion is refused then, and reading again mends it.
	spelling map[hosted.Key]spelling
}

var _ hosted.Zone = (*Zone)(nil)

// New makes a Zone. Nothing is called yet.
func New(cfg Config) (*Zone, error) {
	switch {
	case cfg.Project == "":
		return nil, errors.New("clouddns: no project")
	case cfg.Apex.IsZero():
		return nil, errors.New("clouddns: no zone")
	case cfg.Private && cfg.HealthCheck != "":
		return nil, errors.New("clouddns: healthCheck: private zones check internal load balancers, which fedns does not know")
	case cfg.HTTPClient != nil && cfg.CredentialsFile != "":
		return nil, errors.New("clouddns: credentialsFile: not used with a client of its own")
	}
	if cfg.BackupRegion == "" {
		cfg.BackupRegion = "us-central1"
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 30 * time.Second
	}
	if cfg.Gate == nil {
		cfg.Gate = hosted.Open{}
	}
	z := &Zone{cfg: cfg, login: login{cfg: cfg}, spelling: map[hosted.Key]spelling{}}
	if cfg.CredentialsFile != "" {
		if _, err := readCredentials(cfg.CredentialsFile); err != nil {
			return nil, fmt.Errorf("clouddns: %w", err)
		}
	}
	return z, nil
}

// Limits are those of this zone.
func (z *Zone) Limits() hosted.Limits { return Limits(z.cfg) }

// Records lists the zone, a thousand record sets a call.
func (z *Zone) Records(ctx context.Context) ([]hosted.Entry, error) {
	found := newGathering(z)
	if err := z.list(ctx, "", "", found.add); err != nil {
		return nil, err
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	z.spelling = found.spelling
	return found.entries(), nil
}

// Read reads by owner name: all types of it when more than one is asked for.
func (z *Zone) Read(ctx context.Context, keys ...hosted.Key) ([]hosted.Entry, error) {
	asked := map[hosted.Key]bool{}
	types := map[dnsname.Name][]uint16{}
	var owners []dnsname.Name
	for _, k := range keys {
		if asked[k] {
			continue
		}
		asked[k] = true
		if types[k.Owner] == nil {
			owners = append(owners, k.Owner)
		}
		types[k.Owner] = append(types[k.Owner], k.Type)
	}
	found := newGathering(z)
	for _, owner := range owners {
		typ := ""
		if ts := types[owner]; len(ts) == 1 && !mayBeAlias(ts[0]) {
			typ = typeText(ts[0])
		}
		if err := z.list(ctx, owner.String(), typ, found.add); err != nil {
			return nil, err
		}
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	for k := range asked {
		delete(z.spelling, k)
		if s, ok := found.spelling[k]; ok {
			z.spelling[k] = s
		}
	}
	return found.only(asked), nil
}

// Apply makes one change of the Batch.
func (z *Zone) Apply(ctx context.Context, b hosted.Batch) (hosted.Receipt, error) {
	c, err := z.change(b)
	if err != nil {
		return "", err
	}
	id, err := z.create(ctx, c, b.Urgent)
	if err != nil {
		return "", err
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	for _, ch := range b.Changes {
		delete(z.spelling, ch.Key())
	}
	return hosted.Receipt(id), nil
}

// Confirm asks whether a change is done.
func (z *Zone) Confirm(ctx context.Context, r hosted.Receipt) (bool, error) {
	if r == "" {
		return true, nil
	}
	status, err := z.status(ctx, string(r))
	return status == "done", err
}
