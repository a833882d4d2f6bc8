package certificate_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/fedns/fedns/dnsserver/certificate"
	"github.com/fedns/fedns/dnsserver/certificate/certificatetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what should take a tenth of a second.
const patience = 20 * time.Second

func write(t *testing.T, file string, content []byte) {
	t.Helper()
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// secret is a folder as Kubernetes mounts a Secret: its files are links through
// ..data, a link that is swapped.
type secret struct{ dir string }

func newSecret(t *testing.T, cert, key []byte) secret {
	t.Helper()
	s := secret{t.TempDir()}
	s.put(t, cert, key)
	for _, name := range []string{"tls.crt", "tls.key"} {
		if err := os.Symlink(filepath.Join("..data", name), filepath.Join(s.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func (s secret) put(t *testing.T, cert, key []byte) {
	t.Helper()
	content, err := os.MkdirTemp(s.dir, "..")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(content, "tls.crt"), cert)
	write(t, filepath.Join(content, "tls.key"), key)
	next := filepath.Join(s.dir, "..data_tmp")
	if err := os.Symlink(filepath.Base(content), next); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(next, filepath.Join(s.dir, "..data")); err != nil {
		t.Fatal(err)
	}
}

func (s secret) load(t *testing.T) *certificate.Reloader {
	t.Helper()
	r, err := certificate.Load(filepath.Join(s.dir, "tls.crt"), filepath.Join(s.dir, "tls.key"))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// has says that r gives handshakes the certificate cert.
func has(t *testing.T, r *certificate.Reloader, cert, key []byte) bool {
	t.Helper()
	want, err := tls.X509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.TLS().GetCertificate(nil)
	if err != nil {
		t.Fatal(err)
	}
	if !r.NotAfter().Equal(got.Leaf.NotAfter) {
		t.Errorf("NotAfter is %s, the certificate's is %s", r.NotAfter(), got.Leaf.NotAfter)
	}
	return bytes.Equal(got.Certificate[0], want.Certificate[0])
}

func TestReload(t *testing.T) {
	cert, key := certificatetest.Pair(t, time.Hour)
	newCert, newKey := certificatetest.Pair(t, 2*time.Hour)
	oldCert, oldKey := certificatetest.Pair(t, -time.Hour)
	for _, tt := range []struct {
		name      string
		cert, key []byte
		broken    string
		changed   bool
	}{
		{"the same again", cert, key, "", false},
		{"a new pair", newCert, newKey, "", true},
		{"half a new pair", newCert, key, "private key does not match", false},
		{"no certificate", []byte("none"), key, "failed to find any PEM data", false},
		{"an empty key", cert, nil, "failed to find any PEM data", false},
		{"half a certificate", newCert[:len(newCert)/2], newKey, "failed to find", false},
		{"an expired pair", oldCert, oldKey, "expired on", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSecret(t, cert, key)
			r := s.load(t)
			s.put(t, tt.cert, tt.key)
			changed, err := r.Reload()
			if changed != tt.changed || (err == nil) != (tt.broken == "") || err != nil && !strings.Contains(err.Error(), tt.broken) {
				t.Errorf("changed %v, %v", changed, err)
			}
			wantCert, wantKey := cert, key
			if tt.changed {
				wantCert, wantKey = newCert, newKey
			}
			if !has(t, r, wantCert, wantKey) {
				t.Error("gives another certificate")
			}
		})
	}
}

func TestLoadNamesTheFile(t *testing.T) {
	cert, key := certificatetest.Pair(t, -time.Hour)
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "a.crt"), filepath.Join(dir, "a.key")
	for _, file := range []string{certFile, keyFile} {
		if _, err := certificate.Load(certFile, keyFile); err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("got %v, want %s named", err, file)
		}
		write(t, file, cert)
	}
	if _, err := certificate.Load(certFile, keyFile); err == nil {
		t.Error("a certificate was taken for a key")
	}
	write(t, keyFile, key)
	if _, err := certificate.Load(certFile, keyFile); err != nil {
		t.Errorf("expired, but all there is: %v", err)
	}
}

func TestRun(t *testing.T) {
	cert, key := certificatetest.Pair(t, time.Hour)
	s := newSecret(t, cert, key)
	r := s.load(t)
	ctx, cancel := context.WithCancel(t.Context())
	told, ended := make(chan error), make(chan error)
	go func() {
		ended <- r.Run(ctx, func(err error) {
			select {
			case told <- err:
			case <-ctx.Done():
			}
		})
	}()
	next := func() error {
		t.Helper()
		select {
		case err := <-told:
			return err
		case <-time.After(patience):
			t.Fatal("nothing was told")
			return nil
		}
	}
	second, secondKey := certificatetest.Pair(t, time.Hour)
	s.put(t, second, secondKey)
	if err := next(); err != nil || !has(t, r, second, secondKey) {
		t.Errorf("after the link was swapped: %v", err)
	}
	s.put(t, second, key)
	if err := next(); err == nil || !has(t, r, second, secondKey) {
		t.Errorf("after half a pair: %v", err)
	}
	s.put(t, cert, key)
	if err := next(); err != nil || !has(t, r, cert, key) {
		t.Errorf("after it was made good: %v", err)
	}
	// Files of their own, replaced by rename.
	third, thirdKey := certificatetest.Pair(t, time.Hour)
	for name, content := range map[string][]byte{"tls.crt": third, "tls.key": thirdKey} {
		write(t, filepath.Join(s.dir, "new"), content)
		if err := os.Rename(filepath.Join(s.dir, "new"), filepath.Join(s.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for next() != nil { // between the two renames
	}
	if !has(t, r, third, thirdKey) {
		t.Error("after renames: another certificate")
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
