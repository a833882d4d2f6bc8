package clouddns

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync"

	dns "google.golang.org/api/dns/v1"
	"google.golang.org/api/option"
)

// login makes the client, again when the credentials file has changed. A file
// that cannot be used leaves the last client in use, and is told of when a call
// fails.
type login struct {
	cfg Config

	mu      sync.Mutex
	service *dns.Service
	content []byte // of the credentials file that service was made of
	broken  error  // why the file is not the one in use
}

// client is the one to call with. stale says why it is not made of the
// credentials file as it is now.
func (l *login) client(ctx context.Context) (s *dns.Service, stale, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s, err = l.refresh(ctx)
	return s, l.broken, err
}

func (l *login) refresh(ctx context.Context) (*dns.Service, error) {
	if l.cfg.CredentialsFile == "" {
		if l.service != nil {
			return l.service, nil
		}
		return l.make(ctx, nil)
	}
	c, err := readCredentials(l.cfg.CredentialsFile)
	if err == nil && l.service != nil && bytes.Equal(c.content, l.content) {
		l.broken = nil
		return l.service, nil
	}
	var service *dns.Service
	if err == nil {
		service, err = l.make(ctx, c)
	}
	if l.broken = err; err != nil && l.service != nil {
		return l.service, nil
	}
	return service, err
}

func (l *login) make(ctx context.Context, c *credentials) (*dns.Service, error) {
	options := []option.ClientOption{
		option.WithUserAgent("fedns"), option.WithTelemetryDisabled(),
	}
	if l.cfg.Endpoint != "" {
		options = append(options, option.WithEndpoint(l.cfg.Endpoint))
	}
	switch {
	case l.cfg.HTTPClient != nil:
		options = append(options, option.WithHTTPClient(l.cfg.HTTPClient))
	case c != nil:
		options = append(options, option.WithAuthCredentialsJSON(c.kind, c.content), option.WithScopes(dns.NdevClouddnsReadwriteScope))
	default:
		options = append(options, option.WithScopes(dns.NdevClouddnsReadwriteScope))
	}
	// The client outlives the call that it is made for.
	service, err := dns.NewService(context.WithoutCancel(ctx), options...)
	if err != nil {
		if c != nil {
			return nil, fmt.Errorf("credentials file %s: %w", l.cfg.CredentialsFile, err)
		}
		return nil, fmt.Errorf("cloud dns client: %w", err)
	}
	l.service = service
	if c != nil {
		l.content = c.content
	}
	return service, nil
}

type credentials struct {
	kind    option.CredentialsType
	content []byte
}

// readCredentials reads the file, and takes only the types that are documented: a
// file may name programs to run and addresses to ask otherwise.
func readCredentials(file string) (*credentials, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("credentials file: %w", err)
	}
	var head struct {
		Type option.CredentialsType `json:"type"`
	}
	if err := json.Unmarshal(content, &head); err != nil {
		return nil, fmt.Errorf("credentials file %s: %w", file, err)
	}
	switch head.Type {
	case option.ServiceAccount, option.AuthorizedUser, option.ExternalAccount, option.ImpersonatedServiceAccount:
		return &credentials{head.Type, content}, nil
	}
	return nil, fmt.Errorf("credentials file %s: type: %q is none of %s, %s, %s, %s", file, head.Type,
		option.ServiceAccount, option.AuthorizedUser, option.ExternalAccount, option.ImpersonatedServiceAccount)
}
