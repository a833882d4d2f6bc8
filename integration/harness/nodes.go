package harness

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	nodestage "sigs.k8s.io/kwok/kustomize/stage/node/fast"
	heartbeat "sigs.k8s.io/kwok/kustomize/stage/node/heartbeat-with-lease"
	podstage "sigs.k8s.io/kwok/kustomize/stage/pod/fast"

	"github.com/fedns/fedns/integration/harness/binaries"
)

// hostExec makes `kubectl exec` into any pod run the command on this host.
const hostExec = `
apiVersion: kwok.x-k8s.io/v1alpha1
kind: ClusterExec
metadata:
  name: host
spec:
  execs:
  - local: {}
`

// startNodes starts KWOK and makes the nodes it plays; it returns when pods can
// be scheduled on all of them.
func (c *Cluster) startNodes(ctx context.Context) error {
	port, err := c.kubeletPort()
	if err != nil {
		return err
	}
	config := strings.Join([]string{
		nodestage.DefaultNodeInit, heartbeat.DefaultNodeHeartbeatWithLease,
		podstage.DefaultPodReady, podstage.DefaultPodComplete, podstage.DefaultPodDelete,
		hostExec,
	}, "\n---\n")
	if err := os.WriteFile(c.file("kwok.yaml"), []byte(config), 0o600); err != nil {
		return fmt.Errorf("write KWOK's config: %w", err)
	}
	// A KWOK that was killed left its leases, and the next one, whose name is
	// another, would let the nodes be until they expire.
	leases := c.client.CoordinationV1().Leases(corev1.NamespaceNodeLease)
	if err := leases.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{}); err != nil {
		return fmt.Errorf("delete old node leases: %w", err)
	}
	kwok, err := c.run(ctx, binaries.KWOK, []string{
		"--kubeconfig=" + c.Kubeconfig,
		"--config=" + c.file("kwok.yaml"),
		"--manage-all-nodes=true",
		fmt.Sprintf("--node-port=%d", port),
		fmt.Sprintf("--server-address=127.0.0.1:%d", port),
		"--tls-cert-file=" + c.file("server.crt"),
		"--tls-private-key-file=" + c.file("server.key"),
		"--node-lease-duration-seconds=40",
	})
	if err != nil {
		return err
	}
	for i := 1; i <= c.Nodes; i++ {
		_, err := c.client.CoreV1().Nodes().Create(ctx, c.node(i, port), metav1.CreateOptions{})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("create node %d: %w", i, err)
		}
	}
	return kwok.WaitReady(ctx, c.nodesReady)
}

// kubeletPort is where KWOK listens. It stays the same when KWOK starts anew,
// because the nodes carry it.
func (c *Cluster) kubeletPort() (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var err error
	if c.kubelet == 0 {
		c.kubelet, err = c.fleet.claim.port()
	}
	return c.kubelet, err
}

func (c *Cluster) node(i, port int) *corev1.Node {
	name := fmt.Sprintf("%s-node-%d", c.Name, i)
	labels := map[string]string{corev1.LabelHostname: name, corev1.LabelOSStable: "linux", "type": "kwok"}
	if c.Region != "" {
		labels[corev1.LabelTopologyRegion] = c.Region
	}
	if len(c.Zones) > 0 {
		labels[corev1.LabelTopologyZone] = c.Zones[(i-1)%len(c.Zones)]
	}
	pods := c.net.nodePods(i)
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels},
		Spec:       corev1.NodeSpec{PodCIDR: pods[0], PodCIDRs: pods},
		Status: corev1.NodeStatus{
			Addresses: []corev1.NodeAddress{
				{Type: corev1.NodeInternalIP, Address: c.net.nodeAddress(i).String()},
				{Type: corev1.NodeHostName, Address: name},
				{Type: corev1.NodeInternalDNS, Address: "localhost"},
			},
			DaemonEndpoints: corev1.NodeDaemonEndpoints{KubeletEndpoint: corev1.DaemonEndpoint{Port: int32(port)}},
		},
	}
}

// nodesReady wants every node there, and none tainted: taints go a moment after
// a node is ready, and pods are not scheduled before.
func (c *Cluster) nodesReady(ctx context.Context) error {
	nodes, err := c.client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	ready := 0
	for _, n := range nodes.Items {
		for _, condition := range n.Status.Conditions {
			if condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue && len(n.Spec.Taints) == 0 {
				ready++
			}
		}
	}
	if ready < c.Nodes {
		return fmt.Errorf("%d of %d nodes are ready", ready, c.Nodes)
	}
	if _, err := c.client.CoreV1().Namespaces().Get(ctx, "default", metav1.GetOptions{}); err != nil {
		return errors.New("the default namespace is not there yet")
	}
	return nil
}
