package harness

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os/exec"
	"slices"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/fedns/fedns/integration/harness/binaries"
	"github.com/fedns/fedns/integration/harness/process"
)

// Wait calls condition every 50 ms until it returns nil. When ctx ends first, or
// after a minute and a half if it has no deadline, the error says what condition
// said last.
func Wait(ctx context.Context, condition func(context.Context) error) error {
	return process.Wait(ctx, condition)
}

// WaitEndpoints waits until a Service's EndpointSlices have exactly n ready
// endpoints, and returns the slices without any others: a Pod that ends stays in
// its slice for a while. A dual-stack Service counts each pod once a family.
func (c *Cluster) WaitEndpoints(ctx context.Context, namespace, service string, n int) ([]discoveryv1.EndpointSlice, error) {
	var found []discoveryv1.EndpointSlice
	err := Wait(ctx, func(ctx context.Context) error {
		list, err := c.client.DiscoveryV1().EndpointSlices(namespace).List(ctx, metav1.ListOptions{
			LabelSelector: discoveryv1.LabelServiceName + "=" + service,
		})
		if err != nil {
			return err
		}
		found = list.Items
		if ready := keepReady(found); ready != n {
			return fmt.Errorf("%d endpoints are ready, want %d", ready, n)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("cluster %s: Service %s/%s: %w", c.Name, namespace, service, err)
	}
	return found, nil
}

// keepReady takes all endpoints away that are not ready, and counts the rest.
func keepReady(all []discoveryv1.EndpointSlice) (ready int) {
	for i := range all {
		all[i].Endpoints = slices.DeleteFunc(all[i].Endpoints, func(e discoveryv1.Endpoint) bool {
			return e.Conditions.Ready == nil || !*e.Conditions.Ready
		})
		ready += len(all[i].Endpoints)
	}
	return ready
}

// Scale sets a Deployment's replicas. It does not wait for them.
func (c *Cluster) Scale(ctx context.Context, namespace, deployment string, replicas int) error {
	patch := fmt.Sprintf(`{"spec":{"replicas":%d}}`, replicas)
	_, err := c.client.AppsV1().Deployments(namespace).
		Patch(ctx, deployment, types.MergePatchType, []byte(patch), metav1.PatchOptions{}, "scale")
	if err != nil {
		return fmt.Errorf("cluster %s: scale %s/%s: %w", c.Name, namespace, deployment, err)
	}
	return nil
}

// SetIngress sets a LoadBalancer Service's ingress, as a cloud's controller
// would: addresses or hostnames, none for one that is still pending.
func (c *Cluster) SetIngress(ctx context.Context, namespace, service string, targets ...string) error {
	ingress := []corev1.LoadBalancerIngress{}
	for _, target := range targets {
		if _, err := netip.ParseAddr(target); err == nil {
			ingress = append(ingress, corev1.LoadBalancerIngress{IP: target})
		} else {
			ingress = append(ingress, corev1.LoadBalancerIngress{Hostname: target})
		}
	}
	patch, err := json.Marshal(map[string]any{"status": map[string]any{"loadBalancer": map[string]any{"ingress": ingress}}})
	if err != nil {
		return fmt.Errorf("encode ingress: %w", err)
	}
	_, err = c.client.CoreV1().Services(namespace).
		Patch(ctx, service, types.MergePatchType, patch, metav1.PatchOptions{}, "status")
	if err != nil {
		return fmt.Errorf("cluster %s: set ingress of %s/%s: %w", c.Name, namespace, service, err)
	}
	return nil
}

// SetPodReady sets a pod's Ready condition, as a readiness probe would. KWOK
// leaves it as it is then.
func (c *Cluster) SetPodReady(ctx context.Context, namespace, pod string, ready bool) error {
	status := corev1.ConditionFalse
	if ready {
		status = corev1.ConditionTrue
	}
	patch := fmt.Sprintf(`{"status":{"conditions":[{"type":"Ready","status":%q}]}}`, status)
	_, err := c.client.CoreV1().Pods(namespace).
		Patch(ctx, pod, types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{}, "status")
	if err != nil {
		return fmt.Errorf("cluster %s: set readiness of %s/%s: %w", c.Name, namespace, pod, err)
	}
	return nil
}

// Kubectl runs kubectl against the cluster as its administrator and returns
// what it printed. `kubectl exec` into a pod runs the command on this host.
func (c *Cluster) Kubectl(ctx context.Context, args ...string) ([]byte, error) {
	path, err := c.fleet.programs.Path(ctx, binaries.Kubectl)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, path, append([]string{"--kubeconfig=" + c.Kubeconfig}, args...)...)
	return output(cmd)
}
