package membership

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/scheme"
	clienttesting "k8s.io/client-go/testing"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// aMember is an API server that makes tokens for who has one, and says nothing else.
func aMember(t *testing.T, token, renewed string, asked *string) clientcmdapi.Cluster {
	t.Helper()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.Header.Get("Authorization") != "Bearer "+token {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Unauthorized","code":401,"message":"Unauthorized"}`)
			return
		}
		if r.Method != http.MethodPost {
			http.NotFound(w, r)
			return
		}
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		var request authenticationv1.TokenRequest
		if _, _, err := scheme.Codecs.UniversalDeserializer().Decode(raw, nil, &request); err != nil {
			t.Error(err)
		}
		*asked = fmt.Sprintf("%s for %d s", r.URL.Path, *request.Spec.ExpirationSeconds)
		fmt.Fprintf(w, `{"kind":"TokenRequest","apiVersion":"authentication.k8s.io/v1","status":{"token":%q,"expirationTimestamp":"2026-01-03T00:00:00Z"}}`, renewed)
	}))
	t.Cleanup(server.Close)
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	return clientcmdapi.Cluster{Server: server.URL, CertificateAuthorityData: ca}
}

// TestRenewal: a token is renewed with itself, for as long a life, into the Secret
// that it came from; not into one that has been written to since, and what was there
// stands when the member refuses.
func TestRenewal(t *testing.T) {
	old, renewed := jwt(noon, noon.Add(time.Hour)), jwt(noon.Add(time.Hour), noon.Add(2*time.Hour))
	for _, tt := range []struct {
		name, takes string // the token that the member takes
		refuse      error  // of the host
		err         string // in the condition
	}{
		{"renewed", old, nil, ""},
		{"written to by somebody else", old, apierrors.NewConflict(secrets.GroupResource(), "member-a", fmt.Errorf("it has been modified")), "write the new token: "},
		{"refused by the member", "another", nil, "token for ServiceAccount fedns/fedns-member: Unauthorized; the token is no longer good, so that the cluster has to join again"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var asked string
			raw, err := kubeconfig("a", aMember(t, tt.takes, renewed, &asked), old)
			if err != nil {
				t.Fatal(err)
			}
			secret := &corev1.Secret{
				ObjectMeta: metav1.ObjectMeta{Namespace: "fedns", Name: "member-a", ResourceVersion: "7", Labels: map[string]string{MemberLabel: "a"}, Annotations: map[string]string{AccountAnnotation: "fedns/fedns-member"}},
				Data:       map[string][]byte{"kubeconfig": raw},
			}
			var written struct {
				Metadata struct{ ResourceVersion string }
				Data     map[string][]byte
			}
			host := fake.NewSimpleDynamicClient(runtime.NewScheme())
			host.PrependReactor("patch", "secrets", func(a clienttesting.Action) (bool, runtime.Object, error) {
				if err := json.Unmarshal(a.(clienttesting.PatchAction).GetPatch(), &written); err != nil {
					t.Error(err)
				}
				return true, nil, tt.refuse
			})
			var told []string
			k := New(Config{Log: slog.New(slog.DiscardHandler), Tell: func(_ bool, reason, message string) { told = append(told, reason+": "+message) }})
			k.tokens = map[string]*token{secret.Name: {}}
			k.tokens[secret.Name].look(secret)
			k.attend(t.Context(), host, secret, true)
			got := k.tokens[secret.Name]
			if tt.err == "" && got.err != "" || !strings.Contains(got.err, tt.err) {
				t.Errorf("got %q, want %q", got.err, tt.err)
			}
			if (tt.err == "") != (len(told) == 0) || len(told) > 1 {
				t.Errorf("told %q", told)
			}
			for _, text := range append(told, got.err) {
				if strings.Contains(text, old) || strings.Contains(text, renewed) {
					t.Errorf("tells a token: %s", text)
				}
			}
			if tt.takes != old {
				if written.Data != nil {
					t.Error("it was written, without a new token")
				}
				return
			}
			if asked != "/api/v1/namespaces/fedns/serviceaccounts/fedns-member/token for 3600 s" {
				t.Errorf("asked %s", asked)
			}
			if now, err := tokenIn(written.Data["kubeconfig"]); err != nil || now != renewed || written.Metadata.ResourceVersion != "7" {
				t.Errorf("written was %v, version %q: %v", now == renewed, written.Metadata.ResourceVersion, err)
			}
		})
	}
}
