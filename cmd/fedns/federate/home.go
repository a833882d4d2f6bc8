package federate

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
)

// identifyWithin is how long the host may take to say who it is.
const identifyWithin = 10 * time.Second

// identify is the UID of the host's namespace kube-system: what the host is known by
// when it is a member as well, and what is written to members by. Nothing is
// propagated before it is known.
func identify(ctx context.Context, rc *rest.Config) (string, error) {
	client, err := typedcorev1.NewForConfig(rc)
	if err != nil {
		return "", fmt.Errorf("host: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, identifyWithin)
	defer cancel()
	o, err := client.Namespaces().Get(ctx, metav1.NamespaceSystem, metav1.GetOptions{})
	if err != nil {
		return "", fmt.Errorf("host: which cluster it is: %w", err)
	}
	return string(o.UID), nil
}
