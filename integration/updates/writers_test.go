package updates

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
)

// TestWriters: several write at once, each with a record that all of them swap.
// However they meet, one of those who saw the same record wins, and nothing of
// what the others wanted is made.
func TestWriters(t *testing.T) {
	const writers, each = 4, 25
	for _, p := range plain {
		t.Run(p.name, func(t *testing.T) {
			s := run(t, spawner(t), p, "")
			fence := func(n int) hosted.Entry {
				return entry(t, "_fence", zone.TypeTXT, 60, fmt.Sprintf("%q", strconv.Itoa(n)))
			}
			must(t, apply(t, zoneAt(t, s, writer, nil), hosted.Change{New: fence(0)}))
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			g, ctx := errgroup.WithContext(ctx)
			lost := make([]int, writers)
			for w := range writers {
				z := zoneAt(t, s, writer, nil)
				g.Go(func() error {
					for made := 0; made < each; {
						there, err := z.Read(ctx, fence(0).Key)
						if err != nil {
							return err
						}
						if len(there) != 1 {
							return errors.New("the fence is not there")
						}
						n, err := strconv.Atoi(there[0].Sets[0].Records.First()[1:])
						if err != nil {
							return err
						}
						own := hosted.Change{New: entry(t, fmt.Sprintf("w%d-%d", n, w), zone.TypeA, 60, "192.0.2.1")}
						_, err = z.Apply(ctx, hosted.Batch{Changes: []hosted.Change{own, {Old: fence(n), New: fence(n + 1)}}})
						switch {
						case err == nil:
							made++
						case errors.Is(err, hosted.ErrConflict):
							lost[w]++
						default:
							return err
						}
					}
					return nil
				})
			}
			must(t, g.Wait())
			t.Logf("lost: %v", lost)
			all, err := zoneAt(t, s, writer, nil).Records(t.Context())
			must(t, err)
			seen := map[string]bool{}
			for _, e := range all {
				if label := e.Key.Owner.Label(); strings.HasPrefix(label, "w") {
					n, _, _ := strings.Cut(label, "-")
					if seen[n] {
						t.Errorf("two writers swapped generation %s", n)
					}
					seen[n] = true
				}
			}
			if len(seen) != writers*each {
				t.Errorf("%d batches are there, want %d", len(seen), writers*each)
			}
			same(t, "fence", read(t, zoneAt(t, s, writer, nil), fence(0).Key), fence(writers*each))
		})
	}
}
