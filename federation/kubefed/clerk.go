package kubefed

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	corev1beta1 "github.com/fedns/fedns/federation/api/kubefed/core/v1beta1"
	"github.com/fedns/fedns/federation/finding"
)

// Bounds of what is written.
const (
	writes = 10 * time.Second // for one object
	again  = 5 * time.Second  // until what could not be written is tried again
	recall = time.Minute      // until it is looked again whether a target is served
)

// manager owns the fields that fedns writes to federated objects.
const manager = client.FieldOwner("fedns-kubefed")

// clerk writes what nobody waits for: finalizers, and the status of
// FederatedTypeConfigs.
type clerk struct {
	cfg  Config
	desk *desk
	wake chan struct{} // holds one

	mu       sync.Mutex
	unserved map[reference]finding.Finding // by config
}

func newClerk(cfg Config, d *desk) *clerk {
	return &clerk{cfg: cfg, desk: d, wake: make(chan struct{}, 1), unserved: map[reference]finding.Finding{}}
}

// rouse has the clerk look whether there is anything to write.
func (c *clerk) rouse() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// run works until ctx is done.
func (c *clerk) run(ctx context.Context) {
	look := time.NewTicker(recall)
	defer look.Stop()
	for {
		var retry <-chan time.Time
		for _, key := range c.desk.toWrite() {
			if err := c.write(ctx, key); err != nil && ctx.Err() == nil {
				if !apierrors.IsConflict(err) {
					c.cfg.Log.Warn("kubefed: an object cannot be written, and is tried again", "object", key.String(), "error", err)
				}
				c.desk.restale(key)
				retry = time.After(again)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-c.wake:
		case <-retry:
		case <-look.C:
			c.mu.Lock()
			for key := range c.unserved {
				c.desk.restale(key)
			}
			c.mu.Unlock()
		}
	}
}

// toWrite takes all that is stale.
func (d *desk) toWrite() (keys []reference) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.informed() { // a kind may turn out to be disabled
		return nil
	}
	for key := range d.stale {
		keys = append(keys, key)
	}
	clear(d.stale)
	return keys
}

// restale has an object be looked at again.
func (d *desk) restale(key reference) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stale[key] = true
}

// write writes what there is to write of an object.
func (c *clerk) write(ctx context.Context, key reference) error {
	ctx, cancel := context.WithTimeout(ctx, writes)
	defer cancel()
	if key.kind == typeConfigKind {
		return c.config(ctx, key)
	}
	o := c.desk.unfinalized(key)
	if o == nil {
		return nil
	}
	return finalize(ctx, c.cfg.Host.Client(), o, append(slices.Clone(o.GetFinalizers()), finalizer))
}

// unfinalized is an object that is to have the finalizer and has none; nil: it is not.
func (d *desk) unfinalized(key reference) *unstructured.Unstructured {
	d.mu.Lock()
	defer d.mu.Unlock()
	f, t := d.objects[key], d.types[key.kind]
	if f == nil || t == nil || t.disabled || t.misplaced(f) || f.leaving() || slices.Contains(f.object.GetFinalizers(), finalizer) {
		return nil
	}
	return f.object
}

// finalize has an object, as it was seen, have these finalizers.
func finalize(ctx context.Context, c client.Client, seen *unstructured.Unstructured, finalizers []string) error {
	meta := map[string]any{"resourceVersion": seen.GetResourceVersion(), "uid": seen.GetUID(), "finalizers": finalizers}
	if _, err := patchObject(ctx, c, referenceTo(seen), map[string]any{"metadata": meta}, false); err != nil {
		return fmt.Errorf("finalizers: %w", err)
	}
	return nil
}

// patchObject merges a patch into an object or its status, and returns what it is
// then; nil: it is gone, and needs none.
func patchObject(ctx context.Context, c client.Client, key reference, patch map[string]any, status bool) (*unstructured.Unstructured, error) {
	body, err := json.Marshal(patch)
	if err != nil {
		return nil, err
	}
	o := named(key.kind, key.namespace, key.name)
	p := client.RawPatch(types.MergePatchType, body)
	if status {
		err = c.Status().Patch(ctx, o, p, manager)
	} else {
		err = c.Patch(ctx, o, p, manager)
	}
	if err != nil {
		return nil, client.IgnoreNotFound(err)
	}
	return o, nil
}

// named is an object with nothing but its name.
func named(kind schema.GroupVersionKind, namespace, name string) *unstructured.Unstructured {
	o := &unstructured.Unstructured{Object: map[string]any{}}
	o.SetGroupVersionKind(kind)
	o.SetNamespace(namespace)
	o.SetName(name)
	return o
}

// config writes the status of a FederatedTypeConfig.
func (c *clerk) config(ctx context.Context, key reference) error {
	f, findings, have := c.desk.config(key)
	if f == nil {
		return nil
	}
	c.mu.Lock()
	delete(c.unserved, key)
	if !f.target.Empty() {
		if _, err := c.cfg.Host.Client().RESTMapper().RESTMapping(f.target.GroupKind(), f.target.Version); err != nil {
			found := finding.Finding{Object: key.String(), Field: "spec.targetType", Text: fmt.Sprintf("the host does not serve %s: %v", f.target.GroupVersion().WithKind(f.target.Kind), err)}
			c.unserved[key] = found
			findings = append(findings, found)
		}
	}
	c.mu.Unlock()
	want := map[string]any{"observedGeneration": f.generation, "propagationController": string(corev1beta1.ControllerRunning), "statusController": nil, "findings": nil}
	if f.disabled || f.federated.Empty() {
		want["propagationController"] = string(corev1beta1.ControllerNotRunning)
	}
	if f.collect && !f.disabled {
		want["statusController"] = string(corev1beta1.ControllerRunning)
	}
	var lines []any
	for _, found := range findings {
		lines = append(lines, strings.TrimPrefix(found.String(), key.String()+": "))
	}
	if len(lines) > 0 {
		want["findings"] = lines
	}
	before, _ := have.(map[string]any)
	for field, value := range want {
		if !equality.Semantic.DeepEqual(before[field], value) {
			_, err := patchObject(ctx, c.cfg.Host.Client(), key, map[string]any{"status": want}, true)
			return err
		}
	}
	return nil
}

// config is what is known of a FederatedTypeConfig, and its status.
func (d *desk) config(key reference) (*federation, []finding.Finding, any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	findings := slices.Clone(d.findings[key.String()])
	for _, f := range d.clashes {
		if f.Object == key.String() {
			findings = append(findings, f)
		}
	}
	return d.configs[key], findings, d.statuses[key]
}

// found are the findings of targets.
func (c *clerk) found() (all []finding.Finding) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range c.unserved {
		all = append(all, f)
	}
	return all
}
