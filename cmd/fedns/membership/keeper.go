package membership

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/fedns/fedns/discovery"
	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/inventory/membercluster"
	"github.com/fedns/fedns/discovery/kubernetes"
	"github.com/fedns/fedns/federation/api/v1alpha1"
)

// LeaseName is the Lease of the replica that writes to MemberClusters and Secrets.
const LeaseName = "fedns-members"

const (
	sweepEvery = time.Second
	// writeEvery is how often one member's status is written at the most.
	writeEvery = 10 * time.Second
	// writeWithin is how long one write, or one question to a member, may take.
	writeWithin = 10 * time.Second
	// atOnce is how many members are asked at the same time: silent ones must not
	// keep the tokens of others from being renewed.
	atOnce = 16
)

// Config says what a Keeper works on. All but Namespace, RenewBefore, Finding and Tell is required.
type Config struct {
	Host      kubernetes.Config // the host; how it is watched
	Access    func() (*rest.Config, error)
	Namespace string // of the members' Secrets. Defaults to Namespace
	// RenewBefore is how long before its end a token is renewed. Defaults to a third of
	// its life.
	RenewBefore time.Duration
	Clusters    func() []discovery.ClusterStatus
	// Settled says that it is known which clusters there are: before, a MemberCluster
	// would seem to be followed by nobody.
	Settled func() bool
	// Finding is what is wrong with an object of the inventory, by what it is called
	// there: MemberCluster eu-1. Empty: nothing.
	Finding func(object string) string
	// Lead calls run while this replica leads; run's context ends with that.
	Lead func(ctx context.Context, run func(context.Context))
	// Tell writes an Event for the operator; nil: nobody hears.
	Tell func(warning bool, reason, message string)
	Log  *slog.Logger
}

// Keeper keeps what the host has of members true. Run is its only method.
type Keeper struct {
	cfg Config

	mu      sync.Mutex
	objects map[string]*v1alpha1.MemberCluster // by name, as seen last
	secrets map[string]*corev1.Secret          // by name
	written map[string]time.Time               // statuses, by name
	tokens  map[string]*token                  // by the Secret's name
}

// New prepares a Keeper.
func New(cfg Config) *Keeper {
	cfg.Namespace = cmp.Or(cfg.Namespace, Namespace)
	return &Keeper{cfg: cfg}
}

// Run works whenever this replica leads, until ctx is done.
func (k *Keeper) Run(ctx context.Context) {
	var one sync.Mutex // whoever leads again waits until the time before is over
	k.cfg.Lead(ctx, func(ctx context.Context) {
		one.Lock()
		defer one.Unlock()
		if ctx.Err() == nil {
			k.lead(ctx)
		}
	})
	one.Lock() // what runs ends before Run does
	defer one.Unlock()
}

// lead is one time of leading: it begins with nothing known.
func (k *Keeper) lead(ctx context.Context) {
	k.mu.Lock()
	k.objects, k.secrets = map[string]*v1alpha1.MemberCluster{}, map[string]*corev1.Secret{}
	k.written, k.tokens = map[string]time.Time{}, map[string]*token{}
	k.mu.Unlock()
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	follower, err := kubernetes.NewFollower(k.cfg.Host)
	if err != nil {
		k.cfg.Log.Error("members' statuses are not written", "error", err)
		<-ctx.Done()
		return
	}
	running.Go(func() {
		follower.Run(ctx, []kubernetes.Objects{
			{Group: v1alpha1.GroupVersion.Group, Versions: []string{v1alpha1.GroupVersion.Version}, Resource: v1alpha1.MemberClusters.Resource, Handler: seen[v1alpha1.MemberCluster]{&k.mu, k.objects}},
			{Versions: []string{"v1"}, Resource: "secrets", Namespace: k.cfg.Namespace, Labels: MemberLabel, Handler: seen[corev1.Secret]{&k.mu, k.secrets}},
		}, func(cluster.State) {})
	})
	free := make(chan struct{}, atOnce)
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		rc, err := k.cfg.Access()
		if err != nil {
			continue // the follower's State says so
		}
		rc.Timeout = writeWithin
		host, err := dynamic.NewForConfig(rc)
		if err != nil {
			continue
		}
		k.sweepTokens(ctx, host, free, running.Go)
		if k.cfg.Settled() {
			k.sweepStatuses(ctx, host)
		}
	}
}

// sweepStatuses writes the statuses that have changed.
func (k *Keeper) sweepStatuses(ctx context.Context, host dynamic.Interface) {
	known := map[string]*discovery.ClusterStatus{}
	all := k.cfg.Clusters()
	for i := range all {
		known[string(all[i].ID)] = &all[i]
	}
	now := time.Now()
	for name, o := range k.snapshot() {
		if now.Sub(k.wrote(name)) < writeEvery {
			continue
		}
		why := ""
		if k.cfg.Finding != nil {
			why = k.cfg.Finding("MemberCluster " + name)
		}
		is := statusOf(o.Status, o.Generation, known[name], why, k.credentials(o), now)
		if same(is, o.Status) {
			continue
		}
		k.setWrote(name, now)
		if err := writeStatus(ctx, host, o, is); err != nil && ctx.Err() == nil {
			k.cfg.Log.Warn("a member's status could not be written", "cluster", name, "error", err)
		}
	}
}

// snapshot is all MemberClusters; nobody writes to them any more.
func (k *Keeper) snapshot() map[string]*v1alpha1.MemberCluster {
	k.mu.Lock()
	defer k.mu.Unlock()
	out := make(map[string]*v1alpha1.MemberCluster, len(k.objects))
	maps.Copy(out, k.objects)
	return out
}

func (k *Keeper) wrote(name string) time.Time {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.written[name]
}

func (k *Keeper) setWrote(name string, at time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.written[name] = at
}

// credentials are what is known of the token of a member; nil: nothing yet.
func (k *Keeper) credentials(o *v1alpha1.MemberCluster) *credentials {
	ref := o.Spec.SecretRef
	if ref == nil || cmp.Or(ref.Namespace, membercluster.DefaultNamespace) != k.cfg.Namespace {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if t := k.tokens[ref.Name]; t != nil {
		c := t.credentials
		return &c
	}
	return nil
}

// writeStatus writes a status, unless the object is another one by now: whoever leads
// no longer, and does not know yet, overwrites nothing.
func writeStatus(ctx context.Context, host dynamic.Interface, o *v1alpha1.MemberCluster, is v1alpha1.MemberClusterStatus) error {
	ctx, cancel := context.WithTimeout(ctx, writeWithin)
	defer cancel()
	copied := o.DeepCopy()
	copied.Status = is
	copied.APIVersion, copied.Kind = v1alpha1.GroupVersion.String(), "MemberCluster"
	content, err := toUnstructured(copied)
	if err != nil {
		return fmt.Errorf("MemberCluster %s: %w", o.Name, err)
	}
	_, err = host.Resource(v1alpha1.MemberClusters).UpdateStatus(ctx, &unstructured.Unstructured{Object: content}, updateOptions)
	return err
}
