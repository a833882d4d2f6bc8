package inventorytest

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/inventory"
)

// Followed is a Source that is being run.
type Followed struct {
	t       testing.TB
	mu      sync.Mutex
	last    inventory.List
	ever    []inventory.List
	changed chan struct{}
}

// Follow runs a Source until the test ends.
func Follow(t testing.TB, src inventory.Source) *Followed {
	f := &Followed{t: t, changed: make(chan struct{}, 1)}
	ctx, cancel := context.WithCancel(context.Background())
	lists := make(chan inventory.List)
	ended := make(chan error, 1)
	go func() { ended <- src.Run(ctx, lists) }()
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case l := <-lists:
				f.take(l)
			case err := <-ended:
				if err != nil {
					t.Errorf("Run returned %v", err)
				}
				return
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-stopped
	})
	return f
}

func (f *Followed) take(l inventory.List) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last, f.ever = l, append(f.ever, l)
	select {
	case f.changed <- struct{}{}:
	default:
	}
}

// Await waits until a List is as wanted, and returns it.
func (f *Followed) Await(what string, want func(inventory.List) bool) inventory.List {
	f.t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		f.mu.Lock()
		last := f.last
		f.mu.Unlock()
		if want(last) {
			return last
		}
		select {
		case <-f.changed:
		case <-deadline:
			f.t.Fatalf("not seen: %s; last %+v", what, last)
		}
	}
}

// AwaitNames waits until an inventory that was read states these clusters.
func (f *Followed) AwaitNames(names ...cluster.ID) inventory.List {
	f.t.Helper()
	return f.Await("clusters", func(l inventory.List) bool { return l.Read && slices.Equal(Names(l), names) })
}

// Ever is all Lists so far.
func (f *Followed) Ever() []inventory.List {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.ever)
}

// Names are the clusters of a List.
func Names(l inventory.List) (ids []cluster.ID) {
	for _, m := range l.Members {
		ids = append(ids, m.ID)
	}
	return ids
}
