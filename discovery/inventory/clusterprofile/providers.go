package clusterprofile

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	clientcmdv1 "k8s.io/client-go/tools/clientcmd/api/v1"
	"sigs.k8s.io/yaml"

	"github.com/fedns/fedns/discovery/inventory"
	"github.com/fedns/fedns/discovery/inventory/host"
)

// Extensions of an access provider's cluster (KEP-5339).
const (
	execExtension = "client.authentication.k8s.io/exec"
	argsExtension = "clusterprofiles.multicluster.x-k8s.io/exec/additional-args"
	envsExtension = "clusterprofiles.multicluster.x-k8s.io/exec/additional-envs"
)

// Providers are the programs that get credentials, by access provider, as the
// file of KEP-5339 has them (--clusterprofile-provider-file of its consumers).
type Providers struct {
	Providers []provider `json:"providers"`
}

type provider struct {
	Name string `json:"name"`
	// In the form of a kubeconfig's user.exec.
	Exec *clientcmdv1.ExecConfig `json:"execConfig"`
	Args string                  `json:"profileSourcedCLIArgsPolicy"`
	Env  string                  `json:"profileSourcedEnvVarsPolicy"`
}

// ReadProviders reads such a file.
func ReadProviders(path string) (*Providers, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("access providers: %w", err)
	}
	p := &Providers{}
	if err := json.Unmarshal(raw, p); err != nil {
		return nil, fmt.Errorf("access providers: %s: %w", path, err)
	}
	for i, one := range p.Providers {
		where := fmt.Sprintf("access providers: %s: providers[%d]", path, i)
		switch {
		case one.Name == "":
			return nil, fmt.Errorf("%s.name: missing, want the name of an access provider", where)
		case one.Exec == nil || one.Exec.Command == "":
			return nil, fmt.Errorf("%s.execConfig.command: missing, want a program", where)
		case !slices.Contains([]string{"", "Ignore", "Append"}, one.Args):
			return nil, fmt.Errorf("%s.profileSourcedCLIArgsPolicy: got %.40q, want Ignore or Append", where, one.Args)
		case !slices.Contains([]string{"", "Ignore", "AppendIfNotExists", "Replace"}, one.Env):
			return nil, fmt.Errorf("%s.profileSourcedEnvVarsPolicy: got %.40q, want Ignore, AppendIfNotExists or Replace", where, one.Env)
		}
	}
	return p, nil
}

// use makes the access of m by the first provider of the file that the profile
// has. A nil Providers has none.
func (p *Providers) use(m *inventory.Member, all []accessor, allowExec bool) error {
	if p == nil {
		return errors.New("programs that get credentials are not configured (clusterProfiles.providers)")
	}
	var names []string
	for _, have := range p.Providers {
		names = append(names, have.Name)
		i := slices.IndexFunc(all, func(a accessor) bool { return a.Name == have.Name })
		if i < 0 {
			continue
		}
		return have.use(m, all[i].Cluster, allowExec)
	}
	return fmt.Errorf("want one of those configured: %s", strings.Join(names, ", "))
}

func (p *provider) use(m *inventory.Member, api clientcmdv1.Cluster, allowExec bool) error {
	if api.CertificateAuthority != "" {
		return errors.New("cluster.certificate-authority names a file, want certificate-authority-data")
	}
	cluster := clientcmdapi.Cluster{
		Server: api.Server, TLSServerName: api.TLSServerName, InsecureSkipTLSVerify: api.InsecureSkipTLSVerify,
		CertificateAuthorityData: api.CertificateAuthorityData, ProxyURL: api.ProxyURL, DisableCompression: api.DisableCompression,
		Extensions: map[string]runtime.Object{},
	}
	exec := &clientcmdapi.ExecConfig{
		APIVersion: p.Exec.APIVersion, Command: p.Exec.Command, Args: slices.Clone(p.Exec.Args), ProvideClusterInfo: p.Exec.ProvideClusterInfo,
		InteractiveMode: clientcmdapi.NeverExecInteractiveMode,
	}
	env := map[string]string{}
	for _, e := range p.Exec.Env {
		env[e.Name] = e.Value
	}
	for _, x := range api.Extensions {
		if err := p.extend(&cluster, exec, env, x); err != nil {
			return fmt.Errorf("cluster.extensions[%s]: %w", x.Name, err)
		}
	}
	exec.Env = sorted(env)
	return host.UseConfig(m, cluster, clientcmdapi.AuthInfo{Exec: exec}, allowExec)
}

// extend takes over what a profile has for the program, as far as the file lets it.
func (p *provider) extend(c *clientcmdapi.Cluster, exec *clientcmdapi.ExecConfig, env map[string]string, x clientcmdv1.NamedExtension) error {
	switch {
	case x.Name == execExtension:
		c.Extensions[execExtension] = &runtime.Unknown{Raw: x.Extension.Raw, ContentType: runtime.ContentTypeJSON}
	case x.Name == argsExtension && p.Args == "Append":
		var more []string
		if err := yaml.Unmarshal(x.Extension.Raw, &more); err != nil {
			return errors.New("want a list of arguments")
		}
		exec.Args = append(exec.Args, more...)
	case x.Name == envsExtension && (p.Env == "AppendIfNotExists" || p.Env == "Replace"):
		var more map[string]string
		if err := yaml.Unmarshal(x.Extension.Raw, &more); err != nil {
			return errors.New("want names and values of environment variables")
		}
		for name, value := range more {
			if _, have := env[name]; !have || p.Env == "Replace" {
				env[name] = value
			}
		}
	}
	return nil
}

// sorted is env in the order of names: the kubeconfig made of it must differ only
// when something does.
func sorted(env map[string]string) (all []clientcmdapi.ExecEnvVar) {
	for name, value := range env {
		all = append(all, clientcmdapi.ExecEnvVar{Name: name, Value: value})
	}
	slices.SortFunc(all, func(a, b clientcmdapi.ExecEnvVar) int { return strings.Compare(a.Name, b.Name) })
	return all
}
