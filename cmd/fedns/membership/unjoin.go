package membership

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/fedns/fedns/federation/api/v1alpha1"
)

// Leaving is a cluster that is to be a member no longer. Name and Host are required.
type Leaving struct {
	Name string
	Host *rest.Config
	// Member is the member as somebody who may delete what join made there; nil: that
	// stays.
	Member *rest.Config
	// Namespace of the Secret in the host. Defaults to Namespace.
	Namespace string
	// Purge deletes the namespace that join made in the member, with all that is in it.
	Purge bool
	// Force has it leave although templates are placed there. What was placed stays.
	Force bool
}

// Step is what became of one object. The JSON names are stable.
type Step struct {
	Where  string `json:"where"` // host or member
	Object string `json:"object"`
	Did    string `json:"did"` // deleted, absent, left or failed
	Why    string `json:"why,omitempty"`
}

// What became of an object.
const (
	deleted = "deleted"
	absent  = "absent" // it was not there
	left    = "left"
	failed  = "failed"
)

// ErrOther says that the account in Leaving.Member is another member's.
var ErrOther = errors.New("without its account another member would be cut off")

// ErrPlaced says that templates are placed in the cluster.
var ErrPlaced = errors.New("templates are placed there")

// Plan is what Do would delete.
func (l Leaving) Plan() (member, host []Object) {
	if l.Member != nil {
		member = l.memberObjects()
	}
	return member, l.hostObjects()
}

// Do undoes what join did, the host's side first: from then on its names are
// answered by others. It goes on after what fails, and the steps tell of all. It may
// be called again. With an error nothing was done.
func (l Leaving) Do(ctx context.Context) ([]Step, error) {
	host, err := dynamic.NewForConfig(l.Host)
	if err != nil {
		return nil, fmt.Errorf("host: %w", err)
	}
	if l.Member != nil {
		if err := l.apart(ctx, host, l.Member.Host); err != nil {
			return nil, err
		}
	}
	if !l.Force {
		if err := l.empty(ctx, host); err != nil {
			return nil, err
		}
	}
	var steps []Step
	for _, o := range l.hostObjects() {
		steps = append(steps, removal(ctx, "host", o, host, l.own))
	}
	return append(steps, l.undoMember(ctx, host)...), nil
}

// undoMember undoes the member's side.
func (l Leaving) undoMember(ctx context.Context, host dynamic.Interface) (steps []Step) {
	if l.Member == nil {
		return []Step{{"member", "ServiceAccount " + Namespace + "/" + Account, left, "and its roles: with --kubeconfig they are deleted"}}
	}
	member, err := dynamic.NewForConfig(l.Member)
	if err != nil {
		return []Step{{"member", "ServiceAccount " + Namespace + "/" + Account, failed, err.Error()}}
	}
	purgeable := func(ctx context.Context, o Object, c dynamic.Interface) error {
		if o.GetKind() == "Namespace" && sameCluster(ctx, host, member) {
			return reason("it is the host: fedns itself may run in that namespace")
		}
		return ours(ctx, o, c)
	}
	for _, o := range l.memberObjects() {
		s := removal(ctx, "member", o, member, purgeable)
		steps = append(steps, s)
		if s.Did == failed && ctx.Err() != nil {
			break // the others would fail as well, each after as long
		}
	}
	return steps
}

func (l Leaving) hostObjects() []Object {
	return []Object{
		memberClusterOf(l.Name, v1alpha1.MemberClusterSpec{}, nil),
		object("v1", "Secret", secrets, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: cmp.Or(l.Namespace, Namespace), Name: SecretName(l.Name)}}),
	}
}

// memberObjects are in the order in which they go: the rights before the account.
func (l Leaving) memberObjects() []Object {
	all := accountObjects(Rights{Propagate: true})
	slices.Reverse(all)
	if !l.Purge {
		all = slices.DeleteFunc(all, func(o Object) bool { return o.GetKind() == "Namespace" })
	}
	return all
}

// apart is ErrOther if an API server is another member's.
func (l Leaving) apart(ctx context.Context, host dynamic.Interface, server string) error {
	other, err := sibling(ctx, host, cmp.Or(l.Namespace, Namespace), l.Name, server)
	if err != nil {
		return fmt.Errorf("host: %w", err)
	}
	if other != "" {
		return fmt.Errorf("%w: %s is the member %s", ErrOther, server, other)
	}
	return nil
}

// empty is ErrPlaced while a Binding has the cluster.
func (l Leaving) empty(ctx context.Context, host dynamic.Interface) error {
	var there []string
	for next := (metav1.ListOptions{Limit: pageSize}); ; {
		page, err := host.Resource(v1alpha1.Bindings).List(ctx, next)
		if notServed(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("host: Bindings: %w", err)
		}
		for _, b := range page.Items {
			if has(&b, l.Name, "targets") || has(&b, l.Name, "leaving") {
				there = append(there, b.GetNamespace()+"/"+b.GetName())
			}
		}
		if next.Continue = page.GetContinue(); next.Continue == "" {
			break
		}
	}
	if len(there) == 0 {
		return nil
	}
	slices.Sort(there)
	const most = 5
	if n := len(there) - most; n > 0 {
		there = append(there[:most], fmt.Sprintf("and %d more", n))
	}
	return fmt.Errorf("%w (Bindings %s): drain it first (spec.drain of its MemberCluster), or --force to leave them there", ErrPlaced, strings.Join(there, ", "))
}

// has says that a list of a Binding's has the cluster.
func has(b *unstructured.Unstructured, cluster, list string) bool {
	all, _, _ := unstructured.NestedSlice(b.Object, "spec", list)
	return slices.ContainsFunc(all, func(item any) bool {
		one, _ := item.(map[string]any)
		return one["cluster"] == cluster
	})
}

// own says that an object in the host is this member's: a Secret of that name may be
// somebody else's.
func (l Leaving) own(ctx context.Context, o Object, host dynamic.Interface) error {
	if o.GetKind() != "Secret" {
		return nil
	}
	have, err := o.in(host).Get(ctx, o.GetName(), metav1.GetOptions{})
	if err == nil && have.GetLabels()[MemberLabel] != l.Name {
		return reason(fmt.Sprintf("it has no label %s: %s, so that join has not made it", MemberLabel, l.Name))
	}
	return ignoreAbsent(err)
}

// ours says that join has made an object in the member.
func ours(ctx context.Context, o Object, member dynamic.Interface) error {
	have, err := o.in(member).Get(ctx, o.GetName(), metav1.GetOptions{})
	if err == nil && have.GetLabels()["app.kubernetes.io/name"] != "fedns" {
		return reason("it has no label app.kubernetes.io/name: fedns, so that join has not made it")
	}
	return ignoreAbsent(err)
}

func ignoreAbsent(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// reason is why an object is left on purpose.
type reason string

// Error is the reason.
func (r reason) Error() string { return string(r) }

// removal deletes an object, unless there is a reason not to.
func removal(ctx context.Context, where string, o Object, client dynamic.Interface, may func(context.Context, Object, dynamic.Interface) error) Step {
	s := Step{Where: where, Object: o.String()}
	if err := may(ctx, o, client); err != nil {
		s.Did, s.Why = failed, err.Error()
		if errors.As(err, new(reason)) {
			s.Did = left
		}
		return s
	}
	was, err := o.remove(ctx, client)
	switch {
	case err != nil:
		s.Did, s.Why = failed, err.Error()
	case was:
		s.Did = deleted
	default:
		s.Did = absent
	}
	return s
}

// sameCluster says that two clients speak to one cluster.
func sameCluster(ctx context.Context, a, b dynamic.Interface) bool {
	const everywhere = "kube-system"
	one, err := a.Resource(namespaces).Get(ctx, everywhere, metav1.GetOptions{})
	if err != nil {
		return true // it cannot be told
	}
	other, err := b.Resource(namespaces).Get(ctx, everywhere, metav1.GetOptions{})
	return err != nil || one.GetUID() == other.GetUID()
}

// Failed is how many of the steps failed.
func Failed(steps []Step) (n int) {
	for _, s := range steps {
		if s.Did == failed {
			n++
		}
	}
	return n
}
