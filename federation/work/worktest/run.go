package worktest

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/fedns/fedns/federation/work"
)

// Run runs a dialect, made in a bubble of synctest, while do looks at it. After the
// end it takes in no report.
func Run[D work.Dialect](t *testing.T, made func() (D, error), do func(*testing.T, D, *Sink)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		d, err := made()
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		s := &Sink{}
		var running sync.WaitGroup
		running.Go(func() {
			if err := d.Run(ctx, s); err != nil {
				t.Errorf("Run: %v", err)
			}
		})
		synctest.Wait()
		do(t, d, s)
		cancel()
		running.Wait()
		if err := d.Report(t.Context(), work.Report{}); err == nil {
			t.Error("a report is taken in after the end")
		}
	})
}
