package propagation

import (
	"context"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// mostMade is how many ReplicaSets of a namespace are looked through.
const mostMade = 500

// refusal is why a deletion in the foreground, which was granted, does not come to its
// end: the member's garbage collector deletes what the object made and then the object,
// and says nowhere that it may not. So it is tried here, without being done, whether
// that may be deleted. Empty: it may, or nobody knows.
func (t *task) refusal() string {
	if !slices.Contains(strings.Split(t.seen.holders, ", "), metav1.FinalizerDeleteDependents) {
		return ""
	}
	if why := t.refused(t.path()); why != "" {
		return "its deletion is refused there: " + why
	}
	if t.r.key.Kind.Group != "apps" || t.r.key.Kind.Kind != "Deployment" {
		return ""
	}
	made := []string{"/apis", "apps", "v1", "namespaces", t.r.key.Namespace, "replicasets"}
	var list runtime.Object
	err, _ := t.call("list", false, func(ctx context.Context) (err error) {
		list, err = t.c.client.list(ctx, made, metav1.ListOptions{Limit: mostMade}, runtime.ContentTypeJSON)
		return err
	})
	if err != nil {
		return ""
	}
	why := ""
	_ = meta.EachListItem(list, func(item runtime.Object) error {
		o, err := meta.Accessor(item)
		if err != nil || why != "" || !slices.ContainsFunc(o.GetOwnerReferences(), func(r metav1.OwnerReference) bool { return r.UID == t.seen.uid }) {
			return nil
		}
		if text := t.refused(append(slices.Clone(made), o.GetName())); text != "" {
			why = fmt.Sprintf("the deletion of its ReplicaSet %s is refused there: %s", o.GetName(), text)
		}
		return nil
	})
	return why
}

// refused tries a deletion without its being done, and is why it would be refused.
func (t *task) refused(path []string) string {
	background := metav1.DeletePropagationBackground
	err, _ := t.call("delete", false, func(ctx context.Context) error {
		_, err := t.c.client.delete(ctx, path, metav1.DeleteOptions{DryRun: []string{metav1.DryRunAll}, PropagationPolicy: &background})
		return err
	})
	if apierrors.IsForbidden(err) || apierrors.IsInvalid(err) || apierrors.IsBadRequest(err) || apierrors.IsMethodNotSupported(err) {
		return faultOf(err).message
	}
	return ""
}
