//go:build windows

package manifest

import "k8s.io/client-go/rest"

func init() {}

var access = []any{rest.InClusterConfig, &rest.Config{}, rest.CopyConfig}
