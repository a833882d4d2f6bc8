package members

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const exportGroup = "multicluster.x-k8s.io"

// served are the resources by group and version.
var served = map[string][]metav1.APIResource{
	"v1": {
		of("namespaces", "Namespace", false), of("nodes", "Node", false), of("services", "Service", true),
		of("configmaps", "ConfigMap", true), of("secrets", "Secret", true), of("serviceaccounts", "ServiceAccount", true),
	},
	"apps/v1":                 {of("deployments", "Deployment", true)},
	"discovery.k8s.io/v1":     {of("endpointslices", "EndpointSlice", true)},
	"networking.k8s.io/v1":    {of("ingresses", "Ingress", true)},
	"coordination.k8s.io/v1":  {of("leases", "Lease", true)},
	"apiextensions.k8s.io/v1": {of("customresourcedefinitions", "CustomResourceDefinition", false)},
	exportGroup + "/v1beta1":  {of("serviceexports", "ServiceExport", true)},
	exportGroup + "/v1alpha1": {of("serviceexports", "ServiceExport", true)},
}

func of(resource, kind string, namespaced bool) metav1.APIResource {
	return metav1.APIResource{Name: resource, Kind: kind, Namespaced: namespaced, Verbs: metav1.Verbs{"create", "delete", "get", "list", "patch", "watch"}}
}

// kindOf is a resource's kind, empty if it is not served.
func kindOf(apiVersion, resource string) string {
	i := slices.IndexFunc(served[apiVersion], func(r metav1.APIResource) bool { return r.Name == resource })
	if i < 0 {
		return ""
	}
	return served[apiVersion][i].Kind
}

// exportVersions is the document of the group of ServiceExports.
func exportVersions() metav1.APIGroup {
	all := []metav1.GroupVersionForDiscovery{
		{GroupVersion: exportGroup + "/v1beta1", Version: "v1beta1"}, {GroupVersion: exportGroup + "/v1alpha1", Version: "v1alpha1"},
	}
	return metav1.APIGroup{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "APIGroup"}, Name: exportGroup, Versions: all, PreferredVersion: all[0]}
}
