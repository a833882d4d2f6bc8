package kubefed

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	dnsv1alpha1 "github.com/fedns/fedns/federation/api/kubefed/multiclusterdns/v1alpha1"
)

// survey is how often it is looked what is answered: nobody tells of it. It is a
// look-up a record, and no call where nothing differs.
const survey = 2 * time.Second

// registrar writes what records' names lead to: into their statuses, and into
// DNSEndpoints, for who reads those.
type registrar struct {
	cfg  Config
	desk *desk
	wake chan struct{} // holds one

	mu      sync.Mutex
	foreign map[reference]Finding // by record: DNSEndpoints of others in its way
}

func newRegistrar(cfg Config, d *desk) *registrar {
	return &registrar{cfg: cfg, desk: d, wake: make(chan struct{}, 1), foreign: map[reference]Finding{}}
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
	tick := time.NewTicker(survey)
	defer tick.Stop()
	failed := map[reference]time.Time{} // when what could not be written is tried again
	for {
		for _, e := range r.desk.toRegister() {
			if at, wait := failed[e.key]; wait && time.Now().Before(at) {
				continue
			}
			delete(failed, e.key)
			if err := r.register(ctx, e); err != nil && ctx.Err() == nil {
				r.cfg.Log.Warn("kubefed: what a record leads to cannot be written, and is tried again", "object", e.key.String(), "error", err)
				failed[e.key] = time.Now().Add(again)
			}
		}
		if !r.await(ctx, tick.C) {
			return
		}
	}
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

// entry is a record with what its names are made of.
type entry struct {
	key      reference
	naming   *naming
	domain   *domain                    // nil: there is none, of a Service's
	endpoint *unstructured.Unstructured // its DNSEndpoint; nil: there is none
	served   bool                       // the host serves DNSEndpoints, and all were told
}

// anyDue says that a record, or its DNSEndpoint, changed.
func (d *desk) anyDue() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.due) > 0
}

// toRegister are all records: each may lead elsewhere now.
func (d *desk) toRegister() (all []entry) {
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.due)
	for key, n := range d.records {
		if n.says.empty() || n.object.GetDeletionTimestamp() != nil || !d.read[endpointKind] && !d.absent[endpointKind] || !d.read[domainKind] {
			continue
		}
		all = append(all, entry{key, n, d.domainOf(n), d.endpoints[reference{endpointKind, key.namespace, endpointOf(key)}], d.read[endpointKind]})
	}
	return all
}

// register writes what a record leads to, where that is not written yet.
func (r *registrar) register(ctx context.Context, e entry) error {
	ctx, cancel := context.WithTimeout(ctx, writes)
	defer cancel()
	if e.key.kind == serviceRecordKind && e.domain == nil {
		return nil // what was written stands: a Domain that is gone withdraws nothing by itself
	}
	status, endpoints, known := r.now(&e)
	if !known {
		return nil
	}
	if err := r.status(ctx, &e, status); err != nil {
		return fmt.Errorf("status: %w", err)
	}
	if !e.served {
		return nil
	}
	if err := r.endpoint(ctx, &e, endpoints); err != nil {
		return fmt.Errorf("DNSEndpoint %s: %w", endpointOf(e.key), err)
	}
	return nil
}

// now is what a record leads to: its status, and the records.
func (r *registrar) now(e *entry) (status any, endpoints []*dnsv1alpha1.Endpoint, known bool) {
	if e.key.kind == serviceRecordKind {
		shards, known := r.cfg.Names.Service(e.key.namespace, e.key.name)
		s := dnsv1alpha1.ServiceDNSRecordStatus{Domain: e.domain.zone}
		for _, c := range shards {
			s.DNS = append(s.DNS, dnsv1alpha1.ClusterDNS{Cluster: c.Cluster, LoadBalancer: corev1.LoadBalancerStatus{Ingress: c.LoadBalancer}, Zones: c.Zones, Region: c.Region})
		}
		return s, serviceEndpoints(e.naming, e.domain, shards), known
	}
	s := dnsv1alpha1.IngressDNSRecordStatus{}
	for i, host := range e.naming.says.hosts {
		shards, sure := r.cfg.Names.Host(host)
		if !sure {
			return nil, nil, false
		}
		for _, c := range shards {
			if i == 0 { // all hosts are of one Ingress
				s.DNS = append(s.DNS, dnsv1alpha1.ClusterIngressDNS{Cluster: c.Cluster, LoadBalancer: corev1.LoadBalancerStatus{Ingress: c.LoadBalancer}})
			}
		}
		endpoints = append(endpoints, addressEndpoints(host, addressesOf(shards), e.naming.says.ttl, nil)...)
	}
	sortEndpoints(endpoints)
	return s, endpoints, true
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
	if n := d.records[key]; n != nil && newer(after, n.object) {
		next := *n
		next.object = after
		d.records[key] = &next
	}
}

// endpoint writes a record's DNSEndpoint, if it is another one. The record owns it,
// so that it goes with the record.
func (r *registrar) endpoint(ctx context.Context, e *entry, endpoints []*dnsv1alpha1.Endpoint) error {
	owner := metav1.OwnerReference{APIVersion: e.key.kind.GroupVersion().String(), Kind: e.key.kind.Kind, Name: e.key.name, UID: e.naming.object.GetUID()}
	key := reference{endpointKind, e.key.namespace, endpointOf(e.key)}
	if endpoints == nil {
		endpoints = []*dnsv1alpha1.Endpoint{}
	}
	want, err := json.Marshal(endpoints)
	if err != nil {
		return err
	}
	if e.endpoint == nil {
		if len(endpoints) == 0 {
			return nil
		}
		o := named(endpointKind, key.namespace, key.name)
		o.SetOwnerReferences([]metav1.OwnerReference{owner})
		var list []any
		if err := json.Unmarshal(want, &list); err != nil {
			return err
		}
		o.Object["spec"] = map[string]any{"endpoints": list}
		if err := r.cfg.Host.Client().Create(ctx, o, manager); err != nil {
			if apierrors.IsAlreadyExists(err) {
				return nil // a watch will tell of it
			}
			return err
		}
		r.desk.endpointIs(key, o)
		return nil
	}
	owners := e.endpoint.GetOwnerReferences()
	if r.ofOthers(e, owners) {
		return nil
	}
	spec, _, _ := unstructured.NestedMap(e.endpoint.Object, "spec")
	have, err := json.Marshal(spec["endpoints"])
	if err != nil || sameJSON(have, want) && slices.ContainsFunc(owners, func(o metav1.OwnerReference) bool { return o.UID == owner.UID }) {
		return err
	}
	after, err := patchObject(ctx, r.cfg.Host.Client(), key, map[string]any{
		"metadata": map[string]any{"uid": e.endpoint.GetUID(), "ownerReferences": []metav1.OwnerReference{owner}},
		"spec":     map[string]any{"endpoints": json.RawMessage(want)},
	}, false)
	if err == nil && after != nil {
		r.desk.endpointIs(key, after)
	}
	return client.IgnoreNotFound(err)
}

// endpointIs takes in a DNSEndpoint as it was written.
func (d *desk) endpointIs(key reference, o *unstructured.Unstructured) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if have := d.endpoints[key]; have == nil || newer(o, have) {
		d.endpoints[key] = o
	}
}

// ofOthers says that a DNSEndpoint has an owner that is no record of this name: it is
// left alone. One without an owner is KubeFed's, and adopted.
func (r *registrar) ofOthers(e *entry, owners []metav1.OwnerReference) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.foreign, e.key)
	for _, o := range owners {
		if o.Kind != e.key.kind.Kind || o.Name != e.key.name {
			r.foreign[e.key] = Finding{Object: e.key.String(), Text: fmt.Sprintf("DNSEndpoint %s is of %s %s, and is left alone", endpointOf(e.key), o.Kind, o.Name)}
			return true
		}
	}
	return false
}

// found are the findings of DNSEndpoints.
func (r *registrar) found() (all []Finding) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for key, f := range r.foreign {
		if r.desk.has(key) {
			all = append(all, f)
		}
	}
	return all
}

// has says that there is a record.
func (d *desk) has(key reference) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.records[key] != nil
}
