package karmada

import (
	"context"
	"log/slog"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/fedns/fedns/federation/work"
	"github.com/fedns/fedns/federation/work/worktest"
)

// shelf is a host with what fedns wrote when it ran last. It is also its client.
type shelf struct {
	quiet
	objects []*unstructured.Unstructured
	deleted []string
}

func (s *shelf) Client() client.Client { return s }

func (s *shelf) List(_ context.Context, into client.ObjectList, _ ...client.ListOption) error {
	list := into.(*unstructured.UnstructuredList)
	for _, o := range s.objects {
		if o.GetKind()+"List" == list.GetKind() {
			list.Items = append(list.Items, *o)
		}
	}
	return nil
}

func (s *shelf) Delete(_ context.Context, o client.Object, _ ...client.DeleteOption) error {
	s.deleted = append(s.deleted, o.GetNamespace()+"/"+o.GetName())
	return nil
}

// A daemon that was killed may have left Works that nothing else tells of.
func TestWorksThatAKilledDaemonLeft(t *testing.T) {
	s := &shelf{objects: worktest.Objects(t, `
apiVersion: work.karmada.io/v1alpha2
kind: ResourceBinding
metadata: {name: web-configmap, namespace: shop}
spec: {resource: {apiVersion: v1, kind: ConfigMap, namespace: shop, name: web}}
status: {aggregatedStatus: [{clusterName: eu-1}]}
---
apiVersion: work.karmada.io/v1alpha1
kind: Work
metadata: {name: web-6cbd9f8fc9, namespace: karmada-es-eu-1}
---
apiVersion: work.karmada.io/v1alpha1
kind: Work
metadata: {name: web-6cbd9f8fc9, namespace: karmada-es-us-1}
---
apiVersion: work.karmada.io/v1alpha1
kind: Work
metadata: {name: gone-12345, namespace: karmada-es-eu-1}
---
apiVersion: work.karmada.io/v1alpha1
kind: Work
metadata: {name: elsewhere, namespace: shop}
`)}
	web := work.Key{Kind: schema.GroupVersionKind{Version: "v1", Kind: "ConfigMap"}, Namespace: "shop", Name: "web"}
	for _, o := range s.objects[1:3] {
		o.SetName(workName(web))
	}
	b, _, err := open(t.Context(), Config{Host: s, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	got := b.binding(web).clusters
	slices.Sort(got)
	if want := []string{"eu-1", "us-1"}; !slices.Equal(got, want) {
		t.Errorf("clusters with a Work are %v, want %v: what is not known is never deleted", got, want)
	}
	if want := []string{"karmada-es-eu-1/gone-12345"}; !slices.Equal(s.deleted, want) {
		t.Errorf("deleted are %v, want %v", s.deleted, want)
	}

	s.deleted = nil
	_ = unstructured.SetNestedField(s.objects[0].Object, "no/such/version", "spec", "resource", "apiVersion")
	if _, _, err := open(t.Context(), Config{Host: s, Log: slog.New(slog.DiscardHandler)}); err != nil || s.deleted != nil {
		t.Errorf("with a binding that cannot be read, %v, deleted are %v", err, s.deleted)
	}
}
