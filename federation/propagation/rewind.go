package propagation

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/fedns/fedns/federation/work"
)

// mark is the highest resource version that was told of a resource of one member, over
// all its connections. Only the resource's follower uses it; there is one at a time.
type mark struct{ version string }

func (m *mark) reach(version string) {
	if m.version == "" || work.OlderVersion(m.version, version) {
		m.version = version
	}
}

// UpdateResourceVersion implements cache.ResourceVersionUpdater.
func (f *follower) UpdateResourceVersion(version string) { f.mark.reach(version) }

// rewound is the error of a watch from a version that the member has not come to: it was
// restored from a backup, or made anew, since that was seen. Such a watch would be silent
// until it has; the error has the reflector list all there is. nil: the member has come to
// it. The list costs one object.
func (f *follower) rewound(ctx context.Context, version string) error {
	began := time.Now()
	accept := runtime.ContentTypeJSON + ";as=PartialObjectMetadataList" + onlyMetadata + "," + runtime.ContentTypeJSON
	page, err := f.client.list(ctx, f.path, metav1.ListOptions{Limit: 1}, accept)
	f.called("list", time.Since(began), err)
	switch {
	case err != nil && faultOf(err).away:
		f.fault(err)
		return errors.Join(syscall.ECONNREFUSED, err) // see open
	case err != nil:
		return nil // what is wrong with it the watch will tell
	}
	if m, err := meta.ListAccessor(page); err == nil && work.OlderVersion(m.GetResourceVersion(), version) {
		f.back = true
		return apierrors.NewResourceExpired(fmt.Sprintf("the member is at version %s, and was at %s: it has gone back", m.GetResourceVersion(), version))
	}
	return nil
}
