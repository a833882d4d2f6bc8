package federate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"

	"github.com/fedns/fedns/federation/cluster"
)

const (
	// A member is asked what it serves every askEvery or so: aggregated API servers
	// come and go without a definition.
	askEvery = 10 * time.Minute
	// askAgain is after it did not answer, or may not be watched, again and again: the
	// pauses grow from settle to it.
	askAgain = time.Minute
	// A kind is served a little after its definition says that it is.
	settle = 2 * time.Second
	// askLimit of each call for that.
	askLimit = 30 * time.Second
	// asking is how many members are asked at a time: answers are large.
	asking = 8
)

var definitions = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}

// kinds are what the members of a term serve. Each member is asked by a goroutine
// of its own, again when a definition of it comes, changes or goes.
type kinds struct {
	access func(name string) (*rest.Config, error)
	log    *slog.Logger
	turn   chan struct{} // held while a member is asked
	asked  sync.WaitGroup

	mu   sync.Mutex
	ctx  context.Context         // of the term; nil: it has not begun
	all  map[string]*servedKinds // by member
	same []cluster.Kinds         // those in use: members that serve the same share them
}

// servedKinds are those of one member.
type servedKinds struct {
	print string // how it is reached
	stop  context.CancelFunc
	kinds cluster.Kinds // nil: not known
}

func newKinds(access func(string) (*rest.Config, error), log *slog.Logger) *kinds {
	return &kinds{access: access, log: log, turn: make(chan struct{}, asking), all: map[string]*servedKinds{}}
}

// run asks until ctx is done.
func (k *kinds) run(ctx context.Context) error {
	k.mu.Lock()
	k.ctx = ctx
	k.mu.Unlock()
	<-ctx.Done()
	k.mu.Lock()
	clear(k.all) // and nobody is begun any more
	k.mu.Unlock()
	k.asked.Wait()
	return nil
}

// of has these members asked, and no others.
func (k *kinds) of(members []Member) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ctx == nil || k.ctx.Err() != nil {
		return
	}
	left := maps.Clone(k.all)
	for _, m := range members {
		delete(left, m.Name)
		s := k.all[m.Name]
		if s != nil && s.print == m.Access {
			continue
		}
		next := &servedKinds{print: m.Access}
		if s != nil {
			s.stop()
			next.kinds = s.kinds // until it is asked
		}
		var ctx context.Context
		ctx, next.stop = context.WithCancel(k.ctx)
		k.all[m.Name] = next
		k.asked.Go(func() { k.follow(ctx, m.Name, next) })
	}
	for name, s := range left {
		s.stop()
		delete(k.all, name)
	}
}

// served are the kinds of a member; nil: not known. They are shared.
func (k *kinds) served(name string) cluster.Kinds {
	k.mu.Lock()
	defer k.mu.Unlock()
	if s := k.all[name]; s != nil {
		return s.kinds
	}
	return nil
}

// follow asks a member again and again until ctx is done.
func (k *kinds) follow(ctx context.Context, name string, s *servedKinds) {
	pause := settle
	for ctx.Err() == nil {
		since, unseen := k.defined(ctx, name) // before it is asked, or a change would be missed
		err := k.ask(ctx, name, s)
		if unseen == nil && err == nil {
			unseen = k.watch(ctx, name, since)
		}
		switch err := errors.Join(err, unseen); {
		case ctx.Err() != nil:
			return
		case err != nil:
			k.log.Debug("what a member serves is not known for sure", "cluster", name, "error", err)
			pause = min(2*pause, askAgain)
		default:
			pause = settle
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait.Jitter(pause, 0.5)):
		}
	}
}

// ask asks a member what it serves. If it does not answer, what is known stands; if
// it knows a part itself, nothing is known.
func (k *kinds) ask(ctx context.Context, name string, s *servedKinds) error {
	select {
	case k.turn <- struct{}{}:
		defer func() { <-k.turn }()
	case <-ctx.Done():
		return nil
	}
	rc, err := k.access(name)
	if err != nil {
		return err
	}
	rc = rest.CopyConfig(rc)
	rc.Timeout = askLimit
	rc.WarningHandlerWithContext = rest.NoWarnings{}
	c, err := discovery.NewDiscoveryClientForConfig(rc)
	if err != nil {
		return fmt.Errorf("discovery: %w", err)
	}
	_, lists, err := c.ServerGroupsAndResources()
	switch {
	case discovery.IsGroupDiscoveryFailedError(err):
		k.put(s, nil)
		return err
	case err != nil:
		return fmt.Errorf("discovery: %w", err)
	}
	k.put(s, kindsOf(lists))
	return nil
}

// put keeps what a member serves.
func (k *kinds) put(s *servedKinds, next cluster.Kinds) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if maps.Equal(s.kinds, next) && (s.kinds == nil) == (next == nil) {
		return
	}
	s.kinds = next
	if next == nil {
		return
	}
	used := k.same[:0]
	shared := false
	for _, known := range k.same {
		if !shared && maps.Equal(known, next) {
			s.kinds, shared = known, true
		}
		if k.uses(known) {
			used = append(used, known)
		}
	}
	clear(k.same[len(used):])
	if k.same = used; !shared {
		k.same = append(k.same, next)
	}
}

// uses says that some member has these kinds; mu is held.
func (k *kinds) uses(known cluster.Kinds) bool {
	for _, s := range k.all {
		if len(s.kinds) == len(known) && maps.Equal(s.kinds, known) {
			return true
		}
	}
	return false
}

// defined is the version of a member's definitions.
func (k *kinds) defined(ctx context.Context, name string) (version string, err error) {
	c, err := k.metadata(name, askLimit)
	if err != nil {
		return "", err
	}
	list, err := c.Resource(definitions).List(ctx, metav1.ListOptions{Limit: 1})
	if err != nil {
		return "", fmt.Errorf("list definitions: %w", err)
	}
	return list.ResourceVersion, nil
}

// watch returns when a definition came, changed or went since a version, and after
// askEvery or so at the latest.
func (k *kinds) watch(ctx context.Context, name, since string) error {
	c, err := k.metadata(name, 0)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, wait.Jitter(askEvery, 0.5))
	defer cancel()
	w, err := c.Resource(definitions).Watch(ctx, metav1.ListOptions{ResourceVersion: since})
	if err != nil {
		return fmt.Errorf("watch definitions: %w", err)
	}
	defer w.Stop()
	select {
	case <-w.ResultChan(): // an end is as good as a change
	case <-ctx.Done():
	}
	return nil
}

// metadata is a client of a member; limit is of each call, 0: none.
func (k *kinds) metadata(name string, limit time.Duration) (metadata.Interface, error) {
	rc, err := k.access(name)
	if err != nil {
		return nil, err
	}
	rc = rest.CopyConfig(rc)
	rc.Timeout = limit
	c, err := metadata.NewForConfig(rc)
	if err != nil {
		return nil, fmt.Errorf("definitions: %w", err)
	}
	return c, nil
}

// kindsOf reads the answer of an API server.
func kindsOf(lists []*metav1.APIResourceList) cluster.Kinds {
	all := cluster.Kinds{}
	for _, list := range lists {
		gv, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			continue
		}
		for _, r := range list.APIResources {
			if !strings.Contains(r.Name, "/") { // subresources have other objects' kinds
				all[gv.WithKind(r.Kind)] = true
			}
		}
	}
	return all
}
