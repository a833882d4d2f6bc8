package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

const (
	// defaultServer is where a daemon's API is unless its configuration says otherwise.
	defaultServer = "http://127.0.0.1:8053"
	// askWithin is how long a daemon may take to answer: a list of a million
	// endpoints takes seconds to write.
	askWithin = 30 * time.Second
	// planWithin is how long a plan may take, for which hosted zones are listed: more
	// than the daemon takes.
	planWithin = 17 * time.Minute
	// maxAnswer bounds what is read of an answer, in octets.
	maxAnswer = 1 << 30
)

// client asks a running daemon.
type client struct{ server string }

// flag adds --server to a command.
func (c *client) flag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&c.server, "server", cmp.Or(os.Getenv("FEDNS_SERVER"), defaultServer), "the daemon's API; $FEDNS_SERVER goes before the default")
}

// get reads path into v.
func (c *client) get(ctx context.Context, path string, v any) error {
	return c.do(ctx, http.MethodGet, path, v)
}

// command has the daemon do something with a cluster.
func (c *client) command(ctx context.Context, cluster, what string) error {
	return c.do(ctx, http.MethodPost, "/api/v1/clusters/"+url.PathEscape(cluster)+"/"+what, nil)
}

// do asks, and waits as long as a daemon may take for what it knows itself.
func (c *client) do(ctx context.Context, method, path string, v any) error {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	return c.ask(ctx, method, path, nil, v)
}

// ask sends body, if there is one, and reads the answer into v, if it is wanted.
func (c *client) ask(ctx context.Context, method, path string, body io.Reader, v any) error {
	if at, err := url.Parse(c.server); err != nil || at.Scheme != "http" && at.Scheme != "https" || at.Host == "" {
		return wanting{fmt.Errorf("--server, or $FEDNS_SERVER: got %q, want a URL such as %s", c.server, defaultServer)}
	}
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(c.server, "/")+path, body)
	if err != nil {
		return wanting{fmt.Errorf("--server: %w", err)}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return wanting{fmt.Errorf("no daemon answers: %w", err)}
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return wanting{fmt.Errorf("%s: %w", path, err)}
	}
	if resp.StatusCode != http.StatusOK {
		var refusal struct{ Error string }
		if json.Unmarshal(answer, &refusal) != nil || refusal.Error == "" {
			refusal.Error = resp.Status + ": " + strings.TrimSpace(string(answer[:min(len(answer), 200)]))
		}
		return wanting{fmt.Errorf("%s", refusal.Error)}
	}
	if v == nil {
		return nil
	}
	if err := json.Unmarshal(answer, v); err != nil {
		return wanting{fmt.Errorf("%s: what answers is no fedns: %w", path, err)}
	}
	return nil
}
