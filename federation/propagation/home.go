package propagation

import (
	"context"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/fedns/fedns/federation/work"
)

// identity is what is known of whether a member is the host cluster itself.
type identity uint8

const (
	unasked identity = iota
	another          // it is not the host
	home             // it is
	hidden           // we may not ask
)

// identityNamespace is there in every cluster, and its UID is no other cluster's.
const identityNamespace = "kube-system"

// lookHome is how often a template is looked at that is its own copy: it has no
// label of ours that a watch could select it by.
const lookHome = 10 * time.Second

// identify finds out whether the member is the host.
func (t *task) identify() error {
	t.mu.Lock()
	known := t.c.identity
	t.mu.Unlock()
	// Where it matters, we ask again: we may have been given the right to.
	if known != unasked && (known != hidden || !t.goal.removes() || !holdsTemplates(t.r.key.Kind)) {
		return nil
	}
	is := another
	if t.cfg.Home != "" {
		err, _ := t.call("identify", false, func(ctx context.Context) error {
			o, err := t.c.client.get(ctx, []string{"/api", "v1", "namespaces", identityNamespace})
			if err == nil && string(o.GetUID()) == t.cfg.Home {
				is = home
			}
			return err
		})
		switch {
		case apierrors.IsForbidden(err):
			is = hidden
		case err != nil && !apierrors.IsNotFound(err):
			return err
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.c.identity = is
	return nil
}

// atHome says that the member is the host, as far as is known.
func (t *task) atHome() bool { return t.is(home) }

func (t *task) is(what identity) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.c.identity == what
}

// isTemplate says that the object is what orders are made of. One of another UID is
// one that was made anew, of which the host will tell.
func (t *task) isTemplate() bool {
	return t.goal.template != "" && (t.atHome() || t.seen.there() && t.seen.uid == t.goal.template)
}

// itself tells of an object that is the template: nothing is written, whatever is to be.
func (t *task) itself() (verdict, error) {
	if !t.read {
		return verdict{}, t.reread()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.r.seen.text = nil
	if t.r.goal != t.goal {
		return verdict{}, errChanged
	}
	switch {
	case t.goal.removes():
		t.r.seen, t.r.reading = sight{}, nil
		t.say(t.r, work.Removed, ReasonTemplate, "it is the template itself, and stays")
		return verdict{}, nil
	case !t.seen.there():
		t.say(t.r, work.Waiting, ReasonTemplate, "the template is not there any more")
	case !t.goal.own:
		t.say(t.r, work.Failed, ReasonTemplate, "it is the template of another order, and is left alone")
	default:
		t.say(t.r, work.Applied, ReasonTemplate, "it is the template itself, and is left as it is")
	}
	return verdict{wait: lookHome}, nil
}

// holdsTemplates says that objects of a kind are the host's own when they are there:
// with one of them its templates, or what was decided of them, would go.
func holdsTemplates(kind schema.GroupVersionKind) bool {
	switch kind.GroupKind().String() {
	case "Namespace", "CustomResourceDefinition.apiextensions.k8s.io":
		return true
	}
	for _, group := range []string{"fedns.io", "kubefed.io", "karmada.io"} {
		if kind.Group == group || strings.HasSuffix(kind.Group, "."+group) {
			return true
		}
	}
	return false
}

// stays says that an object is not deleted when it is to go, but let go. The error
// is that nobody knows.
func (t *task) stays() (bool, error) {
	if !t.goal.removes() || t.goal.orphan || !t.seen.there() || !t.seen.ours || !holdsTemplates(t.r.key.Kind) {
		return false, nil
	}
	if t.is(hidden) {
		return false, &errStanding{fault{reason: ReasonUnidentified, message: fmt.Sprintf(
			"whether this is the host cluster cannot be told, for namespace %s may not be read there: a %s would be deleted with all that is in it", identityNamespace, t.r.key.Kind.Kind)}}
	}
	return t.atHome(), nil
}
