package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/resourceversion"
)

// ebbed asks for the newest version that there is of a resource before a watch goes on
// from a version. Where it is older the error is one after which a reflector lists: the
// store was restored from a backup, or lost. An API server opens a watch from a version
// that it has yet to reach without a word, tells nothing until it is there, and then only
// what happens after that: what the store holds by then would never be heard of.
//
// A server that cannot be reached is the error that the watch would meet. One that
// answers otherwise proves nothing: the watch is tried, and when it is opened next the
// server is asked again.
func (r *resource[T]) ebbed(ctx context.Context, from string) error {
	ctx, cancel := context.WithTimeout(ctx, headerTimeout)
	defer cancel()
	page, err := r.list(ctx, metav1.ListOptions{Limit: 1})
	if err != nil {
		if _, unreached := errors.AsType[*url.Error](err); unreached {
			return err
		}
		return nil
	}
	m, err := meta.ListAccessor(page)
	if err != nil {
		return nil
	}
	newest := m.GetResourceVersion()
	if c, err := resourceversion.CompareResourceVersion(newest, from); err == nil && c < 0 {
		return apierrors.NewResourceExpired(fmt.Sprintf("%s: the store has gone back to version %s, %s was seen", r.part.name, newest, from))
	}
	return nil
}
