package propagation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/util/csaupgrade"

	"github.com/fedns/fedns/federation/retain"
	"github.com/fedns/fedns/federation/work"
)

// write does a call that writes.
func (t *task) write(verb string, do func(context.Context) error) error {
	err, fenced := t.call(verb, true, do)
	if fenced {
		return &errFenced{err}
	}
	return err
}

// create creates the object. That it is not there is part of the call, so nobody's
// is overwritten.
func (t *task) create(term int64) error {
	var made *unstructured.Unstructured
	err := t.write("create", func(ctx context.Context) error {
		text, err := t.c.client.create(ctx, t.kind.path(t.r.key.Namespace, ""), t.goal.body.creation(term))
		if err == nil && !t.toldOf(text) {
			made, err = answered(text)
		}
		return err
	})
	switch {
	case err == nil && made == nil:
		return errChanged
	case err == nil:
		return t.taken(made)
	case apierrors.IsAlreadyExists(err):
		return t.reread()
	case namespaceMissing(err, t.r.key.Namespace):
		return t.createNamespace(term)
	case namespaceTerminating(err):
		t.mu.Lock()
		defer t.mu.Unlock()
		t.attendTo(namespaces)
		return &errWaiting{ReasonTerminating, fmt.Sprintf("namespace %s is being deleted", t.r.key.Namespace)}
	case notServed(err):
		t.unserved(t.r.key.Kind)
		return t.unservedYet()
	}
	return err
}

// createNamespace creates the object's namespace, if that is ours to do.
func (t *task) createNamespace(term int64) error {
	name := t.r.key.Namespace
	t.mu.Lock()
	ordered := t.records[namespaceKey(name)]
	ours := t.cfg.CreateNamespaces && (ordered == nil || ordered.goal == nil)
	if !ours {
		t.attendTo(namespaces)
	}
	t.mu.Unlock()
	if !ours {
		return &errWaiting{ReasonNamespaceMissing, fmt.Sprintf("there is no namespace %s", name)}
	}
	text, err := json.Marshal(map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{
		"name": name, "labels": map[string]string{LabelManagedBy: managedBy}, "annotations": t.ownNotes(term),
	}})
	if err != nil {
		return unreadable(err)
	}
	err = t.write("create", func(ctx context.Context) error {
		_, err := t.c.client.create(ctx, []string{"/api", "v1", "namespaces"}, text)
		return err
	})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("create namespace %s: %w", name, err)
	}
	return errChanged
}

// ownNotes are the annotations of a namespace that is made along.
func (t *task) ownNotes(term int64) map[string]string {
	notes := map[string]string{AnnotationTerm: strconv.FormatInt(term, 10)}
	if t.cfg.Home != "" {
		notes[AnnotationHost] = t.cfg.Home
	}
	return notes
}

// apply has the object as it is to be, unless anybody has written it since it was
// read.
func (t *task) apply(term int64) error {
	want, err := t.parsed.of(t.goal.body)
	if err != nil {
		return unreadable(err)
	}
	if !t.overtaken {
		live, err := readObject(t.seen.text)
		if err != nil {
			return t.reread()
		}
		if t.seen.created {
			return t.upgrade(live)
		}
		want = retain.Retain(want, live, retain.Options{Replicas: t.goal.retain})
	}
	text, err := application(want, &t.seen, term)
	if err != nil {
		return unreadable(err)
	}
	return t.patch("apply", types.ApplyPatchType, text, true)
}

// toldOf says that a watch was sooner than the answer to what was just written, and
// that what it told is as it is to be.
func (t *task) toldOf(text []byte) bool {
	h, ok := headOf(text)
	if !ok {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.r
	if r.goal != t.goal || !r.seen.isRight(t.goal) || r.accepted != 0 || r.reading == nil || r.seen.uid != h.uid || r.seen.version != h.version {
		return false
	}
	r.righted = time.Now()
	return true
}

// upgrade has what we own by the object's creation owned as by an apply: otherwise
// what is no longer stated would stay.
func (t *task) upgrade(live *unstructured.Unstructured) error {
	text, err := csaupgrade.UpgradeManagedFieldsPatch(live, sets.New(Manager), Manager)
	if err != nil {
		return unreadable(fmt.Errorf("read the owners of its fields: %w", err))
	}
	if text == nil {
		return unreadable(errors.New("the owners of its fields cannot be read"))
	}
	return t.patch("upgrade", types.JSONPatchType, text, false)
}

func (t *task) patch(verb string, how types.PatchType, text []byte, mine bool) error {
	var now *unstructured.Unstructured
	err := t.write(verb, func(ctx context.Context) error {
		text, err := t.c.client.patch(ctx, t.path(), how, text)
		if err == nil && !(mine && t.toldOf(text)) {
			now, err = answered(text)
		}
		return err
	})
	switch {
	case err == nil && now == nil:
		return errChanged
	case err == nil && mine:
		return t.taken(now)
	case err == nil:
		t.take(now, false)
		return errChanged
	case apierrors.IsConflict(err), apierrors.IsNotFound(err):
		return t.reread()
	}
	return err
}

// remove has the object deleted, unless anybody has written it since it was seen.
func (t *task) remove() error {
	policy := metav1.DeletePropagationBackground
	if group := t.r.key.Kind.Group; group == "apps" || group == "batch" {
		// Its Pods are what is to be gone.
		policy = metav1.DeletePropagationForeground
	}
	var left *unstructured.Unstructured
	err := t.write("delete", func(ctx context.Context) (err error) {
		left, err = t.c.client.delete(ctx, t.path(), metav1.DeleteOptions{
			Preconditions: &metav1.Preconditions{UID: &t.seen.uid, ResourceVersion: &t.seen.version}, PropagationPolicy: &policy,
		})
		return err
	})
	switch {
	case apierrors.IsConflict(err):
		return t.reread()
	case err != nil && !apierrors.IsNotFound(err):
		return err
	case left != nil:
		t.take(left, false)
		return errChanged
	}
	t.mu.Lock()
	t.r.seen, t.r.reading = sight{}, nil
	t.mu.Unlock()
	return errChanged
}

// release lets the object go: our label, KubeFed's (which says that somebody places
// it), our annotations and our ownership of
// fields are taken from it, and nothing else is changed.
func (t *task) release() error {
	live, err := readObject(t.seen.text)
	if err != nil {
		return t.reread() // for the owners of its fields
	}
	text, err := json.Marshal(map[string]any{"metadata": map[string]any{
		"uid": live.GetUID(), "resourceVersion": live.GetResourceVersion(), "managedFields": others(live),
		"labels":      map[string]any{LabelManagedBy: nil, kubefedManaged: nil},
		"annotations": map[string]any{AnnotationOrigin: nil, AnnotationApplied: nil, AnnotationTerm: nil, AnnotationHost: nil},
	}})
	if err != nil {
		return unreadable(err)
	}
	err = t.write("release", func(ctx context.Context) error {
		_, err := t.c.client.patch(ctx, t.path(), types.MergePatchType, text)
		return err
	})
	switch {
	case apierrors.IsConflict(err), apierrors.IsNotFound(err):
		return t.reread()
	case err != nil:
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.r.seen, t.r.reading = sight{}, nil
	if t.r.goal == t.goal {
		reason, message := ReasonOrphaned, "the object stays"
		if t.keep {
			reason, message = ReasonHost, "this is the host cluster, whose templates would go with it: it stays"
		}
		t.say(t.r, work.Removed, reason, message)
	}
	return errChanged
}

// others are the owners of fields but ourselves. An API server takes an empty list
// for one that was left out, and an empty entry for an empty list.
func others(live *unstructured.Unstructured) []any {
	entries, _, _ := unstructured.NestedSlice(live.Object, "metadata", "managedFields")
	kept := []any{}
	for _, item := range entries {
		e, _ := item.(map[string]any)
		if e["manager"] != Manager {
			kept = append(kept, maps.Clone(e))
		}
	}
	if len(kept) == 0 {
		return []any{map[string]any{}}
	}
	return kept
}

// foreign tells who has an object that is to be left alone.
func (t *task) foreign() error {
	if !t.read {
		return t.reread() // it is not watched: it may be gone by now
	}
	who := t.seen.who
	if who == "" {
		who = "nobody known"
	}
	f := fault{reason: ReasonConflict, message: "an object is there already, and is left alone; it was written last by " + who}
	switch {
	case t.seen.owner != "":
		f.message = "an object is there already, and is left alone: it was placed by " + t.seen.owner
	case t.seen.created:
		f.message = "an object is there already, and is left alone: fedns made it, and somebody (a webhook there, say) took its label " + LabelManagedBy + " away"
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.r.seen.text = nil
	return &errStanding{f}
}

// gone tells that nothing of ours is there.
func (t *task) gone() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.r.goal != t.goal {
		return
	}
	reason, message := "", ""
	if t.seen.there() {
		reason, message = ReasonNotOurs, "what is there was not written by federation"
		if t.seen.owner != "" {
			message = "what is there was placed by " + t.seen.owner
		}
	}
	t.r.seen, t.r.reading = sight{}, nil
	if t.r.told.phase == work.Removed {
		return // how it went was told then
	}
	t.say(t.r, work.Removed, reason, message)
}

// applied tells that an object is as it is to be; one that is fought over is told as
// Contended until it stays so. It is to be called again after wait, unless that is 0.
// mu is held.
func (m *member) applied(r *record) (wait time.Duration) {
	if r.fights >= mostFights {
		if wait = calm - time.Since(r.righted); wait > 0 {
			return wait
		}
		r.fights = 0
	}
	reason, why := "", ""
	if r.reading != nil {
		why = r.reading.Why
	}
	if r.seen.differs != "" {
		reason = ReasonAltered
		why = strings.TrimSuffix("the cluster (a webhook there, say) made something else of "+r.seen.differs+"; "+why, "; ")
	}
	m.say(r, work.Applied, reason, why)
	return 0
}

// removing tells that an object is being deleted; mu is held.
func (m *member) removing(r *record) {
	reason, message := "", ""
	if r.seen.holders != "" {
		reason, message = ReasonFinalizers, "waits for whoever has its finalizers: "+r.seen.holders
	}
	if r.refused != "" {
		reason, message = ReasonRefused, r.refused+"; "+message
	}
	m.say(r, work.Removing, reason, message)
}

// drifted has an object put right that was changed or deleted in the member; later
// and later when that goes on. mu is held.
func (m *member) drifted(r *record) {
	r.fights++
	if time.Since(r.righted) > calm {
		r.fights = 1
	}
	if r.fights < mostFights || r.queued == working {
		m.queue.put(r, routine)
		return
	}
	who := r.seen.who
	if who == "" {
		who = "somebody"
	}
	what := r.seen.differs
	if !r.seen.there() {
		what = "it is deleted"
	}
	m.say(r, work.Failed, ReasonContended, line(fmt.Sprintf("%s keeps changing it: %s", who, what)))
	m.queue.delay(r, time.Now().Add(m.cfg.wait(r.fights-mostFights+2, m.cfg.Longest)))
}
