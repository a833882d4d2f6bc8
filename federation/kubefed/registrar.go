package kubefed

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/fedns/fedns/federation/finding"
	"github.com/fedns/fedns/federation/work"
)

// survey is how often it is looked what is answered, for nobody tells of it: some
// look-ups a record, and no call where nothing differs. Where looking takes long, the
// pause is restful times that.
const (
	survey  = 2 * time.Second
	restful = 20
)

// setbacks in a row end a pass: what cannot be written is the host's fault then, and
// each could take as long as a call may.
const setbacks = 3

// registrar writes what records' names lead to: into their statuses, and into
// DNSEndpoints, for who reads those.
type registrar struct {
	cfg  Config
	desk *desk
	wake chan struct{} // holds one

	mu      sync.Mutex
	foreign map[reference]finding.Finding // by record: DNSEndpoints of others in its way

	done map[reference]outcome // of records that are written as they are to be; run's alone
}

func newRegistrar(cfg Config, d *desk) *registrar {
	return &registrar{cfg: cfg, desk: d, wake: make(chan struct{}, 1), foreign: map[reference]finding.Finding{}, done: map[reference]outcome{}}
}

// rouse has the registrar look whether there is anything to write.
func (r *registrar) rouse() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// run works until ctx is done.
func (r *registrar) run(ctx context.Context) {
	failed := map[reference]time.Time{} // when what could not be written is tried again
	for {
		began := time.Now()
		r.pass(ctx, failed)
		pause := time.NewTimer(max(survey, restful*time.Since(began)))
		more := r.await(ctx, pause.C)
		pause.Stop()
		if !more {
			return
		}
	}
}

// pass looks at all records once.
func (r *registrar) pass(ctx context.Context, failed map[reference]time.Time) {
	there, row := map[reference]bool{}, 0
	for _, e := range r.desk.toRegister() {
		there[e.key] = true
		if at, wait := failed[e.key]; wait && time.Now().Before(at) || row >= setbacks {
			continue
		}
		delete(failed, e.key)
		err := r.register(ctx, &e)
		if err == nil || ctx.Err() != nil {
			row = 0
			continue
		}
		r.cfg.Log.Warn("kubefed: what a record leads to cannot be written, and is tried again", "object", e.key.String(), "error", err)
		failed[e.key] = time.Now().Add(again)
		row++
	}
	gone := func(key reference) bool { return !there[key] }
	maps.DeleteFunc(failed, func(key reference, _ time.Time) bool { return gone(key) })
	maps.DeleteFunc(r.done, func(key reference, _ outcome) bool { return gone(key) })
}

// await waits until it is time to look again; false: ctx is done.
func (r *registrar) await(ctx context.Context, tick <-chan time.Time) bool {
	for {
		select {
		case <-ctx.Done():
			return false
		case <-tick:
			return true
		case <-r.wake:
			if r.desk.anyDue() {
				return true
			}
		}
	}
}

// register writes what a record leads to, where that is not written yet.
func (r *registrar) register(ctx context.Context, e *entry) error {
	ctx, cancel := context.WithTimeout(ctx, writes)
	defer cancel()
	if e.key.kind == serviceRecordKind && e.domain == nil {
		return nil // what was written stands: a Domain that is gone withdraws nothing by itself
	}
	shards, known := r.shards(e)
	if !known {
		return nil
	}
	now := outcome{e.naming, e.domain, e.endpoint, e.served, shards}
	if reflect.DeepEqual(r.done[e.key].shards, shards) && r.done[e.key].of(&now) {
		return nil
	}
	delete(r.done, e.key)
	status, endpoints := leadsTo(e, shards)
	if err := r.status(ctx, e, status); err != nil {
		return fmt.Errorf("status: %w", err)
	}
	if e.served {
		if err := r.endpoint(ctx, e, endpoints); err != nil {
			return fmt.Errorf("DNSEndpoint %s: %w", endpointOf(e.key), err)
		}
	}
	r.done[e.key] = now // what was written just now comes back as another object, and is compared once more
	return nil
}

// status writes a record's status, if it is another one.
func (r *registrar) status(ctx context.Context, e *entry, status any) error {
	want, err := json.Marshal(status)
	if err != nil {
		return err
	}
	have, err := json.Marshal(e.naming.object.Object["status"])
	if err != nil || sameJSON(have, want) {
		return err
	}
	after, err := patchObject(ctx, r.cfg.Host.Client(), e.key, map[string]any{"status": json.RawMessage(want)}, true)
	if err == nil && after != nil {
		r.desk.registered(e.key, after)
	}
	return err
}

// registered takes in a record as it is after its status was written, if no watch
// has told of a later one: else it would be written until one does.
func (d *desk) registered(key reference, after *unstructured.Unstructured) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if n := d.records[key]; n != nil && work.Newer(after, n.object) {
		next := *n
		next.object = after
		d.records[key] = &next
	}
}
