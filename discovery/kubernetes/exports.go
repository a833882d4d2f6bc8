package kubernetes

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/guarantee"
	"github.com/fedns/fedns/discovery/join"
)

// exports follows ServiceExports, whose CRD may be there or not, come, change
// its version and go. It owns the one resource that runs while it is there.
type exports struct {
	source *Source
	join   *join.Join
	health *health
	part   *part
	gone   chan struct{} // the version being followed is no longer served

	version string // being followed; empty: none
	anew    lapse  // of the definition; whoever follows it may look at this
	stop    func() // ends that, and waits for the end
}

// run looks for the CRD until ctx is done: every few seconds while it is not
// there, and when it is reported gone while it is.
func (x *exports) run(ctx context.Context) {
	x.gone, x.stop = make(chan struct{}, 1), func() {}
	defer func() { x.stop() }()
	delay := x.source.timing.pollFirst
	for {
		found := x.look(ctx)
		var again <-chan time.Time
		if found {
			delay = x.source.timing.pollFirst
		} else {
			again = time.After(delay + rand.N(delay/4+1))
			delay = min(delay*3/2, x.source.timing.pollLast)
		}
		select {
		case <-ctx.Done():
			return
		case <-again:
		case <-x.gone:
			delay = x.source.timing.pollFirst
		}
	}
}

// look asks the cluster once and acts on the answer.
func (x *exports) look(ctx context.Context) (found bool) {
	asking, cancel := context.WithTimeout(ctx, headerTimeout)
	defer cancel()
	now, err := x.source.client.Load().exportDefinition(asking)
	if ctx.Err() != nil {
		return false
	}
	if err != nil {
		x.health.fault(x.part, verbDiscover, err)
		return false
	}
	x.health.mended(x.part, verbDiscover)
	version := now.version
	if version == x.version && version != "" {
		return true
	}
	x.stop()
	x.stop = func() {}
	was := x.version
	x.version = version
	if version == "" {
		if n := x.join.Exports(); was != "" && n > 0 {
			x.source.log.Warn("the cluster no longer serves ServiceExport; those that were not seen deleted stand", "serviceexports", n)
		}
		if !guarantee.Holds(guarantee.MissingCRDStands) {
			x.join.ReplaceExports(nil, cluster.Missing)
		}
		x.anew = x.anew || lapse(was != "")
		x.doubt(was)
		x.health.absent(x.part)
		return false
	}
	x.follow(ctx, now)
	return true
}

// doubt takes what the cluster lacks for forgotten where it served ServiceExport
// before this run and does not now: nobody saw what was exported deleted. was is the
// version that was followed until now.
func (x *exports) doubt(was string) {
	if was != "" || x.join.Exports() > 0 || !guarantee.Holds(guarantee.MissingCRDStands) || !x.source.cfg.Tides.Gone(x.part.name) {
		return
	}
	if !x.health.doubt(x.part, true) {
		x.source.log.Warn("the cluster served ServiceExport before and does not now; what was exported stands until it does, or is released")
	}
}

// follow starts to list and watch a version.
func (x *exports) follow(ctx context.Context, was definition) {
	s, version := x.source, was.version
	ctx, cancel := context.WithCancel(ctx)
	d := newDepartures(s.timing, func(ctx context.Context) (bool, error) {
		now, err := s.client.Load().exportDefinition(ctx)
		return was.stands(now), err
	}, func(e join.Export) cluster.ServiceKey { return e.Key }, sink[join.Export]{x.join.PutExport, x.drop, x.replace})
	r := resource[join.Export]{
		part: x.part, health: x.health, timing: s.timing, listTimeout: s.cfg.ListTimeout,
		list: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			return s.client.Load().listExports(ctx, version, o)
		},
		watch: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			return s.client.Load().watchExports(ctx, version, o)
		},
		excuse: func(ctx context.Context, err error) bool { return x.unserved(ctx, err, version) },
		pack: func(o runtime.Object) (join.Export, bool) {
			m, ok := o.(*metav1.PartialObjectMetadata)
			if !ok {
				return join.Export{}, false
			}
			return join.FromExport(&m.ObjectMeta), true
		},
		put: d.put, drop: d.leave,
		replace: func(all []join.Export, how cluster.Loss) { d.replace(ctx, all, how) },
		tides:   s.cfg.Tides,
	}
	var running sync.WaitGroup
	running.Go(func() { r.run(ctx) })
	running.Go(func() { d.run(ctx) })
	x.stop = func() {
		cancel()
		running.Wait()
	}
}

// drop takes note that a ServiceExport is gone, and by which evidence.
func (x *exports) drop(key cluster.ServiceKey, how cluster.Loss) {
	if how == cluster.Doubtful {
		x.source.log.Warn("a ServiceExport was deleted with its definition; what it exported stands until it is back, or is released", "service", key)
	}
	x.join.DeleteExport(key, how)
}

// replace takes in a list.
func (x *exports) replace(all []join.Export, how cluster.Loss) {
	x.join.ReplaceExports(all, x.anew.end(how))
}

// unserved says that err is a 404 and discovery agrees: the CRD, or this
// version of it, went. That is no fault; look deals with it.
func (x *exports) unserved(ctx context.Context, err error, version string) bool {
	if !apierrors.IsNotFound(err) {
		return false
	}
	now, err := x.source.client.Load().exportDefinition(ctx)
	if err != nil || now.version == version {
		return false
	}
	x.anew = x.anew || lapse(now.version == "")
	select {
	case x.gone <- struct{}{}:
	default:
	}
	return true
}
