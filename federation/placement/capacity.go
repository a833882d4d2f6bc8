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
func (m *member) room(requests map[corev1.ResourceName]int64) int32 {
	if !m.Capacity.Known {
		return unlimited
	}
	fits := int64(unlimited)
	for resource, request := range requests {
		if resource == corev1.ResourcePods || request <= 0 {
			continue
		}
		if free, told := m.free[resource]; told {
			fits = min(fits, free/request)
		} else if !m.Capacity.Stated {
			fits = 0
		}
	}
	if free, told := m.free[corev1.ResourcePods]; told {
		fits = min(fits, free/perPod)
	}
	return int32(fits)
}

// free is what nothing requests of a cluster.
func free(c cluster.Capacity) map[corev1.ResourceName]int64 {
	left := make(map[corev1.ResourceName]int64, len(c.Allocatable))
	for resource, there := range c.Allocatable {
		left[resource] = max(there-c.Requested[resource], 0)
	}
	return left
}
