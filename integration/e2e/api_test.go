package e2e

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/fedns/fedns/integration/harness"
)

// clusterStatus is what the tests look at of /api/v1/clusters.
type clusterStatus struct {
	ID, Phase, Reason, Region string
	Zones                     []string
	Synced                    bool
}

// clusters asks the daemon how the member clusters stand.
func clusters(ctx context.Context, t *testing.T, d *harness.Daemon) []clusterStatus {
	t.Helper()
	var body struct{ Clusters []clusterStatus }
	getJSON(ctx, t, d, "/api/v1/clusters", &body)
	return body.Clusters
}

func getJSON(ctx context.Context, t *testing.T, d *harness.Daemon, path string, into any) {
	t.Helper()
	_, body, err := get(ctx, d, path)
	if err == nil {
		err = json.Unmarshal([]byte(body), into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// get asks the daemon over HTTP.
func get(ctx context.Context, d *harness.Daemon, path string) (code int, body string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+d.HTTPAddr+path, nil)
	if err != nil {
		return 0, "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), err
}
