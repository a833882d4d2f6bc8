package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/fedns/fedns/integration/harness/binaries"
	"github.com/fedns/fedns/integration/harness/process"
)

// bench is a run of the program.
type bench struct {
	options
	dir, logs string
	spawner   *process.Spawner
	client    *http.Client
	report    *report
}

// newBench builds the daemon.
func newBench(ctx context.Context, o options) (*bench, error) {
	dir, err := os.MkdirTemp("", "fedns-benchdiscovery-")
	if err != nil {
		return nil, err
	}
	b := &bench{
		options: o, dir: dir, logs: dir, spawner: process.NewSpawner(),
		client: &http.Client{Timeout: 30 * time.Second}, report: newReport(o),
	}
	if o.keep != "" {
		b.logs = o.keep
		err = os.MkdirAll(b.logs, 0o755)
	}
	if b.fedns == "" {
		b.fedns = filepath.Join(dir, "fedns")
		err = errors.Join(err, binaries.Cache{Progress: os.Stderr}.Fedns(ctx, b.fedns))
	}
	if err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

// close ends what still runs and leaves nothing behind.
func (b *bench) close() {
	b.spawner.Close()
	os.RemoveAll(b.dir)
}

// tell says what is going on; the report comes at the end.
func (b *bench) tell(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
}
