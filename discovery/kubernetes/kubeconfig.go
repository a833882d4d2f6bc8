package kubernetes

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/fedns/fedns/discovery/guarantee"
	"github.com/fedns/fedns/discovery/kubernetes/bound"
)

// fingerprint tells whether the files a client was made of have changed.
type fingerprint [sha256.Size]byte

// origin names where the credentials come from, for errors.
func origin(cfg Config) string {
	if cfg.Credentials != nil {
		return cfg.Credentials.String()
	}
	if cfg.Kubeconfig == "" {
		return "service account of this Pod"
	}
	return "kubeconfig " + cfg.Kubeconfig
}

// load reads what is needed to connect.
func load(cfg Config) (*rest.Config, fingerprint, error) {
	rc, print, err := read(cfg)
	if err != nil {
		return nil, fingerprint{}, fmt.Errorf("%s: %w", origin(cfg), err)
	}
	return rc, print, nil
}

// read is load without the origin in its errors.
func read(cfg Config) (*rest.Config, fingerprint, error) {
	var rc *rest.Config
	var raw []byte
	var err error
	switch {
	case cfg.Credentials != nil:
		raw = cfg.Credentials.Kubeconfig()
		if len(raw) == 0 {
			return nil, fingerprint{}, errNoContent
		}
		rc, err = parse(cfg, raw)
	case cfg.Kubeconfig == "":
		rc, err = rest.InClusterConfig()
		if errors.Is(err, rest.ErrNotInCluster) {
			err = errors.New("this is not running in a Pod, want a kubeconfig")
		}
	default:
		rc, raw, err = fromKubeconfig(cfg)
	}
	if err != nil {
		return nil, fingerprint{}, err
	}
	sum := sha256.New()
	sum.Write(raw)
	for _, path := range []string{rc.CAFile, rc.CertFile, rc.KeyFile} {
		if path == "" {
			continue
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return nil, fingerprint{}, err
		}
		fmt.Fprintf(sum, "%d", len(content))
		sum.Write(content)
	}
	bound.Wrap(rc)
	return rc, fingerprint(sum.Sum(nil)), nil
}

func fromKubeconfig(cfg Config) (*rest.Config, []byte, error) {
	raw, err := os.ReadFile(cfg.Kubeconfig)
	if err != nil {
		var path *os.PathError
		if errors.As(err, &path) {
			err = path.Err // the path is named already
		}
		return nil, nil, err
	}
	rc, err := parse(cfg, raw)
	return rc, raw, err
}

// parse reads raw as the kubeconfig of cfg.
func parse(cfg Config, raw []byte) (*rest.Config, error) {
	parsed, err := clientcmd.Load(raw)
	if err != nil {
		return nil, fmt.Errorf("want a kubeconfig (apiVersion v1, kind Config) in YAML or JSON: %w", err)
	}
	name := cfg.Context
	if name == "" {
		name = parsed.CurrentContext
	}
	if err := usable(parsed, name, cfg.AllowExec); err != nil {
		return nil, err
	}
	if cfg.Credentials != nil {
		if err := withoutFiles(parsed); err != nil {
			return nil, err
		}
	} else if err := resolve(parsed, cfg.Kubeconfig); err != nil {
		return nil, err
	}
	return clientcmd.NewNonInteractiveClientConfig(*parsed, name, &clientcmd.ConfigOverrides{}, nil).ClientConfig()
}

// resolve has relative paths begin at the kubeconfig's folder.
func resolve(k *clientcmdapi.Config, path string) error {
	for _, c := range k.Clusters {
		c.LocationOfOrigin = path
	}
	for _, a := range k.AuthInfos {
		a.LocationOfOrigin = path
	}
	return clientcmd.ResolveLocalPaths(k)
}

// usable follows context to cluster and user and says what is missing on the way.
func usable(k *clientcmdapi.Config, name string, allowExec bool) error {
	has := func(names []string) string {
		if len(names) == 0 {
			return "it has none"
		}
		return "it has " + strings.Join(names, ", ")
	}
	if name == "" {
		return fmt.Errorf("no context is configured and current-context is empty; want the name of a context: %s", has(slices.Sorted(maps.Keys(k.Contexts))))
	}
	context := k.Contexts[name]
	if context == nil {
		return fmt.Errorf("want a context named %q: %s", name, has(slices.Sorted(maps.Keys(k.Contexts))))
	}
	server := k.Clusters[context.Cluster]
	if server == nil {
		return fmt.Errorf("context %q: want a cluster named %q: %s", name, context.Cluster, has(slices.Sorted(maps.Keys(k.Clusters))))
	}
	if server.Server == "" {
		return fmt.Errorf("cluster %q: want a server, as in https://HOST:PORT", context.Cluster)
	}
	if context.AuthInfo == "" {
		return nil
	}
	user := k.AuthInfos[context.AuthInfo]
	switch {
	case user == nil:
		return fmt.Errorf("context %q: want a user named %q: %s", name, context.AuthInfo, has(slices.Sorted(maps.Keys(k.AuthInfos))))
	case user.Exec != nil && !allowExec && guarantee.Holds(guarantee.ExecIsOff):
		return fmt.Errorf("user %q runs the command %q for credentials (user.exec), which is not allowed; want a token or a client certificate", context.AuthInfo, user.Exec.Command)
	case user.AuthProvider != nil && !allowExec:
		return fmt.Errorf("user %q uses the plugin %q for credentials (user.auth-provider), which is not allowed; want a token or a client certificate", context.AuthInfo, user.AuthProvider.Name)
	}
	return nil
}
