package interpret

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/fedns/fedns/federation/work"
)

// Dependencies are the objects that a template refers to and that must be where it
// is: ConfigMaps, Secrets, ServiceAccounts and claims of its Pods, and certificates
// of an Ingress. Sorted, each once. Those that each namespace has by itself (the
// ServiceAccount default, kube-root-ca.crt) are left out.
func Dependencies(o *unstructured.Unstructured) ([]work.Key, error) {
	d := collector{namespace: o.GetNamespace(), keys: map[work.Key]bool{}}
	spec, err := podSpec(o)
	if err != nil {
		return nil, err
	}
	if spec != nil {
		d.pod(spec)
	}
	switch o.GroupVersionKind().GroupKind().String() {
	case "Ingress.networking.k8s.io":
		d.ingress(o)
	case "StatefulSet.apps":
		d.ownClaims(o)
	}
	all := make([]work.Key, 0, len(d.keys))
	for k := range d.keys {
		all = append(all, k)
	}
	slices.SortFunc(all, func(a, b work.Key) int {
		return cmp.Or(cmp.Compare(a.Kind.Kind, b.Kind.Kind), cmp.Compare(a.Name, b.Name))
	})
	return all, nil
}

// collector collects keys of one namespace.
type collector struct {
	namespace string
	keys      map[work.Key]bool
}

func (d *collector) add(kind, name string) {
	if name == "" || kind == "ServiceAccount" && name == "default" || kind == "ConfigMap" && name == "kube-root-ca.crt" {
		return
	}
	d.keys[work.Key{Kind: schema.GroupVersionKind{Version: "v1", Kind: kind}, Namespace: d.namespace, Name: name}] = true
}

// pod adds what a Pod refers to.
func (d *collector) pod(spec *corev1.PodSpec) {
	d.add("ServiceAccount", spec.ServiceAccountName)
	for _, s := range spec.ImagePullSecrets {
		d.add("Secret", s.Name)
	}
	for _, c := range slices.Concat(spec.InitContainers, spec.Containers) {
		d.environment(c.Env, c.EnvFrom)
	}
	for i := range spec.Volumes {
		d.volume(&spec.Volumes[i].VolumeSource)
	}
}

func (d *collector) environment(env []corev1.EnvVar, from []corev1.EnvFromSource) {
	for _, e := range env {
		if v := e.ValueFrom; v != nil && v.ConfigMapKeyRef != nil {
			d.add("ConfigMap", v.ConfigMapKeyRef.Name)
		} else if v != nil && v.SecretKeyRef != nil {
			d.add("Secret", v.SecretKeyRef.Name)
		}
	}
	for _, e := range from {
		if e.ConfigMapRef != nil {
			d.add("ConfigMap", e.ConfigMapRef.Name)
		}
		if e.SecretRef != nil {
			d.add("Secret", e.SecretRef.Name)
		}
	}
}

// volume adds what a volume is made of.
func (d *collector) volume(v *corev1.VolumeSource) {
	if v.ConfigMap != nil {
		d.add("ConfigMap", v.ConfigMap.Name)
	}
	if v.Secret != nil {
		d.add("Secret", v.Secret.SecretName)
	}
	if v.PersistentVolumeClaim != nil {
		d.add("PersistentVolumeClaim", v.PersistentVolumeClaim.ClaimName)
	}
	if v.CSI != nil && v.CSI.NodePublishSecretRef != nil {
		d.add("Secret", v.CSI.NodePublishSecretRef.Name)
	}
	if v.Projected == nil {
		return
	}
	for _, s := range v.Projected.Sources {
		if s.ConfigMap != nil {
			d.add("ConfigMap", s.ConfigMap.Name)
		}
		if s.Secret != nil {
			d.add("Secret", s.Secret.Name)
		}
	}
}

// ingress adds the certificates of an Ingress.
func (d *collector) ingress(o *unstructured.Unstructured) {
	list, _, _ := unstructured.NestedSlice(o.Object, "spec", "tls")
	for _, item := range list {
		if m, ok := item.(map[string]any); ok {
			name, _ := m["secretName"].(string)
			d.add("Secret", name)
		}
	}
}

// ownClaims takes out the claims that a StatefulSet makes for its Pods.
func (d *collector) ownClaims(o *unstructured.Unstructured) {
	list, _, _ := unstructured.NestedSlice(o.Object, "spec", "volumeClaimTemplates")
	for _, item := range list {
		if m, ok := item.(map[string]any); ok {
			name, _, _ := unstructured.NestedString(m, "metadata", "name")
			delete(d.keys, work.Key{Kind: schema.GroupVersionKind{Version: "v1", Kind: "PersistentVolumeClaim"}, Namespace: d.namespace, Name: name})
		}
	}
}
