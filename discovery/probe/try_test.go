package probe

import (
	"context"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
)

func tryFor(t *testing.T, target Target, limit time.Duration) outcome {
	t.Helper()
	if err := target.Check(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	return try(ctx, target, (&net.Dialer{}).DialContext)
}

func TestHTTP(t *testing.T) {
	var conns atomic.Int32
	hang := make(chan struct{})
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/ok":
			w.WriteHeader(http.StatusNoContent)
		case "/moved":
			http.Redirect(w, r, "/broken", http.StatusFound)
		case "/broken":
			w.WriteHeader(http.StatusServiceUnavailable)
		case "/endless":
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 1024)); err != nil {
					return
				}
			}
		case "/hangs":
			select {
			case <-hang:
			case <-r.Context().Done():
			}
		}
	}))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			conns.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	defer close(hang)
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1") // not used
	for _, c := range []struct {
		path string
		want cluster.Signal
		why  string
	}{
		{"/ok", cluster.Up, ""}, {"/ok", cluster.Up, ""}, {"/moved", cluster.Up, ""}, {"/endless", cluster.Up, ""},
		{"/broken", cluster.Down, "answered 503, want 2xx or 3xx"}, {"/hangs", cluster.Down, "no answer in time"},
	} {
		got := tryFor(t, Target{Kind: HTTP, Address: server.URL + c.path}, time.Second)
		if got.signal != c.want || got.why != c.why {
			t.Errorf("%s is %v %q, want %v %q", c.path, got.signal, got.why, c.want, c.why)
		}
	}
	if n := conns.Load(); n != 6 {
		t.Errorf("%d connections for 6 tries", n)
	}
	server.Close()
	if got := tryFor(t, Target{Kind: HTTP, Address: server.URL}, time.Second); got.signal != cluster.Down || !strings.Contains(got.why, "connection refused") {
		t.Errorf("closed: %+v", got)
	}
}

func TestHTTPS(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	server.Config.ErrorLog = nil
	dir := t.TempDir()
	ca := filepath.Join(dir, "ca.crt")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	empty := filepath.Join(dir, "empty")
	if err := os.WriteFile(empty, []byte("no PEM"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		target Target
		want   cluster.Signal
		why    string
	}{
		{Target{Insecure: true}, cluster.Up, ""},
		{Target{CAFile: ca}, cluster.Up, ""},
		{Target{CAFile: ca, ServerName: "example.com"}, cluster.Up, ""},
		{Target{CAFile: ca, ServerName: "other.example"}, cluster.Down, "certificate is valid for"},
		{Target{}, cluster.Down, "unknown authority"},
		{Target{CAFile: filepath.Join(dir, "gone")}, cluster.Unknown, "no such file"},
		{Target{CAFile: empty}, cluster.Unknown, "holds no certificate, want PEM"},
	} {
		c.target.Kind, c.target.Address = HTTPS, server.URL
		if got := tryFor(t, c.target, 5*time.Second); got.signal != c.want || !strings.Contains(got.why, c.why) {
			t.Errorf("%+v is %v %q, want %v %q", c.target, got.signal, got.why, c.want, c.why)
		}
	}
}

func TestTCP(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	target := Target{Kind: TCP, Address: l.Addr().String()}
	if got := tryFor(t, target, time.Second); got.signal != cluster.Up {
		t.Errorf("listening: %+v", got)
	}
	_ = l.Close()
	if got := tryFor(t, target, time.Second); got.signal != cluster.Down || !strings.Contains(got.why, "connection refused") {
		t.Errorf("closed: %+v", got)
	}
}

func TestTargetCheck(t *testing.T) {
	for _, c := range []struct {
		kind    Kind
		address string
		good    bool
	}{
		{TCP, "10.1.0.1:443", true}, {TCP, "[fd00::1]:443", true}, {TCP, "gw.example:80", true},
		{TCP, "10.1.0.1", false}, {TCP, ":443", false}, {TCP, "gw:0", false}, {TCP, "gw:65536", false}, {TCP, "gw:https", false},
		{HTTP, "http://10.1.0.2/healthz", true}, {HTTP, "https://10.1.0.2/", false}, {HTTP, "http:///x", false}, {HTTP, "10.1.0.2", false},
		{HTTPS, "https://gw.example:8443/x?y=z", true}, {HTTPS, "https://u:p@gw.example/", false}, {"icmp", "gw", false},
	} {
		if err := (Target{Kind: c.kind, Address: c.address}).Check(); (err == nil) != c.good {
			t.Errorf("%s %s: %v", c.kind, c.address, err)
		}
	}
	if got := fmt.Sprint(Target{Kind: TCP, Address: "a:1"}, Target{Kind: HTTP, Address: "http://a"}); got != "tcp a:1 http://a" {
		t.Errorf("shown as %s", got)
	}
}
