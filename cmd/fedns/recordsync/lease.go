package recordsync

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	coordination "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// LeaseName is the Lease of whoever writes to the providers.
const LeaseName = "fedns-providers"

const (
	// A leader that does not come back is followed after leaseDuration. The others
	// are as client-go has them: it gives up before others may begin. What it began
	// and ends later all the same, the fence stops.
	leaseDuration = 15 * time.Second
	renewDeadline = 10 * time.Second
	retryPeriod   = 2 * time.Second
)

// Lead is Config.Lead by a Lease in the host cluster. connect is asked again until
// it succeeds.
func Lead(connect func() (*rest.Config, error), namespace, replica string, log *slog.Logger) func(context.Context, func(context.Context)) {
	return LeadBy(LeaseName, connect, namespace, replica, log)
}

// LeadBy is Lead by another Lease: whoever leads in one thing need not in another.
func LeadBy(lease string, connect func() (*rest.Config, error), namespace, replica string, log *slog.Logger) func(context.Context, func(context.Context)) {
	return leading(lease, func() (coordination.LeasesGetter, error) {
		rc, err := connect()
		if err != nil {
			return nil, err
		}
		rc.Timeout = renewDeadline / 2
		return coordination.NewForConfig(rc)
	}, namespace, replica, log)
}

// leading is LeadBy with a client.
func leading(lease string, connect func() (coordination.LeasesGetter, error), namespace, replica string, log *slog.Logger) func(context.Context, func(context.Context)) {
	return func(ctx context.Context, run func(context.Context)) {
		for ctx.Err() == nil {
			if err := lead(ctx, lease, connect, namespace, replica, run); err != nil {
				log.Warn("it cannot be agreed which replica writes", "lease", lease, "error", err)
			}
			select {
			case <-ctx.Done():
			case <-time.After(retryPeriod):
			}
		}
	}
}

// lead is one election: it returns when leading ended, or nobody could be asked.
func lead(ctx context.Context, lease string, connect func() (coordination.LeasesGetter, error), namespace, replica string, run func(context.Context)) error {
	client, err := connect()
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	lock := &observedLock{Interface: &resourcelock.LeaseLock{
		LeaseMeta: metav1.ObjectMeta{Name: lease, Namespace: namespace}, Client: client,
		LockConfig: resourcelock.ResourceLockConfig{Identity: replica},
	}, stop: stop}
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock:          lock,
		LeaseDuration: leaseDuration, RenewDeadline: renewDeadline, RetryPeriod: retryPeriod, ReleaseOnCancel: true, Name: lease,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(ctx context.Context) {
				lock.leading.Store(true)
				run(ctx)
			},
			OnStoppedLeading: func() {},
		},
	})
	if err != nil {
		return err
	}
	elector.Run(ctx)
	return nil
}

// observedLock ends an election when a leader sees that another holds the Lease, as
// one does that was paused for longer than the Lease lasts. By itself client-go tries
// to renew it for renewDeadline more, and leads meanwhile.
type observedLock struct {
	resourcelock.Interface
	leading atomic.Bool
	stop    func()
}

// Get implements resourcelock.Interface.
func (l *observedLock) Get(ctx context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	record, raw, err := l.Interface.Get(ctx)
	if err == nil && record.HolderIdentity != "" && record.HolderIdentity != l.Identity() && l.leading.Load() {
		l.stop()
	}
	return record, raw, err
}
