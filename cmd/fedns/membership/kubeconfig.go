package membership

import (
	"errors"
	"fmt"
	"net"
	"net/url"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Endpoint reads how a context of a kubeconfig file reaches its API server, with
// certificates in place of files' names. An empty file is where kubectl looks.
func Endpoint(file, context string) (clientcmdapi.Cluster, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = file
	all, err := rules.Load()
	if err != nil {
		return clientcmdapi.Cluster{}, err
	}
	if context == "" {
		context = all.CurrentContext
	}
	c := all.Contexts[context]
	if c == nil || all.Clusters[c.Cluster] == nil {
		return clientcmdapi.Cluster{}, fmt.Errorf("there is no context %q with a cluster", context)
	}
	own := all.Clusters[c.Cluster]
	flat := clientcmdapi.NewConfig()
	flat.Clusters["it"] = own
	if err := clientcmdapi.FlattenConfig(flat); err != nil {
		return clientcmdapi.Cluster{}, err
	}
	out := *flat.Clusters["it"]
	out.LocationOfOrigin, out.Extensions = "", nil
	return out, nil
}

// kubeconfig is how the host reaches a member.
func kubeconfig(name string, server clientcmdapi.Cluster, token string) ([]byte, error) {
	k := clientcmdapi.NewConfig()
	k.Clusters[name] = &server
	k.AuthInfos[name] = &clientcmdapi.AuthInfo{Token: token}
	k.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name}
	k.CurrentContext = name
	raw, err := clientcmd.Write(*k)
	if err != nil {
		return nil, fmt.Errorf("make a kubeconfig: %w", err)
	}
	return raw, nil
}

// tokenIn is the token of a kubeconfig's current context.
func tokenIn(raw []byte) (string, error) {
	user, _, err := userIn(raw)
	if err != nil {
		return "", err
	}
	return user.Token, nil
}

// withToken is a kubeconfig with another token, and everything else as it is.
func withToken(raw []byte, token string) ([]byte, error) {
	user, k, err := userIn(raw)
	if err != nil {
		return nil, err
	}
	user.Token = token
	return clientcmd.Write(*k)
}

var errNoUser = errors.New("the kubeconfig's current context has no user with a token")

func userIn(raw []byte) (*clientcmdapi.AuthInfo, *clientcmdapi.Config, error) {
	k, err := clientcmd.Load(raw)
	if err != nil {
		return nil, nil, errors.New("it is no kubeconfig") // the error might quote it
	}
	c := k.Contexts[k.CurrentContext]
	if c == nil || k.AuthInfos[c.AuthInfo] == nil || k.AuthInfos[c.AuthInfo].Token == "" {
		return nil, nil, errNoUser
	}
	return k.AuthInfos[c.AuthInfo], k, nil
}

// loopback says that an address is of the machine it is used on.
func loopback(server string) bool {
	u, err := url.Parse(server)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}
