package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"

	"github.com/fedns/fedns/discovery/cluster"
)

// maxBody is how much of an answer is read, in octets: its status says it all,
// but who never ends its headers' body is not left hanging in mid-answer.
const maxBody = 4 << 10

// dialFunc connects; net.Dialer's DialContext is one.
type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// Try tries a target once, for as long as the pace gives it; nil: it answers.
func Try(ctx context.Context, t Target, p Pace) error {
	ctx, cancel := context.WithTimeout(ctx, p.complete().Timeout)
	defer cancel()
	if o := try(ctx, t, (&net.Dialer{}).DialContext); o.signal != cluster.Up {
		return fmt.Errorf("probe %s: %s", t, o.why)
	}
	return nil
}

// try tries a target once. It blocks until ctx is done at the most.
func try(ctx context.Context, t Target, dial dialFunc) outcome {
	var err error
	if t.Kind == TCP {
		err = connect(ctx, t, dial)
	} else {
		err = get(ctx, t, dial)
	}
	switch {
	case err == nil:
		return outcome{signal: cluster.Up}
	case ours(err):
		return outcome{cluster.Unknown, reason(err)}
	}
	return outcome{cluster.Down, reason(err)}
}

func connect(ctx context.Context, t Target, dial dialFunc) error {
	c, err := dial(ctx, "tcp", t.Address)
	if err != nil {
		return err
	}
	_ = c.Close() // it was made, which is all that was asked
	return nil
}

// get asks for the URL over a connection of its own.
func get(ctx context.Context, t Target, dial dialFunc) error {
	trust, err := t.tls()
	if err != nil {
		return err
	}
	transport := &http.Transport{DialContext: dial, TLSClientConfig: trust, DisableKeepAlives: true, MaxResponseHeaderBytes: 64 << 10}
	defer transport.CloseIdleConnections()
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, t.Address, nil)
	if err != nil {
		return localError{err}
	}
	q.Header.Set("User-Agent", "fedns")
	// RoundTrip, not a Client: it follows no redirects.
	resp, err := transport.RoundTrip(q)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.CopyN(io.Discard, resp.Body, maxBody); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read answer: %w", err)
	}
	if resp.StatusCode < 200 || resp.StatusCode > 399 {
		return fmt.Errorf("answered %d, want 2xx or 3xx", resp.StatusCode)
	}
	return nil
}

// tls is how the target's certificate is looked at; nil: there is none. The file is
// read each time: it is small, and a new one is taken up by itself.
func (t Target) tls() (*tls.Config, error) {
	if t.Kind != HTTPS {
		return nil, nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.ServerName, InsecureSkipVerify: t.Insecure} //nolint:gosec // who sets insecure wants that
	if t.CAFile == "" {
		return c, nil
	}
	text, err := os.ReadFile(t.CAFile)
	if err != nil {
		return nil, localError{err}
	}
	c.RootCAs = x509.NewCertPool()
	if !c.RootCAs.AppendCertsFromPEM(text) {
		return nil, localError{fmt.Errorf("%s: holds no certificate, want PEM", t.CAFile)}
	}
	return c, nil
}

// localError is a fault on this side of the network.
type localError struct{ error }

func (e localError) Unwrap() error { return e.error }

// ours says that err may be our own trouble, so that it says nothing of the target.
func ours(err error) bool {
	if _, local := errors.AsType[localError](err); local {
		return true
	}
	if d, ok := errors.AsType[*net.DNSError](err); ok {
		return !d.IsNotFound
	}
	for _, n := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.EADDRNOTAVAIL, syscall.EACCES, syscall.EPERM} {
		if errors.Is(err, n) {
			return true
		}
	}
	return false
}

// reason is err on one line, without what the target says already.
func reason(err error) string {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) {
		return "no answer in time"
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	if o, ok := errors.AsType[*net.OpError](err); ok && o.Err != nil {
		err = o.Err
	}
	return strings.Join(strings.Fields(err.Error()), " ")
}
