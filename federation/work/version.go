package work

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/resourceversion"
)

// Newer says that one version of an object came after another. Versions that cannot
// be compared are as good as each other.
func Newer(a, b *unstructured.Unstructured) bool {
	return OlderVersion(b.GetResourceVersion(), a.GetResourceVersion())
}

// OlderVersion says that a resource version is of before another of the same store.
// Versions that cannot be compared are as good as each other.
func OlderVersion(a, b string) bool {
	order, err := resourceversion.CompareResourceVersion(a, b)
	return err == nil && order < 0
}
