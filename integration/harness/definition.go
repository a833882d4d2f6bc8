package harness

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var customResourceDefinitions = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}

// Undefine has a CRD deleted, and all of its objects before it. It returns at once.
func (c *Cluster) Undefine(ctx context.Context, name string) error {
	return c.dyn.Resource(customResourceDefinitions).Delete(ctx, name, metav1.DeleteOptions{})
}

// WaitUndefined waits until a CRD is gone.
func (c *Cluster) WaitUndefined(ctx context.Context, name string) error {
	return Wait(ctx, func(ctx context.Context) error {
		_, err := c.dyn.Resource(customResourceDefinitions).Get(ctx, name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return nil
		}
		return fmt.Errorf("definition %s is there still: %w", name, err)
	})
}
