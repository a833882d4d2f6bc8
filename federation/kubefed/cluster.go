package kubefed

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	corev1beta1 "github.com/fedns/fedns/federation/api/kubefed/core/v1beta1"
	"github.com/fedns/fedns/federation/cluster"
	"github.com/fedns/fedns/federation/finding"
)

// Convert is a KubeFedCluster as federation sees it. It has no taints: what its
// evidence gives comes beside.
func Convert(o *unstructured.Unstructured) (*cluster.Cluster, error) {
	var stated corev1beta1.KubeFedCluster
	if _, err := finding.Decode(o, &stated); err != nil {
		return nil, fmt.Errorf("%s %s: %w", o.GetKind(), o.GetName(), err)
	}
	c := &cluster.Cluster{Name: o.GetName(), Labels: o.GetLabels()}
	if r := stated.Status.Region; r != nil {
		c.Region = *r
	}
	for _, z := range stated.Status.Zones {
		if z != "" && !slices.Contains(c.Zones, z) {
			c.Zones = append(c.Zones, z)
		}
	}
	return c, nil
}
