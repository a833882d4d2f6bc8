package secrets

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/fedns/fedns/discovery/inventory"
	"github.com/fedns/fedns/discovery/inventory/host"
)

// argoLocal is what Argo CD calls the cluster that it runs in.
const argoLocal = "https://kubernetes.default.svc"

// argoConfig is data.config of a cluster Secret (ClusterConfig of Argo CD's API).
type argoConfig struct {
	Username        string `json:"username"`
	Password        string `json:"password"`
	BearerToken     string `json:"bearerToken"`
	TLSClientConfig struct {
		Insecure   bool   `json:"insecure"`
		ServerName string `json:"serverName"`
		CertData   []byte `json:"certData"`
		KeyData    []byte `json:"keyData"`
		CAData     []byte `json:"caData"`
	} `json:"tlsClientConfig"`
	AWSAuthConfig *struct {
		ClusterName string `json:"clusterName"`
		RoleARN     string `json:"roleARN"`
		Profile     string `json:"profile"`
	} `json:"awsAuthConfig"`
	ExecProviderConfig *struct {
		Command     string            `json:"command"`
		Args        []string          `json:"args"`
		Env         map[string]string `json:"env"`
		APIVersion  string            `json:"apiVersion"`
		InstallHint string            `json:"installHint"`
	} `json:"execProviderConfig"`
	DisableCompression bool   `json:"disableCompression"`
	ProxyURL           string `json:"proxyUrl"`
}

func readArgoCD(s *corev1.Secret, allowExec bool) inventory.Object {
	field := "data.config"
	o := one(s, string(s.Data["name"]), "data.name", field, func(m *inventory.Member) error {
		c := argoConfig{}
		server := string(s.Data["server"])
		switch {
		case server == "":
			field = "data.server"
			return errors.New("missing, want https://HOST:PORT")
		case len(s.Data["config"]) == 0:
			return errors.New("missing, want JSON with credentials")
		}
		if err := json.Unmarshal(s.Data["config"], &c); err != nil {
			return plain(err)
		}
		if user := c.user(); server == argoLocal && user.Token+user.Username == "" && user.Exec == nil && len(user.ClientKeyData) == 0 {
			field = "data.server"
			return errors.New("it is the cluster that Argo CD runs in, without credentials; want it under clusters in the configuration")
		}
		return host.UseConfig(m, c.server(server), c.user(), allowExec)
	})
	for i := range o.Statements {
		if o.Statements[i].Field == "data.config" {
			o.Statements[i].Field = field
		}
	}
	return o
}

// plain is an error of encoding/json without what it quotes: credentials.
func plain(err error) error {
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("%s: got a JSON %s, want a %s", e.Field, e.Value, e.Type)
	}
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("not JSON, at octet %d", e.Offset)
	}
	return errors.New("not JSON of the expected form, or caData, certData or keyData is not base64")
}

func (c *argoConfig) server(url string) clientcmdapi.Cluster {
	return clientcmdapi.Cluster{
		Server: url, CertificateAuthorityData: c.TLSClientConfig.CAData, InsecureSkipTLSVerify: c.TLSClientConfig.Insecure,
		TLSServerName: c.TLSClientConfig.ServerName, ProxyURL: c.ProxyURL, DisableCompression: c.DisableCompression,
	}
}

func (c *argoConfig) user() clientcmdapi.AuthInfo {
	u := clientcmdapi.AuthInfo{
		Token: c.BearerToken, Username: c.Username, Password: c.Password,
		ClientCertificateData: c.TLSClientConfig.CertData, ClientKeyData: c.TLSClientConfig.KeyData,
	}
	switch {
	case c.AWSAuthConfig != nil:
		// Argo CD asks for the token with a program of its own; the AWS CLI gives the same.
		args := []string{"eks", "get-token", "--output", "json", "--cluster-name", c.AWSAuthConfig.ClusterName}
		if c.AWSAuthConfig.RoleARN != "" {
			args = append(args, "--role-arn", c.AWSAuthConfig.RoleARN)
		}
		if c.AWSAuthConfig.Profile != "" {
			args = append(args, "--profile", c.AWSAuthConfig.Profile)
		}
		u.Exec = &clientcmdapi.ExecConfig{APIVersion: "client.authentication.k8s.io/v1beta1", Command: "aws", Args: args}
	case c.ExecProviderConfig != nil:
		x := c.ExecProviderConfig
		u.Exec = &clientcmdapi.ExecConfig{APIVersion: x.APIVersion, Command: x.Command, Args: x.Args, InstallHint: x.InstallHint, ProvideClusterInfo: true}
		for _, name := range slices.Sorted(maps.Keys(x.Env)) {
			u.Exec.Env = append(u.Exec.Env, clientcmdapi.ExecEnvVar{Name: name, Value: x.Env[name]})
		}
	}
	if u.Exec != nil {
		u.Exec.InteractiveMode = clientcmdapi.NeverExecInteractiveMode
	}
	return u
}
