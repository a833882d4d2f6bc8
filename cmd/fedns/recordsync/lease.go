package recordsync

import (
	"context"
	"log/slog"
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
	return leading(func() (coordination.LeasesGetter, error) {
		rc, err := connect()
		if err != nil {
			return nil, err
		}
		rc.Timeout = renewDeadline / 2
		return coordination.NewForConfig(rc)
	}, namespace, replica, log)
}

// leading is Lead with a client.
func leading(connect func() (coordination.LeasesGetter, error), namespace, replica string, log *slog.Logger) func(context.Context, func(context.Context)) {
	return func(ctx context.Context, run func(context.Context)) {
		for ctx.Err() == nil {
			if err := lead(ctx, connect, namespace, replica, run); err != nil {
				log.Warn("it cannot be agreed who writes to the providers", "error", err)
			}
			select {
			case <-ctx.Done():
			case <-time.After(retryPeriod):
			}
		}
	}
}

// lead is one election: it returns when leading ended, or nobody could be asked.
func lead(ctx context.Context, connect func() (coordination.LeasesGetter, error), namespace, replica string, run func(context.Context)) error {
	client, err := connect()
	if err != nil {
		return err
	}
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock: &resourcelock.LeaseLock{
			LeaseMeta: metav1.ObjectMeta{Name: LeaseName, Namespace: namespace}, Client: client,
			LockConfig: resourcelock.ResourceLockConfig{Identity: replica},
		},
		LeaseDuration: leaseDuration, RenewDeadline: renewDeadline, RetryPeriod: retryPeriod, ReleaseOnCancel: true, Name: LeaseName,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: run,
			OnStoppedLeading: func() {},
		},
	})
	if err != nil {
		return err
	}
	elector.Run(ctx)
	return nil
}
