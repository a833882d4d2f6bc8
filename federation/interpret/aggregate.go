package interpret

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/json"

	"github.com/fedns/fedns/federation/work"
)

// Aggregate is what the statuses of the copies come to as one: the status that
// the template itself is to have. ok is false for kinds whose statuses do not add
// up. Copies that are not there (Removed, Abandoned) count for nothing. The
// template's own conditions stay: they are its own controllers'.
func Aggregate(template *unstructured.Unstructured, outcomes []work.Outcome) (status map[string]any, ok bool) {
	add, ok := sums[template.GroupVersionKind().GroupKind().String()]
	if !ok {
		return nil, false
	}
	outcomes = slices.Clone(outcomes)
	slices.SortFunc(outcomes, func(a, b work.Outcome) int { return strings.Compare(a.Cluster, b.Cluster) })
	status = map[string]any{}
	for _, o := range outcomes {
		if o.Phase == work.Removed || o.Phase == work.Abandoned || len(o.Status) == 0 {
			continue
		}
		var of map[string]any
		if err := json.UnmarshalCaseSensitivePreserveInts(o.Status, &of); err == nil {
			add(status, of, o.Cluster)
		}
	}
	if template.GetGeneration() > 0 && observes[template.GetKind()] {
		status["observedGeneration"] = template.GetGeneration()
	}
	return status, true
}

// observes are kinds whose status has observedGeneration.
var observes = map[string]bool{"Deployment": true, "StatefulSet": true, "DaemonSet": true, "ReplicaSet": true, "PodDisruptionBudget": true}

// sums add a copy's status to the whole, by group and kind.
var sums = map[string]func(all, of map[string]any, cluster string){
	"Deployment.apps":                     counted("replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas"),
	"ReplicaSet.apps":                     counted("replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas"),
	"StatefulSet.apps":                    counted("replicas", "readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"),
	"ReplicationController":               counted("replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas"),
	"DaemonSet.apps":                      counted("currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady", "updatedNumberScheduled", "numberAvailable", "numberUnavailable"),
	"Job.batch":                           jobs,
	"CronJob.batch":                       joined("active"),
	"PodDisruptionBudget.policy":          counted("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"),
	"HorizontalPodAutoscaler.autoscaling": counted("currentReplicas", "desiredReplicas"),
	"Service":                             loadBalancer,
	"Ingress.networking.k8s.io":           loadBalancer,
	"PersistentVolumeClaim":               claims,
}

// counted adds numbers up.
func counted(fields ...string) func(all, of map[string]any, cluster string) {
	return func(all, of map[string]any, _ string) {
		for _, f := range fields {
			if n, ok := of[f].(int64); ok {
				before, _ := all[f].(int64)
				all[f] = before + n
			}
		}
	}
}

// joined puts lists together.
func joined(field string) func(all, of map[string]any, cluster string) {
	return func(all, of map[string]any, _ string) {
		if list, ok := of[field].([]any); ok {
			before, _ := all[field].([]any)
			all[field] = append(before, list...)
		}
	}
}

// jobs adds what runs, and has the whole begin with the first and end with the last.
func jobs(all, of map[string]any, _ string) {
	counted("active", "succeeded", "failed", "ready")(all, of, "")
	if t, ok := of["startTime"].(string); ok {
		if before, ok := all["startTime"].(string); !ok || t < before {
			all["startTime"] = t
		}
	}
	if t, ok := of["completionTime"].(string); ok {
		if before, ok := all["completionTime"].(string); !ok || t > before {
			all["completionTime"] = t
		}
	}
}

// loadBalancer has the addresses of all, each with its cluster's name where it has
// no hostname of its own, as Karmada's users read it.
func loadBalancer(all, of map[string]any, cluster string) {
	in, _ := of["loadBalancer"].(map[string]any)
	list, _ := in["ingress"].([]any)
	whole, _ := all["loadBalancer"].(map[string]any)
	if whole == nil {
		whole = map[string]any{}
		all["loadBalancer"] = whole
	}
	before, _ := whole["ingress"].([]any)
	for _, item := range list {
		if m, ok := item.(map[string]any); ok {
			if name, _ := m["hostname"].(string); name == "" {
				m["hostname"] = cluster
			}
			before = append(before, m)
		}
	}
	if len(before) > 0 {
		whole["ingress"] = before
	}
}

// claims: the whole is as far as the one that is least far.
func claims(all, of map[string]any, _ string) {
	order := []string{"Lost", "Pending", "Bound"}
	phase, _ := of["phase"].(string)
	if before, ok := all["phase"].(string); !ok || slices.Index(order, phase) < slices.Index(order, before) {
		all["phase"] = phase
	}
}
