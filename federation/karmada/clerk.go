package karmada

import (
	"context"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	workv1alpha2 "github.com/fedns/fedns/federation/api/karmada/work/v1alpha2"
	"github.com/fedns/fedns/federation/finding"
	"github.com/fedns/fedns/federation/work"
)

// Bounds of what waits to be written.
const (
	queued = 256              // Events; more are left out
	writes = 10 * time.Second // for an Event, or for what is erased of a template
	again  = 5 * time.Second  // until what could not be erased is tried again
)

// note is an Event to be written.
type note struct {
	regarding corev1.ObjectReference
	warning   bool
	reason    string
	text      string
}

// clerk writes what nobody waits for: Events, and that what was taken back is gone.
type clerk struct {
	dialect *Dialect
	notes   chan note
	wake    chan struct{} // holds one

	mu    sync.Mutex
	erase map[work.Key]bool
}

func newClerk(d *Dialect) *clerk {
	return &clerk{dialect: d, notes: make(chan note, queued), wake: make(chan struct{}, 1), erase: map[work.Key]bool{}}
}

// tell has an Event written, unless too many wait.
func (c *clerk) tell(n note) {
	select {
	case c.notes <- n:
	default:
	}
}

// gone has a template's binding and Works deleted.
func (c *clerk) gone(key work.Key) {
	c.mu.Lock()
	c.erase[key] = true
	c.mu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// run works until ctx is done.
func (c *clerk) run(ctx context.Context, desk *desk, book *book) {
	for {
		var retry <-chan time.Time
		for _, key := range c.next() {
			if err := c.clear(ctx, desk, book, key); err != nil && ctx.Err() == nil {
				c.dialect.cfg.Log.Warn("karmada: what was taken back is not erased yet", "template", key, "error", err)
				c.mu.Lock()
				c.erase[key] = true
				c.mu.Unlock()
				retry = time.After(again)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-c.wake:
		case <-retry:
		case n := <-c.notes:
			c.write(ctx, n)
		}
	}
}

// next takes all keys that are to be erased.
func (c *clerk) next() (keys []work.Key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key := range c.erase {
		keys = append(keys, key)
	}
	clear(c.erase)
	return keys
}

// clear erases what was written of a template, unless it is ordered again.
func (c *clerk) clear(ctx context.Context, desk *desk, book *book, key work.Key) error {
	st, _, yielded := desk.of(key)
	if st != nil || yielded || book.binding(key) == nil {
		return nil
	}
	if desk.stands(key) { // that has the same binding and Works
		book.note(key, nil)
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, writes)
	defer cancel()
	for _, cluster := range book.clustersOf(key) {
		if err := c.dialect.withoutWork(ctx, book, key, cluster); err != nil {
			return err
		}
	}
	if err := remove(ctx, c.dialect.cfg.Host.Client(), bindingKind(key), key.Namespace, bindingName(key)); err != nil {
		return err
	}
	book.note(key, nil)
	return nil
}

// write writes an Event. One that cannot be written is left out.
func (c *clerk) write(ctx context.Context, n note) {
	ctx, cancel := context.WithTimeout(ctx, writes)
	defer cancel()
	now := time.Now()
	e := &eventsv1.Event{
		EventTime: metav1.NewMicroTime(now), ReportingController: "fedns.io/karmada", ReportingInstance: fedns,
		Action: "Propagate", Reason: n.reason, Regarding: n.regarding, Note: cut(n.text), Type: corev1.EventTypeNormal,
	}
	if n.warning {
		e.Type = corev1.EventTypeWarning
	}
	e.SetGroupVersionKind(eventsv1.SchemeGroupVersion.WithKind("Event"))
	e.Namespace, e.Name = n.regarding.Namespace, fmt.Sprintf("%.200s.%x", n.regarding.Name, now.UnixNano())
	if e.Namespace == "" {
		e.Namespace = metav1.NamespaceDefault
	}
	o, _, err := plain(e)
	if err == nil {
		err = c.dialect.cfg.Host.Client().Create(ctx, o, client.FieldOwner(manager))
	}
	if err != nil && ctx.Err() == nil {
		c.dialect.cfg.Log.Debug("karmada: an Event is left out", "regarding", n.regarding.Name, "error", err)
	}
}

// schedulingEvent tells what became of a template's placement.
func schedulingEvent(r *work.Report, e *entry) note {
	s := r.Order.Source
	n := note{reason: "ScheduleBindingSucceed", regarding: corev1.ObjectReference{
		APIVersion: s.Kind.GroupVersion().String(), Kind: s.Kind.Kind, Namespace: s.Namespace, Name: s.Name, UID: s.UID,
	}}
	for _, c := range e.conditions {
		if c.Type == workv1alpha2.Scheduled {
			n.text = c.Message
			if n.warning = c.Status != metav1.ConditionTrue; n.warning {
				n.reason = "ScheduleBindingFailed"
			}
		}
	}
	return n
}

// policyEvent tells of what was found in a policy.
func policyEvent(p reference, f finding.Finding, bad bool) note {
	n := note{reason: "NotRead", warning: bad, text: f.Text, regarding: corev1.ObjectReference{APIVersion: p.gvk().GroupVersion().String(), Kind: p.kind, Namespace: p.namespace, Name: p.name}}
	if f.Field != "" {
		n.text = f.Field + " " + f.Text
	}
	if bad {
		n.reason = "ApplyPolicyFailed"
	}
	return n
}
