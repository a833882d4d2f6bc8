// Command prebuild fills the cache of real programs that the tests in this
// module run: etcd, the Kubernetes control plane, KWOK and CoreDNS. Without it
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
	if err := (binaries.Cache{}).Ensure(ctx, os.Args[1:]...); err != nil {
		fmt.Fprintln(os.Stderr, "prebuild:", err)
		os.Exit(1)
	}
}
