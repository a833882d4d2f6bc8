package membership

import (
	"context"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
)

// sibling is another member whose API server has that address; empty: there is none.
// One cluster under two names would have its objects placed twice, and taken away for
// the one while they are there for the other; and both have one account there.
func sibling(ctx context.Context, host dynamic.Interface, namespace, name, server string) (string, error) {
	list, err := host.Resource(secrets).Namespace(namespace).List(ctx, metav1.ListOptions{LabelSelector: MemberLabel})
	if apierrors.IsForbidden(err) {
		return "", nil // whoever may not look may still write them
	}
	if err != nil {
		return "", fmt.Errorf("the members' Secrets in %s: %w", namespace, err)
	}
	var others []string
	for i := range list.Items {
		other := list.Items[i].GetLabels()[MemberLabel]
		if other != name && sameServer(serverIn(&list.Items[i]), server) {
			others = append(others, other)
		}
	}
	if len(others) == 0 {
		return "", nil
	}
	return slices.Min(others), nil
}

// sameServer says that two URLs are one API server's.
func sameServer(a, b string) bool {
	return a != "" && strings.TrimSuffix(a, "/") == strings.TrimSuffix(b, "/")
}
