package membership

import (
	"errors"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/scheme"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/fedns/fedns/discovery/inventory/membercluster"
)

// memberSecret is one that join made.
func memberSecret(t *testing.T, name, server string) *corev1.Secret {
	t.Helper()
	raw, err := kubeconfig(name, clientcmdapi.Cluster{Server: server}, "token")
	if err != nil {
		t.Fatal(err)
	}
	s := &corev1.Secret{ObjectMeta: meta(Namespace, SecretName(name)), Data: map[string][]byte{membercluster.DefaultKey: raw}}
	s.Labels[MemberLabel] = name
	return s
}

func TestOneClusterUnderTwoNames(t *testing.T) {
	alien := memberSecret(t, "alien", "https://eu-2")
	delete(alien.Labels, MemberLabel)
	var objects []runtime.Object
	for _, s := range []*corev1.Secret{memberSecret(t, "eu-1", "https://eu-1"), memberSecret(t, "eu-2", "https://eu-2/"), alien} {
		objects = append(objects, s)
	}
	host := fake.NewSimpleDynamicClient(scheme.Scheme, objects...)
	for _, c := range []struct{ name, server, want string }{
		{"eu-1", "https://eu-1", ""},
		{"eu-1", "https://eu-2", "eu-2"},
		{"eu-3", "https://eu-1/", "eu-1"},
		{"eu-3", "https://eu-3", ""},
		{"eu-3", "", ""},
	} {
		if got, err := sibling(t.Context(), host, Namespace, c.name, c.server); got != c.want || err != nil {
			t.Errorf("%s at %s is also %q, %v, want %q", c.name, c.server, got, err, c.want)
		}
	}
	j := Joining{Name: "eu-3", Server: clientcmdapi.Cluster{Server: "https://eu-1"}}
	if err := j.single(t.Context(), host); err == nil || !strings.Contains(err.Error(), "is the member eu-1 already") {
		t.Errorf("got %v", err)
	}
	j.Force = true
	if err := j.single(t.Context(), host); err != nil {
		t.Error(err)
	}
	l := Leaving{Name: "eu-1"}
	if err := l.apart(t.Context(), host, "https://eu-2"); !errors.Is(err, ErrOther) {
		t.Errorf("got %v, want %v", err, ErrOther)
	}
	if err := l.apart(t.Context(), host, "https://eu-1"); err != nil {
		t.Error(err)
	}
}
