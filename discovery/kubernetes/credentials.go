package kubernetes

import "k8s.io/client-go/rest"

// RESTConfig reads the credentials that cfg's Kubeconfig, Context and AllowExec
// name, or the Pod's, by the rules that hold for members. The caller owns the
// result. An error is the operator's to mend, and names the file.
func RESTConfig(cfg Config) (*rest.Config, error) {
	rc, _, err := load(cfg)
	return rc, err
}
