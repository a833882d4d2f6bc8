package recordsync

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"

	"github.com/fedns/fedns/cmd/fedns/config"
	"github.com/fedns/fedns/dnsserver/dnsname"
)

// TestNobodyLeadsNothing: who leads is asked while there are hosted zones, and not
// before or after.
func TestNobodyLeadsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked, leading := 0, false
		z := New(Config{Replica: "a", Log: slog.New(slog.DiscardHandler), Lead: func(ctx context.Context, run func(context.Context)) {
			asked++
			leading = true
			run(ctx)
			leading = false
		}})
		apex, err := dnsname.Parse("example.com.")
		if err != nil {
			t.Fatal(err)
		}
		some := []config.Provider{{Name: "memory", Kind: config.InMemory, Zones: []dnsname.Name{apex}, Owner: "us"}}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			z.Run(ctx)
			close(done)
		}()
		for i, step := range []struct {
			all   []config.Provider
			asked int
		}{{nil, 0}, {some, 1}, {some, 1}, {nil, 1}, {some, 2}} {
			z.Apply(step.all)
			synctest.Wait()
			if want := len(step.all) > 0; asked != step.asked || leading != want {
				t.Errorf("step %d: asked %d times, leading %t; want %d, %t", i, asked, leading, step.asked, want)
			}
			if st := z.Status(); len(st) != len(step.all) {
				t.Errorf("step %d: status of %d hosted zones, want %d", i, len(st), len(step.all))
			}
		}
		cancel()
		<-done
		if leading {
			t.Error("it leads after its end")
		}
	})
}
