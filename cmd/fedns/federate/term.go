package federate

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/uuid"
	coordination "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// LeaseName is the Lease of whoever propagates.
const LeaseName = "fedns-propagation"

const (
	// A leader that does not come back is followed after leaseDuration. It stops
	// writing leadFor after it began the last renewal that succeeded, by its own
	// clock: five seconds earlier than anybody may follow it.
	leaseDuration = 15 * time.Second
	leadFor       = 10 * time.Second
	retryPeriod   = 2 * time.Second
)

// Term is a time of leadership. Its methods may be called from any goroutine.
type Term struct {
	// holder reads from the Lease who leads, and in which term.
	holder func(context.Context) (identity string, number int64, err error)
	self   string // this election's identity

	mu     sync.Mutex
	number int64
	until  time.Time

	asking chan struct{} // has one for who asks; it goes with what follows
	asked  time.Time     // when the last time began
	said   error         // what came of it
}

func newTerm(self string, holder func(context.Context) (string, int64, error)) *Term {
	return &Term{self: self, holder: holder, asking: make(chan struct{}, 1)}
}

// Now is the term's number, which grows with every leader, and until when this
// replica is sure to lead.
func (t *Term) Now() (number int64, until time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.number, t.until
}

// leads says whether this replica is sure to lead.
func (t *Term) leads() bool {
	_, until := t.Now()
	return time.Now().Before(until)
}

// Confirm asks the host whether this replica leads. nil says that at a moment since
// Confirm was called nobody had led after it: what had a later term's mark by then has
// it from a Lease that is gone, for it was deleted or the host was restored from a
// backup, or from whoever likes to write marks. Many who ask at a time are one call.
func (t *Term) Confirm(ctx context.Context) error {
	came := time.Now()
	select {
	case t.asking <- struct{}{}:
		defer func() { <-t.asking }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if t.asked.After(came) {
		return t.said
	}
	t.asked = time.Now()
	t.said = t.confirm(ctx)
	return t.said
}

func (t *Term) confirm(ctx context.Context) error {
	ours, until := t.Now()
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	switch holder, number, err := t.holder(ctx); {
	case err != nil:
		return fmt.Errorf("read lease %s: %w", LeaseName, err)
	case holder != t.self || number != ours:
		return fmt.Errorf("lease %s is %q's in term %d", LeaseName, holder, number)
	}
	return nil
}

// renewed notes a renewal that began at a time.
func (t *Term) renewed(transitions int, began time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.number, t.until = termOf(transitions), began.Add(leadFor)
}

// termOf is the term of a Lease with so many transitions. A Lease begins with none,
// and 0 is what objects without a term have.
func termOf(transitions int) int64 { return int64(transitions) + 1 }

// election is who leads, by a Lease in the host.
type election struct {
	connect   func() (*rest.Config, error)
	namespace string
	replica   string
	log       *slog.Logger
}

// run calls lead while this replica leads, again and again until ctx is done. lead
// returns soon after its context is done.
func (e election) run(ctx context.Context, lead func(context.Context, *Term)) {
	for ctx.Err() == nil {
		if err := e.once(ctx, lead); err != nil {
			e.log.Warn("it cannot be agreed who propagates", "lease", LeaseName, "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(retryPeriod):
		}
	}
}

// once is one election: it returns when leading ended, or nobody could be asked.
func (e election) once(ctx context.Context, lead func(context.Context, *Term)) error {
	rc, err := e.connect()
	if err != nil {
		return err
	}
	rc.Timeout = leadFor / 2
	getter, err := coordination.NewForConfig(rc)
	if err != nil {
		return fmt.Errorf("lease %s: %w", LeaseName, err)
	}
	// What a term has read of a host does not count in one that has gone back: it ends, and
	// the next reads all of it anew.
	same, turn := context.WithCancel(context.WithoutCancel(ctx))
	defer turn()
	client := &leases{LeasesGetter: getter, back: func(version, was string) {
		if same.Err() == nil {
			e.log.Warn("the host cluster has gone back to an earlier version, as one that was restored from a backup: all of it is read anew", "version", version, "was", was)
		}
		turn()
	}}
	// Unique to this election: one that comes again under its own name would not have
	// a new term.
	self := e.replica + "_" + string(uuid.NewUUID())
	term := newTerm(self, func(ctx context.Context) (string, int64, error) {
		lease, err := client.Leases(e.namespace).Get(ctx, LeaseName, metav1.GetOptions{})
		if err != nil {
			return "", 0, err
		}
		r := resourcelock.LeaseSpecToLeaderElectionRecord(&lease.Spec)
		return r.HolderIdentity, termOf(r.LeaderTransitions), nil
	})
	lock := timed{term: term, Interface: &resourcelock.LeaseLock{
		LeaseMeta: metav1.ObjectMeta{Name: LeaseName, Namespace: e.namespace}, Client: client,
		LockConfig: resourcelock.ResourceLockConfig{Identity: self},
	}}
	held, release := context.WithCancel(context.WithoutCancel(ctx))
	defer release()
	var leading sync.WaitGroup
	leading.Add(1)
	began := make(chan struct{})
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock: lock, LeaseDuration: leaseDuration, RenewDeadline: leadFor, RetryPeriod: retryPeriod, ReleaseOnCancel: true, Name: LeaseName,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(lost context.Context) {
				defer leading.Done()
				close(began)
				// The Lease is given up only when nothing is done under it any more.
				defer release()
				within, stop := context.WithCancel(ctx)
				defer stop()
				defer context.AfterFunc(lost, stop)()
				defer context.AfterFunc(same, stop)()
				lead(within, term)
			},
			OnStoppedLeading: func() {},
		},
	})
	if err != nil {
		return fmt.Errorf("lease %s: %w", LeaseName, err)
	}
	defer context.AfterFunc(ctx, func() {
		select {
		case <-began: // lead ends, and releases
		default:
			release()
		}
	})()
	elector.Run(held)
	select {
	case <-began:
		leading.Wait()
	default:
	}
	return nil
}

// timed notes when the Lease was renewed.
type timed struct {
	resourcelock.Interface
	term *Term
}

// Create implements resourcelock.Interface.
func (t timed) Create(ctx context.Context, r resourcelock.LeaderElectionRecord) error {
	began := time.Now()
	err := t.Interface.Create(ctx, r)
	t.note(r, began, err)
	return err
}

// Update implements resourcelock.Interface.
func (t timed) Update(ctx context.Context, r resourcelock.LeaderElectionRecord) error {
	began := time.Now()
	err := t.Interface.Update(ctx, r)
	t.note(r, began, err)
	return err
}

func (t timed) note(r resourcelock.LeaderElectionRecord, began time.Time, err error) {
	if err == nil && r.HolderIdentity == t.Identity() {
		t.term.renewed(r.LeaderTransitions, began)
	}
}
