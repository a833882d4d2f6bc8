package e2e

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/fedns/fedns/integration/harness"
)

// wrong is a kubeconfig that does not work, and what is said of it.
type wrong struct {
	text   string // empty: there is no file
	reason []string
}

// kubeconfigs: every wrong one leads to the same cluster once it is mended, and
// db-0.NAME.db… shows whether the member NAME is followed.
func (w *trial) kubeconfigs(t *testing.T) {
	closed := freeAddr(t)
	all := map[string]wrong{
		"garbage": {"{{ not a kubeconfig", []string{"want a kubeconfig"}},
		"missing": {"", []string{"no such file or directory"}},
		"closed": {w.kubeconfig(t, func(c *clientcmdapi.Cluster, _ *clientcmdapi.AuthInfo) { c.Server = "https://" + closed }),
			[]string{"connection refused"}},
		"wrong-ca": {w.kubeconfig(t, func(c *clientcmdapi.Cluster, _ *clientcmdapi.AuthInfo) {
			c.CertificateAuthorityData = w.two.RESTConfig().CAData
		}), []string{"certificate signed by unknown authority"}},
		"wrong-token": {w.kubeconfig(t, func(_ *clientcmdapi.Cluster, u *clientcmdapi.AuthInfo) {
			*u = clientcmdapi.AuthInfo{Token: "nonsense"}
		}), []string{"Unauthorized"}},
		"expired": {w.kubeconfig(t, func(_ *clientcmdapi.Cluster, u *clientcmdapi.AuthInfo) {
			*u = clientcmdapi.AuthInfo{Token: expired(t, w.one)}
		}), []string{"Unauthorized"}},
	}
	list := []string{"good", w.one.Kubeconfig}
	for name, k := range all {
		path := filepath.Join(w.dir, name)
		if k.text != "" {
			w.write(t, name, k.text)
		}
		list = append(list, name, path)
	}
	d := w.launch(t, following("", list...))
	addrs, hosts := podIPs(t, w.one, "db", 2)
	answers(t, d, time.Now(), "db-0.good.db.shop.svc.clusterset.local", dns.TypeA, hosts["db-0"])
	for name, k := range all {
		for _, part := range k.reason {
			reason(t, d, name, "unreachable", part)
		}
		logged(t, d, `msg="member cluster" cluster=`+name+" phase=unreachable", k.reason[0])
		answers(t, d, time.Time{}, "db-0."+name+".db.shop.svc.clusterset.local", dns.TypeA, "SERVFAIL") // it may have the name
	}
	for _, name := range []string{"garbage", "missing"} { // faults of a file are told with its path
		logged(t, d, `level=ERROR msg="source failed, it will be run again" cluster=`+name, "kubeconfig "+filepath.Join(w.dir, name)+": "+all[name].reason[0])
	}
	answers(t, d, time.Time{}, "db.shop.svc.clusterset.local", dns.TypeA, addrs...)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		wantReady(t, d, "/readyz", 503, "not ready\n", "\ncluster "+name+": unreachable since ")
	}
	wantReady(t, d, "/readyz?tolerate=unreachable", 200, "ready\n")

	began := time.Now()
	right := w.kubeconfig(t, func(*clientcmdapi.Cluster, *clientcmdapi.AuthInfo) {})
	for name := range all {
		w.write(t, name, right)
	}
	for name := range all {
		reason(t, d, name, "live", "")
		answers(t, d, began, "db-0."+name+".db.shop.svc.clusterset.local", dns.TypeA, hosts["db-0"])
	}
	wantReady(t, d, "/readyz", 200, "ready\n")
	answers(t, d, time.Time{}, "db.shop.svc.clusterset.local", dns.TypeA, addrs...)
	answers(t, d, time.Time{}, "db-0.nobody.db.shop.svc.clusterset.local", dns.TypeA, "NXDOMAIN")
}

// kubeconfig is an administrator's of the first cluster, changed.
func (w *trial) kubeconfig(t *testing.T, change func(*clientcmdapi.Cluster, *clientcmdapi.AuthInfo)) string {
	t.Helper()
	k, err := clientcmd.LoadFromFile(w.one.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	context := k.Contexts[k.CurrentContext]
	change(k.Clusters[context.Cluster], k.AuthInfos[context.AuthInfo])
	text, err := clientcmd.Write(*k)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// expired is a ServiceAccount's token that the cluster has signed, and that was
// good until an hour ago.
func expired(t *testing.T, c *harness.Cluster) string {
	t.Helper()
	good, err := c.Client().CoreV1().ServiceAccounts("default").CreateToken(t.Context(), "default", &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(good.Status.Token, ".")
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	claims := map[string]any{}
	if err == nil {
		err = json.Unmarshal(payload, &claims)
	}
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	claims["iat"], claims["nbf"], claims["exp"] = now.Add(-2*time.Hour).Unix(), now.Add(-2*time.Hour).Unix(), now.Add(-time.Hour).Unix()
	if payload, err = json.Marshal(claims); err != nil {
		t.Fatal(err)
	}
	signed := parts[0] + "." + base64.RawURLEncoding.EncodeToString(payload)
	digest := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, signingKey(t, c), digest[:])
	if err != nil {
		t.Fatal(err)
	}
	signature := make([]byte, 64) // RFC 7518 section 3.4: both numbers, 32 octets each
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// signingKey is what the cluster signs its accounts' tokens with.
func signingKey(t *testing.T, c *harness.Cluster) *ecdsa.PrivateKey {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(filepath.Dir(c.Kubeconfig), "accounts.key"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	key, err := x509.ParseECPrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// static is a headless Service in a manifest.
const static = `apiVersion: v1
kind: Service
metadata: {name: NAME, namespace: shop, annotations: {fedns.io/export: "true"}}
spec: {clusterIP: ADDRESS, ports: [{name: http, port: 80}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: NAME-1, namespace: shop, labels: {kubernetes.io/service-name: NAME}}
addressType: IPv4
ports: [{name: http, port: 80}]
endpoints: [{addresses: [192.0.2.10], conditions: {ready: true}}]
`

func manifest(name, address string) string {
	return strings.NewReplacer("NAME", name, "ADDRESS", address).Replace(static)
}

// manifests: beside a cluster with an API server there is a folder, one of whose
// files is malformed: first from the beginning, then after an edit.
func (w *trial) manifests(t *testing.T) {
	w.write(t, "edge/good.yaml", manifest("till", "192.0.2.20"))
	bad := w.write(t, "edge/bad.yaml", manifest("desk", "192.0.2.300"))
	edge := "- {name: edge, manifests: " + filepath.Dir(bad) + "}\n"
	d := w.launch(t, following(edge, "eu-1", w.one.Kubeconfig))
	const malformed = `msg="manifest is malformed"`
	fault := []string{malformed, "cluster=edge", bad + ":", "Service shop/desk: spec.clusterIP: ", `"192.0.2.300"`}
	logged(t, d, fault...)
	reason(t, d, "edge", "unreachable", bad+":")
	wantReady(t, d, "/readyz", 503, "not ready\ncluster edge: unreachable since ", bad+":")
	wantReady(t, d, "/readyz?tolerate=unreachable", 200, "ready\ncluster edge: unreachable since ", bad+":")
	answers(t, d, time.Time{}, "till.shop.prod", dns.TypeA, "192.0.2.20")
	answers(t, d, time.Time{}, "web.shop.prod", dns.TypeA, webOf(t, w.one)...)

	began := time.Now()
	w.write(t, "edge/bad.yaml", manifest("desk", "192.0.2.30"))
	answers(t, d, began, "desk.shop.prod", dns.TypeA, "192.0.2.30")
	reason(t, d, "edge", "live", "")
	wantReady(t, d, "/readyz", 200, "ready\n")

	w.write(t, "edge/bad.yaml", "kind: Service\n  metadata: [\n")
	logged(t, d, malformed, "cluster=edge", bad+":2: ")
	stays(t, d, "desk.shop.prod", dns.TypeA, "192.0.2.30")
	began = time.Now()
	w.write(t, "edge/good.yaml", manifest("till", "192.0.2.21")) // the rest goes on
	answers(t, d, began, "till.shop.prod", dns.TypeA, "192.0.2.21")
	stays(t, d, "desk.shop.prod", dns.TypeA, "192.0.2.30")
	began = time.Now()
	w.write(t, "edge/bad.yaml", manifest("desk", "192.0.2.31"))
	answers(t, d, began, "desk.shop.prod", dns.TypeA, "192.0.2.31")
}
