package placement

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/fedns/fedns/federation/cluster"
)

// perPod is what a replica requests of "pods", in thousandths.
const perPod = 1000

// room is how many more replicas that request what is said a cluster can hold:
// unlimited, if nobody knows. A cluster as a whole is looked at and not its Nodes,
// so it may be fewer (as with the general estimator of Karmada's scheduler).
//
// A resource that Nodes do not tell of is not there. People who state a capacity
// mean no more than they say.
func room(c cluster.Capacity, requests map[corev1.ResourceName]int64) int32 {
	if !c.Known {
		return unlimited
	}
	fits := int64(unlimited)
	limit := func(resource corev1.ResourceName, request int64) {
		if request <= 0 {
			return
		}
		there, told := c.Allocatable[resource]
		if !told {
			if !c.Stated && resource != corev1.ResourcePods {
				fits = 0
			}
			return
		}
		fits = min(fits, max(there-c.Requested[resource], 0)/request)
	}
	for resource, request := range requests {
		if resource != corev1.ResourcePods {
			limit(resource, request)
		}
	}
	limit(corev1.ResourcePods, perPod)
	return int32(fits)
}
