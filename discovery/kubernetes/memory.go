package kubernetes

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"sync"

	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Credentials are a kubeconfig in memory, for a cluster that is stated by an
// object of another cluster and not by a file. It may name no file: whoever
// writes such an object must not get to read this host.
//
// A Source looks at Kubeconfig when it is made, and again each time Changed
// tells. All methods may be called from any goroutine, and none blocks.
type Credentials interface {
	// Kubeconfig is as it stands now. It is not written to, by either side.
	Kubeconfig() []byte
	// Changed is closed as soon as Kubeconfig is another one. A channel that was got
	// before Kubeconfig was called misses nothing.
	Changed() <-chan struct{}
	// String says where the kubeconfig comes from, for errors: Secret ns/name.
	String() string
}

// Held is a kubeconfig in memory that whoever watches its origin keeps up to date.
type Held struct {
	mu      sync.Mutex
	origin  string
	content []byte
	changed chan struct{}
}

var _ Credentials = (*Held)(nil)

// NewHeld holds a kubeconfig that comes from origin. It takes content over.
func NewHeld(origin string, content []byte) *Held {
	return &Held{origin: origin, content: content, changed: make(chan struct{})}
}

// Set puts another kubeconfig in place, and takes content over. The same one
// again changes nothing.
func (h *Held) Set(origin string, content []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.origin = origin
	if bytes.Equal(h.content, content) {
		return
	}
	h.content = content
	close(h.changed)
	h.changed = make(chan struct{})
}

// Kubeconfig implements Credentials.
func (h *Held) Kubeconfig() []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.content
}

// Changed implements Credentials.
func (h *Held) Changed() <-chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.changed
}

// String implements Credentials.
func (h *Held) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.origin
}

// Inspect reads the kubeconfig of cfg as New does, and connects to nothing. It
// returns the API server's address, without a password. The error does not name the kubeconfig.
func Inspect(cfg Config) (server string, err error) {
	rc, _, err := read(cfg)
	if err != nil {
		return "", err
	}
	server = rc.Host
	if u, err := url.Parse(server); err == nil {
		server = u.Redacted()
	}
	c, err := newClient(rc) // whether certificates and keys can be used
	if err != nil {
		return "", err
	}
	c.close()
	return server, nil
}

// withoutFiles refuses a kubeconfig that names a file, in any of its entries.
func withoutFiles(k *clientcmdapi.Config) error {
	refuse := func(entry, name, field, path, instead string) error {
		if path == "" {
			return nil
		}
		return fmt.Errorf("%s %q names a file (%s), which is not allowed in a kubeconfig that is not a file itself; want %s", entry, name, field, instead)
	}
	var found []error
	for _, name := range slices.Sorted(maps.Keys(k.Clusters)) {
		found = append(found, refuse("cluster", name, "cluster.certificate-authority", k.Clusters[name].CertificateAuthority, "certificate-authority-data"))
	}
	for _, name := range slices.Sorted(maps.Keys(k.AuthInfos)) {
		u := k.AuthInfos[name]
		found = append(found,
			refuse("user", name, "user.tokenFile", u.TokenFile, "token"),
			refuse("user", name, "user.client-certificate", u.ClientCertificate, "client-certificate-data"),
			refuse("user", name, "user.client-key", u.ClientKey, "client-key-data"))
		if u.AuthProvider != nil {
			// Plugins read files of their own choice.
			found = append(found, fmt.Errorf("user %q uses the plugin %q for credentials (user.auth-provider), which is not allowed in a kubeconfig that is not a file; want a token or a client certificate", name, u.AuthProvider.Name))
		}
	}
	for _, err := range found {
		if err != nil {
			return err
		}
	}
	return nil
}

// errNoContent: a Secret's key may be there and empty.
var errNoContent = errors.New("it is empty, want a kubeconfig")
