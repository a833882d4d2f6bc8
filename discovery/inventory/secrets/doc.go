// Package secrets reads member clusters from Secrets of a host cluster, in the
// forms that others have made usual:
//
//	fedns      label fedns.io/cluster: NAME; data.kubeconfig
//	istio      label istio/multiCluster: "true"; each key of data is a cluster's name, its value a kubeconfig
//	clusterAPI NAME-kubeconfig, type cluster.x-k8s.io/secret, label cluster.x-k8s.io/cluster-name: NAME; data.value
//	argoCD     label argocd.argoproj.io/secret-type: cluster; data.name, data.server, data.config (JSON)
//
// Region and zone are taken from the Secret's labels topology.kubernetes.io/region
// and topology.kubernetes.io/zone.
//
// Formats were checked against the projects' sources in November 2026: Istio
// pkg/kube/multicluster, Cluster API util/secret and util/kubeconfig, Argo CD
// util/db and pkg/apis/application.
//
// It imports discovery/inventory, discovery/inventory/host and client-go.
package secrets
