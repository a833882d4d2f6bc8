package daemon

import (
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"runtime/debug"
	"slices"
	"time"

	"github.com/fedns/fedns/cmd/fedns/config"
	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/inventory"
)

// follow runs an inventory's Source until ctx is done, and again when it failed.
func (f *fleet) follow(ctx context.Context, i *followed, h config.Host) {
	var src inventory.Source
	wait := time.Second
	for ctx.Err() == nil {
		var err error
		if src == nil {
			src, err = NewInventory(h, i.Inventory, f.log)
		}
		if err == nil {
			err = f.once(ctx, i, src)
		}
		if ctx.Err() != nil {
			return
		}
		f.failed(i, err)
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
		wait = min(2*wait, restartMax)
	}
}

// once is one run of the Source. A panic of it is its failure.
func (f *fleet) once(ctx context.Context, i *followed, src inventory.Source) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	lists := make(chan inventory.List)
	ended := make(chan error, 1)
	go func() {
		defer func() {
			if v := recover(); v != nil {
				f.log.Error("inventory panicked, it will be run again", "inventory", i.Name, "panic", v, "stack", string(debug.Stack()))
				ended <- fmt.Errorf("panic: %v", v)
			}
		}()
		ended <- src.Run(ctx, lists)
	}()
	defer cancel()
	for {
		select {
		case l := <-lists:
			f.take(i, l)
		case err := <-ended:
			return err
		}
	}
}

// take takes in what an inventory states.
func (f *fleet) take(i *followed, l inventory.List) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !slices.Contains(f.inventories, i) {
		return // it was stopped meanwhile
	}
	if was := i.list.State.Phase; was != l.State.Phase || l.Read && !i.list.Read {
		level := slog.LevelInfo
		if l.State.Phase == cluster.Unreachable {
			level = slog.LevelWarn
		}
		f.log.Log(context.Background(), level, "inventory", "inventory", i.Name, "phase", l.State.Phase.String(), "reason", l.State.Reason, "clusters", len(l.Members))
	}
	before, read := i.members(), i.list.Read
	i.list, i.fault = l, ""
	if l.Read {
		i.before = nil
	}
	if read == l.Read && reflect.DeepEqual(before, i.members()) {
		f.report() // findings may be others
		return
	}
	f.publish()
}

// failed takes in that an inventory's Source ended.
func (f *fleet) failed(i *followed, err error) {
	text := "ended by itself"
	if err != nil {
		text = err.Error()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if i.fault != text {
		f.log.Error("inventory cannot be followed, it will be tried again", "inventory", i.Name, "error", text)
	}
	i.fault = text
	if i.list.State.Phase != cluster.Unreachable {
		i.list.State.Since = time.Now()
	}
	i.list.State.Phase, i.list.State.Reason = cluster.Unreachable, text
}
