package propagation

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/fedns/fedns/federation/retain"
	"github.com/fedns/fedns/federation/work"
)

// rounds is how often a record is judged anew in one go, because what it was judged
// by had changed meanwhile.
const rounds = 5

// An object that is changed by somebody else sooner than calm after it was put
// right, so often in a row, is fought over.
const (
	calm       = time.Minute
	mostFights = 5
)

// errChanged says that the object is not any more what was judged by.
var errChanged = errors.New("it was changed meanwhile")

// errWaiting says that what an object needs is not there yet.
type errWaiting struct{ reason, message string }

func (e *errWaiting) Error() string { return e.message }

// errFenced says that this daemon stopped leading before, or during, a call.
type errFenced struct{ err error }

func (e *errFenced) Error() string { return e.err.Error() }

// task is one record being worked on, by one goroutine.
type task struct {
	*member
	r    *record
	c    *connection
	kind *kind

	// Of the round.
	goal *goal
	seen sight
	read bool // the object was read in this go
	// overtaken says that the object was seen as it was to be before, and that nothing
	// of it is needed to have it as it is to be now.
	overtaken bool
	keep      bool // the object is let go, though it is to be deleted
}

// attend does what is to be done with a record, tells the outcome, and says when it
// is to be looked at again.
func (m *member) attend(r *record) verdict {
	t := &task{member: m, r: r}
	var err error
	for range rounds {
		m.mu.Lock()
		t.goal, t.seen, t.overtaken = r.goal, r.seen, false
		m.mu.Unlock()
		if t.goal == nil {
			return verdict{}
		}
		var v verdict
		if v, err = t.round(); err == nil {
			return v
		}
		if !errors.Is(err, errChanged) {
			return t.failed(err)
		}
	}
	f := fault{reason: ReasonContended, message: "it changes all the time"}
	return verdict{fault: &f}
}

// round does the next step. errChanged: another round is to be done.
func (t *task) round() (verdict, error) {
	if t.goal.fault != "" {
		t.tell(work.Failed, ReasonUnreadable, t.goal.fault)
		return verdict{}, nil
	}
	if v, err, ok := t.locate(); !ok {
		return v, err
	}
	if t.kind.blindly() && !t.read {
		return verdict{}, t.reread()
	}
	if t.seen.there() && t.seen.by != t.goal && !t.goal.removes() && !t.overtake() {
		return verdict{}, t.judge()
	}
	if t.isTemplate() {
		return t.itself()
	}
	var err error
	if t.keep, err = t.stays(); err != nil {
		return verdict{}, err
	}
	term, _ := t.cfg.Term()
	next := decide(t.goal, &t.seen, term, t.keep)
	var outrun error
	if next == stand {
		if outrun = t.confirm(); outrun == nil {
			next = decide(t.goal, &t.seen, t.seen.term, t.keep)
		}
	}
	switch next {
	case nothing:
		t.mu.Lock()
		defer t.mu.Unlock()
		return verdict{wait: max(t.applied(t.r), t.pause())}, nil
	case create:
		return verdict{}, t.create(term)
	case apply:
		return verdict{}, t.apply(term)
	case remove:
		return verdict{}, t.remove()
	case release:
		return verdict{}, t.release()
	case removed:
		t.gone()
		return verdict{}, nil
	case hold:
		return t.hold()
	case terminate:
		if !t.read {
			return verdict{}, t.reread()
		}
		return verdict{}, &errWaiting{ReasonTerminating, "the object that was there is being deleted" + held(t.seen.holders)}
	case conflict:
		return verdict{}, t.foreign()
	case suspended:
		t.tell(work.Pending, ReasonSuspended, t.seen.differs)
		t.mu.Lock()
		defer t.mu.Unlock()
		return verdict{wait: t.pause()}, nil
	case stand:
		t.cfg.Outrun(t.name, t.r.key, t.seen.term)
		f := fault{reason: ReasonOutrun, message: line(fmt.Sprintf("it was written in term %d, this daemon's is %d: %v", t.seen.term, term, outrun))}
		t.tell(work.Failed, f.reason, f.message)
		return verdict{fault: &f}, nil
	default:
		return verdict{}, fmt.Errorf("unknown step %d", next)
	}
}

// confirm says whether no leader of a later term can have written what was seen.
func (t *task) confirm() error {
	ctx, cancel := context.WithTimeout(t.ctx, t.cfg.CallTimeout)
	defer cancel()
	return t.cfg.Confirm(ctx)
}

// locate finds where the object is served, and waits until its kind was listed.
func (t *task) locate() (v verdict, err error, ok bool) {
	c, f := t.connect()
	if f != nil {
		t.tell(work.Failed, f.reason, f.message)
		return verdict{fault: f}, nil, false
	}
	t.c = c
	if err := t.identify(); err != nil {
		return verdict{}, err, false
	}
	t.kind, err = t.kindOf(c, t.r.key.Kind)
	if errors.Is(err, errNotServed) {
		if t.goal.removes() {
			t.gone()
			return verdict{}, nil, false
		}
		return verdict{}, t.unservedYet(), false
	}
	if err != nil {
		return verdict{}, err, false
	}
	if key := t.r.key; t.kind.namespaced != (key.Namespace != "") {
		is := map[bool]string{true: "has to be in a namespace", false: "has no namespace"}
		return verdict{}, &errStanding{fault{reason: "Invalid", message: fmt.Sprintf("%s %s there, and is ordered otherwise", key.Kind.Kind, is[t.kind.namespaced])}}, false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.kind.synced && !t.kind.blind {
		return verdict{park: t.kind}, nil, false
	}
	// The list may have come meanwhile: what was known before it is not known to be so.
	t.seen = t.r.seen
	if t.goal != t.r.goal {
		return verdict{}, errChanged, false
	}
	return verdict{}, nil, true
}

func (k *kind) blindly() bool {
	k.member.mu.Lock()
	defer k.member.mu.Unlock()
	return k.blind && !k.synced
}

// pause is until an object is looked at that is not watched; mu is held.
func (t *task) pause() time.Duration {
	if t.kind.synced {
		return 0
	}
	return t.cfg.wait(30, t.cfg.Longest)
}

func (t *task) unservedYet() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.attendTo(definitions)
	return &errWaiting{ReasonNotServed, fmt.Sprintf("the member does not serve %s in %s", t.r.key.Kind.Kind, t.r.key.Kind.GroupVersion())}
}

// hold tells that the object is being deleted, and looks now and then whether it
// still is.
func (t *task) hold() (verdict, error) {
	t.mu.Lock()
	told := t.r.told.phase == work.Removing
	t.mu.Unlock()
	if told && !t.read {
		return verdict{}, t.reread()
	}
	why := ""
	if told {
		why = t.refusal()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.r.goal != t.goal {
		return verdict{}, errChanged
	}
	t.r.refused = why
	t.removing(t.r)
	return verdict{wait: min(idle, t.cfg.Longest)}, nil
}

// awaited is until something that waits is tried although nothing was seen to come.
// A kind is served a little later than its definition says that it is.
func (t *task) awaited(reason string) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	if at, ok := t.defined[t.r.key.Kind.Group]; ok && reason == ReasonNotServed && time.Since(at) < settling {
		return settling / 100
	}
	return idle
}

// failed tells what an error is, and when it is tried again.
func (t *task) failed(err error) verdict {
	if w, ok := errors.AsType[*errWaiting](err); ok {
		t.tell(work.Waiting, w.reason, w.message)
		return verdict{wait: t.awaited(w.reason)}
	}
	if _, ok := errors.AsType[*errFenced](err); ok {
		return verdict{fenced: true}
	}
	if t.ctx.Err() != nil {
		return verdict{}
	}
	f := faultOf(err)
	if f.away && errors.Is(err, context.DeadlineExceeded) && t.answers() {
		// A webhook, say, that is asked about this object and hangs.
		f.away, f.reason = false, ReasonTimeout
	}
	t.tell(work.Failed, f.reason, f.message)
	return verdict{fault: &f}
}

// answers says whether the member answers anything, after it did not in time.
func (t *task) answers() bool {
	t.mu.Lock()
	known := t.away != nil
	t.mu.Unlock()
	if known || t.c == nil {
		return false
	}
	err, _ := t.call("probe", false, t.c.client.version)
	return err == nil || !faultOf(err).away
}

func (t *task) tell(p work.Phase, reason, message string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.r.goal == t.goal {
		t.say(t.r, p, reason, message)
	}
}

// overtake says that the object, which was as it was to be before, is otherwise than
// the goal has it now, without reading it: the digest on it is another. What is
// retained of what is there, and owners that are to be changed, have it read. That
// nobody wrote meanwhile is a precondition of the apply.
func (t *task) overtake() bool {
	was := t.seen.by
	if was == nil || !t.seen.right || t.seen.created || t.seen.leaving || t.goal.suspend || was.body.digest == t.goal.body.digest {
		return false
	}
	want, err := t.parsed.of(t.goal.body)
	if err != nil || retain.Shares(want, retain.Options{Replicas: t.goal.retain}) {
		return false
	}
	t.seen.by, t.seen.right, t.overtaken = t.goal, false, true
	return true
}

// judge has the object judged by the goal, reading it if its text was not kept.
func (t *task) judge() error {
	if t.seen.text == nil {
		return t.reread()
	}
	live, err := readObject(t.seen.text)
	if err != nil {
		return t.reread()
	}
	t.take(live, false)
	return errChanged
}

// reread reads the object and has it judged.
func (t *task) reread() error {
	t.read = true
	var live *unstructured.Unstructured
	err, _ := t.call("get", false, func(ctx context.Context) (err error) {
		live, err = t.c.client.get(ctx, t.path())
		return err
	})
	switch {
	case apierrors.IsNotFound(err):
		t.mu.Lock()
		t.r.seen, t.r.reading = sight{}, nil
		t.mu.Unlock()
	case err != nil:
		return err
	default:
		t.take(live, false)
	}
	return errChanged
}

// take takes in an object that a call returned. mine: as we have just written it,
// so where it is otherwise the API server wants it so.
func (t *task) take(live *unstructured.Unstructured, mine bool) {
	s, d := t.parsed.look(live, t.goal, t.r.acceptedOf(t.member, mine), mine, t.cfg.Home)
	if !s.right && !s.leaving && (!t.goal.removes() || t.goal.orphan || t.keep) {
		s.text = keep(live)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.r.outdated(&s) {
		return // the watch was sooner
	}
	if mine && t.r.goal == t.goal {
		t.r.accepted, t.r.righted = d, time.Now()
	}
	t.r.seen, t.r.reading = s, observe(live)
}

// taken takes in what our own write was answered, and yields what is next. Without our
// marks it would look like somebody else's, and be written again and again: whoever takes
// them away is told of, and it is tried again later.
func (t *task) taken(live *unstructured.Unstructured) error {
	t.take(live, true)
	mark := unmarked(live, t.goal)
	if mark == "" || live.GetDeletionTimestamp() != nil || ownerOf(live, t.goal, t.cfg.Home) != "" {
		return errChanged
	}
	return &errStanding{fault{reason: ReasonUnmarked, message: fmt.Sprintf("the cluster (a webhook there, say) takes the %s from what is applied, or changes it: it could not be told from what others wrote", mark)}}
}

// acceptedOf is what is accepted of a record; of what was just written, nothing yet.
func (r *record) acceptedOf(m *member, mine bool) uint64 {
	if mine {
		return 0
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return r.accepted
}

func (t *task) path() []string { return t.kind.path(t.r.key.Namespace, t.r.key.Name) }

// namespaceKey is the key of a namespace.
func namespaceKey(name string) work.Key {
	return work.Key{Kind: schema.GroupVersionKind{Version: "v1", Kind: "Namespace"}, Name: name}
}

func held(by string) string {
	if by == "" {
		return ""
	}
	return "; its finalizers: " + by
}
