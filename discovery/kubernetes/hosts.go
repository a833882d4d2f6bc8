package kubernetes

import (
	"context"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/join"
)

// gatewayVersions are those that are read of the Gateway API, best first.
var gatewayVersions = []string{"v1", "v1beta1"}

var _ func(*networkingv1.Ingress) join.Ingress = join.FromIngress

// hosts lists what has to be followed for the hosts that the rules ask for. The
// Gateway API may not be there, and come and go.
func (s *Source) hosts(j *join.Join, h *health) (run []func(context.Context)) {
	if s.cfg.Rules&cluster.ByIngress != 0 {
		in := following(s, h, "ingresses", join.FromIngress)
		in.put, in.drop, in.replace = j.PutIngress, j.DeleteIngress, j.ReplaceIngresses
		list, open := in.list, in.watch
		in.list = func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			o.LabelSelector = s.placed()
			return list(ctx, o)
		}
		in.watch = func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			o.LabelSelector = s.placed()
			return open(ctx, o)
		}
		run = append(run, in.run)
	}
	for _, k := range s.gateways(j, h) {
		run = append(run, k.run)
	}
	return run
}

// placed selects what federation placed; empty where annotations count as well,
// by which no API server selects.
func (s *Source) placed() string {
	if s.cfg.Rules&cluster.ByAnnotation != 0 {
		return ""
	}
	return join.LabelManagedBy + "=" + join.ManagedBy
}

// gateways are the resources of the Gateway API, if a rule asks for them; without
// h they can only be checked.
func (s *Source) gateways(j *join.Join, h *health) []*kind {
	if s.cfg.Rules&cluster.ByGateway == 0 {
		return nil
	}
	return []*kind{
		gatewayKind(s, h, "gateways", join.FromGateway, j.PutGateway, j.DeleteGateway, j.ReplaceGateways),
		gatewayKind(s, h, "httproutes", join.FromRoute, j.PutRoute, j.DeleteRoute, j.ReplaceRoutes),
	}
}

func gatewayKind[T any](
	s *Source, h *health, resource string, from func(*unstructured.Unstructured) T,
	put func(T), drop func(cluster.ServiceKey, cluster.Loss), replace func([]T, cluster.Loss),
) *kind {
	k := &kind{
		Objects: Objects{
			Group: join.GatewayGroup, Versions: gatewayVersions, Resource: resource, Labels: s.placed(),
			Handler: taker{func(o *unstructured.Unstructured) { put(from(o)) }, drop, func(all []*unstructured.Unstructured, how cluster.Loss) {
				list := make([]T, len(all))
				for i, o := range all {
					list[i] = from(o)
				}
				replace(list, how)
			}},
		},
		source: s, health: h,
	}
	if h != nil {
		k.part = h.add(resource, false)
	}
	return k
}

// taker is the Handler of what a Join takes in.
type taker struct {
	put     func(*unstructured.Unstructured)
	drop    func(cluster.ServiceKey, cluster.Loss)
	replace func([]*unstructured.Unstructured, cluster.Loss)
}

// Replace implements Handler.
func (t taker) Replace(all []*unstructured.Unstructured, how cluster.Loss) { t.replace(all, how) }

// Put implements Handler.
func (t taker) Put(o *unstructured.Unstructured) { t.put(o) }

// Delete implements Handler.
func (t taker) Delete(namespace, name string, how cluster.Loss) {
	t.drop(cluster.ServiceKey{Namespace: namespace, Name: name}, how)
}

// Absent is silence: what was there stands.
func (t taker) Absent() {}

// check asks for one object.
func (k *kind) check(ctx context.Context) error {
	now, err := k.definition(ctx)
	if err == nil && now.version != "" {
		_, err = k.request(now.version, metav1.ListOptions{Limit: 1}).Do(ctx).Get()
	}
	return err
}
