package harness

import (
	"context"

	"sigs.k8s.io/mcs-api/config/crd"
)

// installMCS applies the ServiceExport and ServiceImport definitions and waits
// until they are served.
func (c *Cluster) installMCS(ctx context.Context) error {
	return c.Apply(ctx, string(crd.ServiceExportCRD)+"\n---\n"+string(crd.ServiceImportCRD))
}
