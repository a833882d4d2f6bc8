package webhook

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync/atomic"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/providers/hosted"
)

// Config is how a webhook is reached.
type Config struct {
	// Apex is the zone's name. What the server has beside it is not seen.
	Apex dnsname.Name
	// URL of the server, as in http://127.0.0.1:8888.
	URL string
	// Types of records that the server takes. Defaults to Types().
	Types []uint16
	// Timeout is how long one request may take, its answer read. Defaults to a minute.
	Timeout time.Duration
	// MaxBody is how many octets of an answer are read. Defaults to 256 MiB.
	MaxBody int64
	// Gate is asked before each request. Defaults to hosted.Open.
	Gate hosted.Gate
}

// Zone is a zone behind a webhook: a hosted.Zone.
type Zone struct {
	cfg    Config
	url    *url.URL
	client *http.Client
	filter atomic.Pointer[filter] // as negotiated last; nil: not yet
}

var _ hosted.Zone = (*Zone)(nil)

// New checks the configuration. It does not connect.
func New(cfg Config) (*Zone, error) {
	z := &Zone{cfg: cfg, client: newClient()}
	if cfg.Apex.IsZero() {
		return nil, errors.New("webhook: zone is missing")
	}
	u, err := url.Parse(cfg.URL)
	switch {
	case err != nil:
		return nil, fmt.Errorf("webhook: zone %s: url: %w", cfg.Apex, err)
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return nil, fmt.Errorf("webhook: zone %s: url: %q is no URL as in http://127.0.0.1:8888", cfg.Apex, cfg.URL)
	}
	z.url = u
	if cfg.Timeout <= 0 {
		z.cfg.Timeout = time.Minute
	}
	if cfg.MaxBody <= 0 {
		z.cfg.MaxBody = 256 << 20
	}
	if cfg.Gate == nil {
		z.cfg.Gate = hosted.Open{}
	}
	return z, nil
}

// Close lets go of connections that no call uses.
func (z *Zone) Close() { z.client.CloseIdleConnections() }

// Limits are what this Zone can and cannot do.
func (z *Zone) Limits() hosted.Limits { return Limits(z.cfg.Apex, z.cfg.Types...) }

// Records negotiates anew and lists everything that is in the zone.
func (z *Zone) Records(ctx context.Context) ([]hosted.Entry, error) {
	if err := z.negotiate(ctx); err != nil {
		return nil, z.failed(err)
	}
	h, err := z.list(ctx)
	if err != nil {
		return nil, z.failed(err)
	}
	return h.entries(), nil
}

// Read lists everything, too: the protocol has nothing less.
func (z *Zone) Read(ctx context.Context, keys ...hosted.Key) ([]hosted.Entry, error) {
	h, err := z.look(ctx)
	if err != nil {
		return nil, z.failed(err)
	}
	var found []hosted.Entry
	for _, k := range keys {
		if e := h.entry(k); !e.IsEmpty() {
			found = append(found, e)
		}
	}
	slices.SortFunc(found, func(a, b hosted.Entry) int { return hosted.CompareKeys(a.Key, b.Key) })
	return slices.CompactFunc(found, hosted.Entry.Equal), nil
}

// look lists what is there, after a negotiation if there was none.
func (z *Zone) look(ctx context.Context) (holdings, error) {
	if z.filter.Load() == nil {
		if err := z.negotiate(ctx); err != nil {
			return nil, err
		}
	}
	return z.list(ctx)
}

// Confirm has nothing to ask: what the server took counts as everywhere.
func (z *Zone) Confirm(_ context.Context, r hosted.Receipt) (bool, error) {
	if r != "" {
		return false, fmt.Errorf("webhook: zone %s: %q is no receipt", z.cfg.Apex, r)
	}
	return true, nil
}

// failed names the zone in an error.
func (z *Zone) failed(err error) error { return fmt.Errorf("webhook: zone %s: %w", z.cfg.Apex, err) }
