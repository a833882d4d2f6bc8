package rfc2136

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
)

// TLS is how the primary proves who it is.
type TLS struct {
	// ServerName that its certificate has to have. Defaults to the host in Servers.
	ServerName string
	// CAFile has the certificates, in PEM, of those who may sign it; it is read again
	// for each connection. Defaults to the system's.
	CAFile string
}

// config is for a connection to host.
func (t *TLS) config(host string) (*tls.Config, error) {
	// RFC 9103 §7.1: the name of DNS in ALPN.
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.ServerName, NextProtos: []string{"dot"}}
	if c.ServerName == "" {
		c.ServerName = host
	}
	if t.CAFile == "" {
		return c, nil
	}
	text, err := os.ReadFile(t.CAFile)
	if err != nil {
		return nil, fmt.Errorf("CA file: %w", err)
	}
	c.RootCAs = x509.NewCertPool()
	if !c.RootCAs.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("CA file %s: there is no certificate in it", t.CAFile)
	}
	return c, nil
}
