package certificate

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Reloader holds the last good pair of two PEM files. Its methods may be called
// from any goroutine; no handshake waits for a reading.
type Reloader struct {
	certFile, keyFile string
	current           atomic.Pointer[tls.Certificate] // its Leaf is set

	mu        sync.Mutex // of reading, and of what was read last
	cert, key []byte
}

// Load reads the certificate with its chain, leaf first, and its key. The error
// names the file. An expired pair is good: it may be all there is.
func Load(certFile, keyFile string) (*Reloader, error) {
	r := &Reloader{certFile: certFile, keyFile: keyFile}
	if _, err := r.Reload(); err != nil {
		return nil, err
	}
	return r, nil
}

// Reload reads the files again. It says whether a new pair is given to
// handshakes from now on. On an error, which names the file, what was good stays: files
// that cannot be read, that hold no pair, or one that expired when the last did not.
func (r *Reloader) Reload() (changed bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	cert, err := os.ReadFile(r.certFile)
	if err != nil {
		return false, fmt.Errorf("read certificate: %w", err)
	}
	key, err := os.ReadFile(r.keyFile)
	if err != nil {
		return false, fmt.Errorf("read key: %w", err)
	}
	if r.cert != nil && bytes.Equal(cert, r.cert) && bytes.Equal(key, r.key) {
		return false, nil
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return false, fmt.Errorf("certificate %s with key %s: %w", r.certFile, r.keyFile, err)
	}
	if pair.Leaf == nil { // GODEBUG=x509keypairleaf=0 leaves it out
		if pair.Leaf, err = x509.ParseCertificate(pair.Certificate[0]); err != nil {
			return false, fmt.Errorf("certificate %s: %w", r.certFile, err)
		}
	}
	now := time.Now()
	if old := r.current.Load(); old != nil && now.After(pair.Leaf.NotAfter) && now.Before(old.Leaf.NotAfter) {
		return false, fmt.Errorf("certificate %s: expired on %s; the one before is good until %s",
			r.certFile, pair.Leaf.NotAfter.UTC().Format(time.RFC3339), old.Leaf.NotAfter.UTC().Format(time.RFC3339))
	}
	r.cert, r.key = cert, key
	r.current.Store(&pair)
	return true, nil
}

// GetCertificate is for tls.Config: every handshake has the pair of its time.
func (r *Reloader) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return r.current.Load(), nil
}

// NotAfter is when the certificate in use expires.
func (r *Reloader) NotAfter() time.Time { return r.current.Load().Leaf.NotAfter }

// TLS is a server's configuration with this certificate, the caller's own: TLS
// 1.2 or later (RFC 9325 §3.1.1), of which clients that can get 1.3.
func (r *Reloader) TLS() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: r.GetCertificate}
}
