// Package workload says where kinds that run Pods keep what federation reads and
// changes of them. Of kinds it does not list nothing is known.
package workload

import "k8s.io/apimachinery/pkg/runtime/schema"

var podSpecs = map[schema.GroupKind][]string{
	{Kind: "Pod"}:                        {"spec"},
	{Kind: "ReplicationController"}:      {"spec", "template", "spec"},
	{Group: "apps", Kind: "Deployment"}:  {"spec", "template", "spec"},
	{Group: "apps", Kind: "ReplicaSet"}:  {"spec", "template", "spec"},
	{Group: "apps", Kind: "StatefulSet"}: {"spec", "template", "spec"},
	{Group: "apps", Kind: "DaemonSet"}:   {"spec", "template", "spec"},
	{Group: "batch", Kind: "Job"}:        {"spec", "template", "spec"},
	{Group: "batch", Kind: "CronJob"}:    {"spec", "jobTemplate", "spec", "template", "spec"},
}

var replicas = map[schema.GroupKind][]string{
	{Kind: "ReplicationController"}:      {"spec", "replicas"},
	{Group: "apps", Kind: "Deployment"}:  {"spec", "replicas"},
	{Group: "apps", Kind: "ReplicaSet"}:  {"spec", "replicas"},
	{Group: "apps", Kind: "StatefulSet"}: {"spec", "replicas"},
	{Group: "batch", Kind: "Job"}:        {"spec", "parallelism"},
}

// PodSpec is the path of fields to the spec of a kind's Pods; nil: it has none. The
// caller does not change it.
func PodSpec(kind schema.GroupKind) []string { return podSpecs[kind] }

// Replicas is the path of fields to the number of Pods that a kind wants; nil: it
// has none that could be told out. The caller does not change it.
func Replicas(kind schema.GroupKind) []string { return replicas[kind] }
