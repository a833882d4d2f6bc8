package api

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
)

// Inventory is a source of member clusters. The JSON names are part of the API.
type Inventory struct {
	Name     string             `json:"name"`  // as metrics have it
	Kind     string             `json:"kind"`  // as in the configuration: secrets
	Phase    string             `json:"phase"` // syncing, live, unreachable
	Since    time.Time          `json:"since,omitzero"`
	LastSync time.Time          `json:"lastSync,omitzero"` // never: left out
	Reason   string             `json:"reason,omitempty"`
	Read     bool               `json:"read"`             // everything was read once
	Absent   []string           `json:"absent,omitempty"` // kinds that the host does not serve
	Clusters []InventoryCluster `json:"clusters"`
	Findings []string           `json:"findings,omitempty"`
}

// InventoryCluster is a cluster as an inventory states it. It holds no credentials.
type InventoryCluster struct {
	ID     cluster.ID        `json:"id"`
	Object string            `json:"object"` // that states it
	Server string            `json:"server"`
	Region string            `json:"region,omitempty"`
	Zones  []string          `json:"zones,omitempty"`
	Labels map[string]string `json:"labels,omitempty"`
	Taints []string          `json:"taints,omitempty"`
	Held   bool              `json:"held,omitempty"` // a list lacked it and was not believed
}

func inventories(w http.ResponseWriter, src Sources) {
	writeJSON(w, struct {
		Inventories []Inventory `json:"inventories"`
	}{src.Inventories()})
}

// unread are lines for readyz: inventories that were never read whole, so that it
// is not known which clusters there are. ready is false if one of them counts;
// tolerant: those that cannot be reached do not.
func unread(all []Inventory, tolerant bool) (lines []string, ready bool) {
	ready = true
	for _, i := range all {
		if i.Read {
			continue
		}
		line := fmt.Sprintf("inventory %s: %s since %s", i.Name, i.Phase, i.Since.UTC().Format(time.RFC3339))
		lines = append(lines, strings.TrimSuffix(line+": "+i.Reason, ": "))
		ready = ready && tolerant && i.Phase == cluster.Unreachable.String()
	}
	return lines, ready
}

func (c *collector) inventories(put putFunc) {
	for _, i := range c.src.Inventories() {
		put("fedns_inventory_clusters", float64(len(i.Clusters)), i.Name)
		put("fedns_inventory_findings", float64(len(i.Findings)), i.Name)
		put("fedns_inventory_reachable", truth(i.Phase != cluster.Unreachable.String()), i.Name)
		last := 0.0
		if !i.LastSync.IsZero() {
			last = float64(i.LastSync.UnixMilli()) / 1000
		}
		put("fedns_inventory_last_sync_timestamp_seconds", last, i.Name)
	}
}
