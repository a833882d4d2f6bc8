// Package federationv1 is the dialect of Federation v1: annotations on plain
// Services, Deployments and ReplicaSets in the host cluster.
//
//	federation.alpha.kubernetes.io/cluster-selector      which clusters: [{"key", "operator", "values"}]
//	federation.kubernetes.io/deployment-preferences      how replicas are told out: {"rebalance", "clusters": {…}}
//	federation.kubernetes.io/replica-set-preferences     the same, of ReplicaSets (and Deployments, as was documented)
//	federation.kubernetes.io/service-ingresses           written back: {"items": [{"cluster", "items": [{"ip"}]}]}
//
// The API server of Federation v1 held nothing but federated objects; a host cluster
// has others, too. So an object counts as federated if it has one of these
// annotations; [] as the cluster-selector selects all clusters. Without a
// cluster-selector all clusters are selected, and without preferences replicas are
// told out evenly, as in v1: a Service that fedns wrote ingresses to and that loses its
// cluster-selector goes everywhere.
//
// The host is best an API server without controllers for workloads, or it runs what is
// federated as well. A host that is a member has its share of a workload's replicas in
// the object itself, and the total in annotations: see total.
//
// An object that is deleted goes in members, too. One that loses its annotations is
// let go: members keep what they have. Of statuses only a Service's ingresses are
// written back: a workload's status is its controllers'.
//
// It imports federation's types, federation/host and the API's types.
package federationv1
