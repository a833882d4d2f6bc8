package federationv1

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/fedns/fedns/federation/work"
)

// manager owns the fields that fedns writes to federated objects.
const manager = client.FieldOwner("fedns-federation-v1")

// ingresses are a Service's addresses, by cluster.
type ingresses struct {
	Items []clusterIngress `json:"items,omitempty"`
}

type clusterIngress struct {
	Cluster string                       `json:"cluster"`
	Items   []corev1.LoadBalancerIngress `json:"items"`
}

// Report implements work.Dialect: it writes which addresses a Service has, where, and
// the host's share of replicas. What is as it is to be is not written.
func (d *Dialect) Report(ctx context.Context, r work.Report) error {
	desk := d.running()
	if desk == nil {
		return errors.New("federation-v1: not running")
	}
	key := r.Order.Key
	object := desk.object(key)
	if object == nil || r.Order.Template == nil || object.GetUID() != r.Order.Source.UID {
		return nil
	}
	if key.Kind.Kind != "Service" {
		return d.share(ctx, desk, object, &r)
	}
	text, err := json.Marshal(ingressesOf(&r))
	if err != nil {
		return fmt.Errorf("%s: %s: %w", key, ingressesKey, err)
	}
	before, there := object.GetAnnotations()[ingressesKey]
	if before == string(text) || !there && string(text) == "{}" {
		return nil
	}
	body, err := json.Marshal(map[string]any{"metadata": map[string]any{"uid": object.GetUID(), "annotations": map[string]string{ingressesKey: string(text)}}})
	if err != nil {
		return fmt.Errorf("%s: %s: %w", key, ingressesKey, err)
	}
	return d.patch(ctx, desk, key, body, ingressesKey)
}

// wrote keeps an object as it is after it was written: a report may come before the
// watch tells of the one before.
func (d *desk) wrote(key work.Key, o *unstructured.Unstructured) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if seen := d.objects[key]; seen != nil && work.Newer(o, seen) {
		d.written[key] = o
	}
}

// ingressesOf are the addresses that members' Services have. A status that cannot be
// read has none.
func ingressesOf(r *work.Report) (all ingresses) {
	for _, o := range r.Outcomes {
		if o.Key != r.Order.Key || o.Phase == work.Removed || o.Phase == work.Abandoned {
			continue
		}
		var status struct {
			LoadBalancer struct {
				Ingress []corev1.LoadBalancerIngress `json:"ingress"`
			} `json:"loadBalancer"`
		}
		if len(o.Status) == 0 || json.Unmarshal(o.Status, &status) != nil || len(status.LoadBalancer.Ingress) == 0 {
			continue
		}
		one := clusterIngress{Cluster: o.Cluster}
		for _, i := range status.LoadBalancer.Ingress {
			one.Items = append(one.Items, corev1.LoadBalancerIngress{IP: i.IP, Hostname: i.Hostname}) // all that v1 knew
		}
		all.Items = append(all.Items, one)
	}
	slices.SortFunc(all.Items, func(a, b clusterIngress) int { return strings.Compare(a.Cluster, b.Cluster) })
	return all
}
