package host

import (
	"fmt"
	"net/url"
	"strings"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/fedns/fedns/discovery/inventory"
	"github.com/fedns/fedns/discovery/kubernetes"
)

// Use makes a kubeconfig that an object holds the access of m. What cannot be
// used, and what would read files of this host or, unless allowed, run its
// programs, is an error that names the field.
func Use(m *inventory.Member, kubeconfig []byte, allowExec bool) error {
	cfg := kubernetes.Config{Credentials: kubernetes.NewHeld("", kubeconfig), AllowExec: allowExec}
	server, err := kubernetes.Inspect(cfg)
	if err != nil {
		if !allowExec {
			cfg.AllowExec = true
			if _, lacks := kubernetes.Inspect(cfg); lacks == nil {
				err = fmt.Errorf("%w, or allowExec: true for this inventory in the configuration", err)
			}
		}
		return err
	}
	m.Server, m.Access = server, inventory.Access{Kubeconfig: kubeconfig}
	return nil
}

// UseConfig is Use for a cluster and a user that are stated in another form than
// as a kubeconfig.
func UseConfig(m *inventory.Member, server clientcmdapi.Cluster, user clientcmdapi.AuthInfo, allowExec bool) error {
	const name = "default"
	k := clientcmdapi.NewConfig()
	k.Clusters[name], k.AuthInfos[name] = &server, &user
	k.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name}
	k.CurrentContext = name
	raw, err := clientcmd.Write(*k)
	if err != nil {
		return fmt.Errorf("make a kubeconfig: %w", err)
	}
	return Use(m, raw, allowExec)
}

// Endpoint is an API server's address as Karmada and KubeFed have it (a host or
// IP, with port or without, or a URL) as a URL. The scheme is https unless stated.
func Endpoint(s string) (string, error) {
	if s == "" {
		return "", fmt.Errorf("it is empty, want HOST:PORT or https://HOST:PORT")
	}
	full := s
	if !strings.Contains(s, "://") {
		full = "https://" + s
	}
	u, err := url.Parse(full)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return "", fmt.Errorf("got %.80q, want HOST:PORT or https://HOST:PORT", s)
	}
	return full, nil
}
