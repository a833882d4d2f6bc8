package kubernetes

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/join"
	"github.com/fedns/fedns/discovery/tide"
)

// Config says which cluster to watch and how. Only Cluster is required.
type Config struct {
	Cluster cluster.ID

	// Kubeconfig is the path of a kubeconfig. Defaults to the service account
	// of the Pod this runs in. The file, and the certificate files it names,
	// are looked at again every ten seconds; changed credentials are taken up
	// without a restart.
	Kubeconfig string
	// Context in the kubeconfig. Defaults to its current-context.
	Context string
	// Credentials hold a kubeconfig in memory, in the place of a file. Defaults to
	// none. Changed ones are taken up at once, without a restart.
	Credentials Credentials
	// AllowExec permits a kubeconfig to run commands for credentials
	// (user.exec and user.auth-provider). Defaults to no: whoever can write
	// the kubeconfig could run anything here.
	AllowExec bool

	// Rules are the export rules switched on. Defaults to all for Services. A
	// resource that no rule needs is not asked for.
	Rules cluster.Export
	// ListTimeout bounds one page of a list. Defaults to one minute.
	ListTimeout time.Duration
	// Arrived hears how long changed EndpointSlices were under way: see join.Config.
	Arrived func(service cluster.ServiceKey, lag time.Duration)
	// Tides are what was seen of the cluster's resource versions by Sources before
	// this one. Defaults to nothing: only what this one sees counts.
	Tides *tide.Table
	// Log hears of what the State cannot tell. Defaults to slog.Default().
	Log *slog.Logger
}

// Times that tests shorten.
type timing struct {
	credentials time.Duration // between two looks at the kubeconfig
	pollFirst   time.Duration // until the second look for the ServiceExport CRD
	pollLast    time.Duration // the longest between two looks
	settle      time.Duration // after a custom resource was deleted, until its definition is asked about
	backoff     time.Duration // until the first retry of a list or watch
	backoffCap  time.Duration // the longest until a retry, before jitter
	tell        time.Duration // between two reports of LastSync
	watch       time.Duration // the shortest life of a watch; the longest is half as much again
	silence     time.Duration // of a watch that used to carry bookmarks, until it counts as a fault
	lease       time.Duration // between two looks at the nodes' Leases, and how long one may take
	leaseWindow time.Duration // in which some node has to renew its Lease
}

var defaultTiming = timing{
	credentials: 10 * time.Second,
	pollFirst:   2 * time.Second,
	pollLast:    8 * time.Second, // with its jitter 10 s: a CRD is picked up within that
	// Discovery hears of a CRD's end when its objects' watches do, or a little later.
	settle:     300 * time.Millisecond,
	backoff:    500 * time.Millisecond,
	backoffCap: 5 * time.Second, // with its jitter 7.5 s: three resources are all back a few seconds after the cluster
	tell:       5 * time.Second,
	watch:      2 * time.Minute,
	// API servers send a bookmark about once a minute, and one 2 s before the watch
	// ends by itself (k8s.io/apiserver, storage/cacher: defaultBookmarkFrequency).
	silence: 3 * time.Minute,
	// Kubelets renew every 10 s, and their Leases are good for 40 s.
	lease:       10 * time.Second,
	leaseWindow: 40 * time.Second,
}

// Source watches one cluster; see cluster.Source. A Source may be Run again
// after Run returned, but not twice at once.
type Source struct {
	cfg    Config
	log    *slog.Logger
	timing timing
	client atomic.Pointer[client]
	loaded fingerprint // of what client was made of; owned by Run
}

var _ cluster.Source = (*Source)(nil)

// New reads the kubeconfig and prepares a Source; it connects to nothing. An
// error is the operator's to mend, names the file and says what was expected.
func New(cfg Config) (*Source, error) {
	s, err := prepare(cfg)
	if err != nil {
		return nil, fmt.Errorf("cluster %s: %w", cfg.Cluster, err)
	}
	s.log = s.log.With("cluster", string(cfg.Cluster))
	return s, nil
}

// prepare is New but for the cluster's name in the error and the log.
func prepare(cfg Config) (*Source, error) {
	cfg.Rules = cmp.Or(cfg.Rules, join.AllRules)
	cfg.ListTimeout = cmp.Or(cfg.ListTimeout, time.Minute)
	cfg.Log = cmp.Or(cfg.Log, slog.Default())
	if cfg.Tides == nil {
		cfg.Tides = tide.New(nil)
	}
	s := &Source{cfg: cfg, log: cfg.Log, timing: defaultTiming}
	c, print, err := s.connect()
	if err != nil {
		return nil, err
	}
	s.client.Store(c)
	s.loaded = print
	return s, nil
}

// connect makes a client of the kubeconfig as it stands now.
func (s *Source) connect() (*client, fingerprint, error) {
	rc, print, err := load(s.cfg)
	if err != nil {
		return nil, print, err
	}
	c, err := newClient(rc)
	if err != nil {
		return nil, print, fmt.Errorf("%s: %w", origin(s.cfg), err)
	}
	return c, print, nil
}

// Check asks the cluster for one object of each resource that it has to grant,
// and returns the first refusal; nil: a Run would become Live.
func (s *Source) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.ListTimeout)
	defer cancel()
	c := s.client.Load()
	needed := []string{"services", "endpointslices"}
	if s.cfg.Rules&cluster.ByIngress != 0 {
		needed = append(needed, "ingresses")
	}
	for _, r := range needed {
		if _, err := c.list(ctx, r, metav1.ListOptions{Limit: 1}); err != nil {
			return fmt.Errorf("cluster %s: list %s: %s", s.cfg.Cluster, r, reason(err))
		}
	}
	for _, k := range s.gateways(nil, nil) {
		if err := k.check(ctx); err != nil {
			return fmt.Errorf("cluster %s: list %s: %s", s.cfg.Cluster, k.Resource, reason(err))
		}
	}
	if s.cfg.Rules&cluster.ByServiceExport == 0 {
		return nil
	}
	now, err := c.exportDefinition(ctx)
	if err == nil && now.version != "" {
		_, err = c.listExports(ctx, now.version, metav1.ListOptions{Limit: 1})
	}
	if err != nil {
		return fmt.Errorf("cluster %s: list serviceexports: %s", s.cfg.Cluster, reason(err))
	}
	return nil
}
