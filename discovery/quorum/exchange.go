package quorum

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Leases are the Leases of one namespace; client-go's LeaseInterface is one.
// Implementations are safe for concurrent use, and return when ctx is done.
type Leases interface {
	List(ctx context.Context, o metav1.ListOptions) (*coordinationv1.LeaseList, error)
	Create(ctx context.Context, lease *coordinationv1.Lease, o metav1.CreateOptions) (*coordinationv1.Lease, error)
	Patch(ctx context.Context, name string, pt types.PatchType, data []byte, o metav1.PatchOptions, subresources ...string) (*coordinationv1.Lease, error)
	Delete(ctx context.Context, name string, o metav1.DeleteOptions) error
}

const (
	renewEvery = 5 * time.Second
	renewLeast = time.Second // between two renewals, however often the view changes
	lookEvery  = 2 * time.Second
	callLimit  = 3 * time.Second // of each call
	deadAfter  = time.Hour       // without a move a Lease is deleted
	maxBuried  = 10              // Leases that one look deletes
	maxPeers   = 256             // Leases that are read
)

// How a Lease of a replica is known.
const (
	Label      = "app.kubernetes.io/name"
	LabelValue = "fedns-view"
	Annotation = "fedns.io/view"
	namePrefix = "fedns-"
)

// exchange writes this replica's view and reads the others'. It belongs to one goroutine.
type exchange struct {
	a      *Agreement
	holder string // this process: another one of the same identity has another
	leases Leases // nil: to be connected

	wrote, looked time.Time // when last tried
	changed       bool      // the view was not written since it changed
	ours          bool      // the Lease was written once
}

func newExchange(a *Agreement) *exchange {
	return &exchange{a: a, holder: a.cfg.Identity + "_" + strconv.FormatUint(rand.Uint64(), 36), changed: true}
}

// run exchanges until ctx is done.
func (x *exchange) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-x.a.say:
			x.changed = true
		case <-timer.C:
		}
		now := time.Now()
		if since := now.Sub(x.wrote); since >= renewEvery || x.changed && since >= renewLeast {
			x.step(ctx, toPublish, x.publish)
			x.wrote = time.Now()
		}
		if now.Sub(x.looked) >= lookEvery {
			x.step(ctx, toList, x.look)
			x.looked = time.Now()
		}
		next := min(renewEvery-time.Since(x.wrote), lookEvery-time.Since(x.looked))
		if x.changed {
			next = min(next, renewLeast-time.Since(x.wrote))
		}
		timer.Reset(max(0, next) + rand.N(100*time.Millisecond)) // so that replicas do not keep step
	}
}

// step does one thing, with a deadline, and notes how it went.
func (x *exchange) step(ctx context.Context, what trouble, do func(context.Context) error) {
	var err error
	if x.leases == nil {
		x.leases, err = x.a.cfg.Connect()
	}
	if err == nil {
		limited, cancel := context.WithTimeout(ctx, callLimit)
		err = do(limited)
		cancel()
	}
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		x.leases = nil // the credentials may be others by now
	}
	x.a.note(what, err)
}

// publish writes the view into this replica's Lease.
func (x *exchange) publish(ctx context.Context) error {
	x.changed = false
	err := x.write(ctx)
	x.changed = x.changed || err != nil
	x.ours = x.ours || err == nil
	return err
}

func (x *exchange) write(ctx context.Context) error {
	text, err := x.a.view().encode()
	if err != nil {
		return err
	}
	lease := &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{
			Name: namePrefix + x.a.cfg.Identity, Labels: map[string]string{Label: LabelValue}, Annotations: map[string]string{Annotation: text},
		},
		Spec: coordinationv1.LeaseSpec{
			HolderIdentity: &x.holder, LeaseDurationSeconds: new(int32(fresh / time.Second)), RenewTime: new(metav1.NewMicroTime(time.Now())),
		},
	}
	patch, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"labels": lease.Labels, "annotations": lease.Annotations}, "spec": lease.Spec,
	})
	if err != nil {
		return fmt.Errorf("encode lease %s: %w", lease.Name, err)
	}
	_, err = x.leases.Patch(ctx, lease.Name, types.MergePatchType, patch, metav1.PatchOptions{})
	if apierrors.IsNotFound(err) {
		_, err = x.leases.Create(ctx, lease, metav1.CreateOptions{})
	}
	return err
}

// look reads the others' Leases.
func (x *exchange) look(ctx context.Context) error {
	list, err := x.leases.List(ctx, metav1.ListOptions{LabelSelector: Label + "=" + LabelValue, Limit: maxPeers})
	if err != nil {
		return err
	}
	var seen []sighted
	var unreadable error
	twin := ""
	for i := range list.Items {
		l := &list.Items[i]
		name, ok := strings.CutPrefix(l.Name, namePrefix)
		if !ok || l.Spec.RenewTime == nil {
			continue
		}
		if name == x.a.cfg.Identity {
			if h := l.Spec.HolderIdentity; x.ours && h != nil && *h != x.holder {
				twin = *h
			}
			continue
		}
		view, err := decode(l.Annotations[Annotation])
		if err != nil && unreadable == nil {
			unreadable = fmt.Errorf("lease %s: metadata.annotations[%s]: %w", l.Name, Annotation, err)
		}
		seen = append(seen, sighted{name, l.Spec.RenewTime.Time, view})
	}
	var err2 error
	if twin != "" {
		err2 = fmt.Errorf("another process calls itself %q too: give each replica a name of its own", x.a.cfg.Identity)
	}
	x.a.note(toRead, unreadable)
	x.a.note(toBeAlone, err2)
	x.bury(ctx, list, x.a.saw(time.Now(), seen))
	return nil
}

// bury deletes Leases of replicas that are long gone. Nothing depends on it: an
// error is tried again at the next look.
func (x *exchange) bury(ctx context.Context, list *coordinationv1.LeaseList, dead []string) {
	for i := range list.Items {
		l := &list.Items[i]
		if slices.Contains(dead[:min(len(dead), maxBuried)], strings.TrimPrefix(l.Name, namePrefix)) {
			// Of this version only: it may have come back to life.
			_ = x.leases.Delete(ctx, l.Name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &l.UID, ResourceVersion: &l.ResourceVersion}})
		}
	}
}

// saw takes in a list, and returns who has not moved for so long that it is dead.
func (a *Agreement) saw(now time.Time, list []sighted) (dead []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.peers.see(now, list)
	for name, p := range a.peers.all {
		if now.Sub(p.idle()) >= deadAfter {
			dead = append(dead, name)
		}
	}
	signalTo(a.wake)
	return dead
}
