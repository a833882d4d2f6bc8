package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/fedns/fedns/integration/harness"
)

// namespace of the templates; members have it from the start.
const namespace = "default"

// version is the annotation by which a change is known again in members.
const version = "benchfederation/version"

// policy has every template go to every member.
const policy = `
apiVersion: policy.karmada.io/v1alpha1
kind: PropagationPolicy
metadata: {name: all, namespace: default}
spec:
  resourceSelectors: [{apiVersion: apps/v1, kind: Deployment}]
  placement: {}
`

// host is the cluster of templates and policies.
type host struct {
	*harness.Cluster
	templates dynamic.ResourceInterface
}

// newHost starts it with nothing but an API server: whatever else acts on templates
// would be measured, too.
func newHost(ctx context.Context, f *harness.Fleet) (*host, error) {
	c, err := f.AddCluster(ctx, harness.Spec{Name: "host"})
	if err != nil {
		return nil, err
	}
	if err := c.Kill(); err != nil {
		return nil, err
	}
	if err := c.StartAPIServer(ctx); err != nil {
		return nil, err
	}
	text, err := definitions()
	if err == nil {
		err = c.Apply(ctx, text)
	}
	if err == nil {
		err = c.Apply(ctx, policy)
	}
	if err != nil {
		return nil, err
	}
	rc := c.RESTConfig()
	rc.QPS = -1
	client, err := dynamic.NewForConfig(rc)
	if err != nil {
		return nil, err
	}
	return &host{c, client.Resource(schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}).Namespace(namespace)}, nil
}

// definitions are those of fedns and of Karmada.
func definitions() (string, error) {
	var text strings.Builder
	for _, pattern := range []string{"*.yaml", "karmada/*.yaml"} {
		files, err := filepath.Glob(filepath.Join("..", "deploy", "crds", pattern))
		if err != nil || len(files) == 0 {
			return "", fmt.Errorf("no definitions in deploy/crds; run this in integration: %w", err)
		}
		for _, file := range files {
			raw, err := os.ReadFile(file)
			if err != nil {
				return "", err
			}
			text.WriteString("---\n" + string(raw) + "\n")
		}
	}
	return text.String(), nil
}

func nameOf(i int) string { return fmt.Sprintf("web-%04d", i) }

// creators is how many templates are created at a time.
const creators = 8

// fill creates n templates.
func (h *host) fill(ctx context.Context, n int) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(creators)
	for i := range n {
		g.Go(func() error {
			_, err := h.templates.Create(ctx, template(nameOf(i)), metav1.CreateOptions{})
			return err
		})
	}
	return g.Wait()
}

// change gives a template another version.
func (h *host) change(ctx context.Context, name, to string) error {
	text, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": map[string]string{version: to}}})
	if err != nil {
		return err
	}
	_, err = h.templates.Patch(ctx, name, types.MergePatchType, text, metav1.PatchOptions{})
	return err
}

// template is a Deployment as many have them.
func template(name string) *unstructured.Unstructured {
	env := []any{}
	for i := range 8 {
		env = append(env, map[string]any{"name": fmt.Sprintf("SETTING_%d", i), "value": "a value of an ordinary length"})
	}
	labels := map[string]any{"app": name, "team": "shop"}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apps/v1", "kind": "Deployment",
		"metadata": map[string]any{"name": name, "namespace": namespace, "labels": labels, "annotations": map[string]any{version: "0"}},
		"spec": map[string]any{
			"replicas": int64(3), "selector": map[string]any{"matchLabels": map[string]any{"app": name}},
			"template": map[string]any{
				"metadata": map[string]any{"labels": labels},
				"spec": map[string]any{"containers": []any{map[string]any{
					"name": "web", "image": "registry.example/shop/web:1.2.3", "env": env,
					"ports":          []any{map[string]any{"name": "http", "containerPort": int64(8080)}},
					"resources":      map[string]any{"requests": map[string]any{"cpu": "100m", "memory": "128Mi"}},
					"readinessProbe": map[string]any{"httpGet": map[string]any{"path": "/readyz", "port": "http"}},
				}}},
			},
		},
	}}
}
