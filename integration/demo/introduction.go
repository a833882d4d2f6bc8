package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/fedns/fedns/integration/harness/binaries"
)

// introduction says where the clusters are, and gives lines to paste that change
// something in them.
func (w *world) introduction(ctx context.Context) (string, error) {
	kubectl, err := (binaries.Cache{Progress: w.progress}).Path(ctx, binaries.Kubectl)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("Each is a real API server with its controllers. An administrator's kubeconfig of each:\n")
	for _, c := range w.fleet.Clusters() {
		fmt.Fprintf(&b, "  %s\n", c.Kubeconfig)
	}
	fmt.Fprintf(&b, "and fedns' configuration and log:\n  %s\n  %s\n", w.path("fedns.yaml"), w.path("fedns.log"))
	line := func(cluster, args string) {
		fmt.Fprintf(&b, "  %s --kubeconfig %s %s\n", kubectl, w.fleet.Cluster(cluster).Kubeconfig, args)
	}
	b.WriteString("\nWhat they hold:\n")
	line("eu-1", "-n shop get services,endpointslices,serviceexports")
	b.WriteString("\nTake eu-1's web out of the federation, and back:\n")
	line("eu-1", "-n shop annotate --overwrite service web fedns.io/export=false")
	line("eu-1", "-n shop annotate --overwrite service web fedns.io/export=true")
	b.WriteString("\nGive us-1 a web too; its pods are KWOK's:\n")
	line("us-1", "create namespace shop")
	line("us-1", "-n shop create deployment web --image web --port 80")
	line("us-1", "-n shop expose deployment web")
	line("us-1", "-n shop annotate service web fedns.io/export=true")
	return b.String(), nil
}
