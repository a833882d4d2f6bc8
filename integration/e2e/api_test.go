package e2e

import (
	"context"
	"encoding/json"
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
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+d.HTTPAddr+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		t.Fatal(err)
	}
}
