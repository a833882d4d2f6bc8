package trial

import (
	"context"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/fedns/fedns/federation/host"
	"github.com/fedns/fedns/federation/work"
	"github.com/fedns/fedns/federation/work/worktest"
	"github.com/fedns/fedns/integration/harness"
)

// Dialect is one that says what people should know of.
type Dialect[F any] interface {
	work.Dialect
	Findings() []F
}

// Trial is the state that a test's steps share. It is used from one goroutine.
type Trial[D Dialect[F], F any] struct {
	T       *testing.T // of the step
	Host    *harness.Cluster
	Objects *host.Host
	Sink    *worktest.Sink // of the dialect that runs
	Dialect D
	Stop    func() // ends the dialect, as the end of a process does

	test *testing.T // of all steps
	made func(*host.Host) (D, error)
}

// Begin starts a host that has the definitions of ../../deploy/crds/KIND, at least as
// many as are wanted, and a dialect. Both end with the test.
func Begin[D Dialect[F], F any](t *testing.T, kind string, atLeast int, made func(*host.Host) (D, error)) *Trial[D, F] {
	f := harness.Start(t, harness.Options{Clusters: []harness.Spec{{Name: "host"}}})
	w := &Trial[D, F]{T: t, test: t, Host: f.Cluster("host"), made: made}
	files, err := filepath.Glob("../../deploy/crds/" + kind + "/*.yaml")
	if err != nil || len(files) < atLeast {
		t.Fatalf("%d definitions, %v", len(files), err)
	}
	for _, file := range files {
		w.Apply(worktest.Read(t, file))
	}
	if w.Objects, err = host.New(host.Config{REST: w.Host.RESTConfig()}); err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() { _ = w.Objects.Run(t.Context()) })
	t.Cleanup(func() { // the context of all steps is done
		w.Stop()
		running.Wait()
	})
	w.Start()
	w.Await("an empty host to be synced", w.Synced)
	return w
}

// Start starts the dialect, as with a new process.
func (w *Trial[D, F]) Start() {
	var err error
	w.Sink = &worktest.Sink{}
	if w.Dialect, err = w.made(w.Objects); err != nil {
		w.T.Fatal(err)
	}
	ctx, cancel := context.WithCancel(w.test.Context())
	done := make(chan error, 1)
	go func(d D, s *worktest.Sink) { done <- d.Run(ctx, s) }(w.Dialect, w.Sink)
	w.Stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				w.test.Errorf("Run: %v", err)
			}
		case <-time.After(10 * time.Second):
			w.test.Error("Run does not return")
		}
	})
}
