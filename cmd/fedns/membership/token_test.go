package membership

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// jwt is a token that says from when to when it is good.
func jwt(from, to time.Time) string {
	payload := fmt.Sprintf(`{"iat": %d, "exp": %d, "sub": "system:serviceaccount:fedns:fedns-member"}`, from.Unix(), to.Unix())
	return "e30." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + ".c2lnbmF0dXJl"
}

func TestLife(t *testing.T) {
	const day = 24 * time.Hour
	for _, tt := range []struct {
		name   string
		length time.Duration
		before time.Duration
		want   time.Duration // after it was made
	}{
		{"two thirds of its life", day, 0, 16 * time.Hour},
		{"as stated", day, time.Hour, 23 * time.Hour},
		{"stated as too long before", 10 * time.Minute, time.Hour, 6 * time.Second},
	} {
		l, err := lifeOf(jwt(noon, noon.Add(tt.length)))
		if err != nil || l.length() != tt.length {
			t.Fatalf("%s: %v %v", tt.name, l, err)
		}
		if got := l.renewAt(tt.before).Sub(noon); got != tt.want {
			t.Errorf("%s: renewed after %v, want %v", tt.name, got, tt.want)
		}
	}
	for _, tt := range []struct{ token, want string }{
		{"s3cret", "it is no ServiceAccount's token of limited life"},
		{"e30.s3cret!.x", "it is no ServiceAccount's token: its payload is not base64"},
		{"e30." + base64.RawURLEncoding.EncodeToString([]byte("s3cret")) + ".x", "it is no ServiceAccount's token: its payload is not JSON"},
		{"e30." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"s3cret"}`)) + ".x", "it never expires, and is not renewed"},
	} {
		if _, err := lifeOf(tt.token); err == nil || err.Error() != tt.want {
			t.Errorf("got %v, want %s", err, tt.want)
		}
	}
}

// TestWithToken: a renewed kubeconfig is the one before but for its token.
func TestWithToken(t *testing.T) {
	server := clientcmdapi.Cluster{Server: "https://a:1", CertificateAuthorityData: []byte("CA"), TLSServerName: "b", ProxyURL: "http://c:2"}
	raw, err := kubeconfig("eu-1", server, "0ld")
	if err != nil {
		t.Fatal(err)
	}
	if old, err := tokenIn(raw); err != nil || old != "0ld" {
		t.Errorf("got %q %v", old, err)
	}
	now, err := withToken(raw, "n3w")
	if err != nil || strings.ReplaceAll(string(raw), "0ld", "n3w") != string(now) {
		t.Errorf("%v: got %s\nwas %s", err, now, raw)
	}
	for _, bad := range []string{"s3cret: [", "{apiVersion: v1, kind: Config}"} {
		if _, err := withToken([]byte(bad), "n3w"); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// noServer is where nobody listens.
var noServer = clientcmdapi.Cluster{Server: "https://127.0.0.1:1"}
