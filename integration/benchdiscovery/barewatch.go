package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"k8s.io/client-go/rest"

	"github.com/fedns/fedns/integration/harness"
)

// sighting is an event of a bare watch.
type sighting struct {
	version string
	at      time.Time
}

// bareBuffer is how many sightings may wait to be looked at.
const bareBuffer = 1024

// watchBare reads what the API server says of EndpointSlices, on a connection of
// its own and without any client library: nobody can know of a change sooner. It
// ends with ctx, and closes what it returns.
func watchBare(ctx context.Context, c *harness.Cluster, from string) (<-chan sighting, error) {
	config := c.RESTConfig()
	settings, err := rest.TLSConfigFor(config)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{TLSClientConfig: settings, ResponseHeaderTimeout: patience}
	wrapped, err := rest.HTTPWrappersForConfig(config, transport)
	if err != nil {
		return nil, err
	}
	query := url.Values{"watch": {"1"}, "resourceVersion": {from}}
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, config.Host+"/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?"+query.Encode(), nil)
	if err != nil {
		return nil, err
	}
	resp, err := (&http.Client{Transport: wrapped}).Do(q)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		return nil, fmt.Errorf("watch endpointslices: %s", resp.Status)
	}
	seen := make(chan sighting, bareBuffer)
	go func() {
		defer transport.CloseIdleConnections()
		defer resp.Body.Close()
		defer close(seen)
		sight(resp.Body, seen)
	}()
	return seen, nil
}

// sight notes when each event's last octet came in, until there are no more. An
// event is a line of JSON.
func sight(stream io.Reader, seen chan<- sighting) {
	lines := bufio.NewScanner(stream)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		at := time.Now()
		var event struct {
			Object struct {
				Metadata struct {
					ResourceVersion string `json:"resourceVersion"`
				} `json:"metadata"`
			} `json:"object"`
		}
		if json.Unmarshal(lines.Bytes(), &event) != nil {
			return // sighted says that it has ended
		}
		select {
		case seen <- sighting{event.Object.Metadata.ResourceVersion, at}:
		default: // nobody has looked for a long time
		}
	}
}

// sighted is when a bare watch told of a version.
func sighted(ctx context.Context, seen <-chan sighting, version string) (time.Time, error) {
	limit := time.NewTimer(patience)
	defer limit.Stop()
	for {
		select {
		case s, ok := <-seen:
			if !ok {
				return time.Time{}, errors.New("the bare watch has ended")
			}
			if s.version == version {
				return s.at, nil
			}
		case <-limit.C:
			return time.Time{}, errors.New("the bare watch tells nothing")
		case <-ctx.Done():
			return time.Time{}, ctx.Err()
		}
	}
}
