// Command prebuild fills the cache of real programs that the tests in this
// module run: etcd, the Kubernetes control plane, KWOK and CoreDNS; and, unless
// some of these are named, external-dns's webhook server. Without it
// the first test to need a program builds it, within that test's time limit and
// with its progress held back by go test.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"github.com/fedns/fedns/integration/harness/binaries"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := (binaries.Cache{}).Ensure(ctx, os.Args[1:]...)
	if err == nil && len(os.Args) == 1 {
		_, err = binaries.Cache{}.Nested(ctx, "external-dns-webhook", "integration/webhook/server")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "prebuild:", err)
		os.Exit(1)
	}
}
