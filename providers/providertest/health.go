package providertest

import (
	"context"
	"fmt"
	"slices"

	"github.com/fedns/fedns/providers/hosted"
)

// healthChecks are made for record sets, shared, and tidied up without loss.
func healthChecks(z site) []step {
	p, at := checked(z.Config)
	n := len(z.Sets[p])
	with := func(owner string, change func(*hosted.Health)) hosted.Entry {
		e := z.routed(owner, p, n, 1)
		sets := slices.Clone(e.Sets)
		change(&sets[at].Health)
		return z.entry(e.Key, sets)
	}
	as := func(*hosted.Health) {}
	stricter := func(h *hosted.Health) { h.Threshold++ }
	elsewhere := func(h *hosted.Health) { h.Port++ }
	none := func(h *hosted.Health) { *h = hosted.Health{} }
	collect := step{"tidied up, and all is there", func(ctx context.Context, s *stage) error {
		c, ok := s.Zone.(hosted.Collector)
		if !ok {
			return nil
		}
		if err := s.patiently(ctx, c.Collect); err != nil {
			return fmt.Errorf("collect: %w", err)
		}
		return s.expect(ctx)
	}}
	return []step{
		{"Check lets it pass", func(context.Context, *stage) error {
			if why := z.Limits.Check(with("www", as)); why != "" {
				return fmt.Errorf("check refuses a health check: %s: give Sets that it lets pass", why)
			}
			return nil
		}},
		wants("a record set with a health check", with("www", as)),
		collect,
		wants("two names with the same", with("www", as), with("api", as)),
		wants("one of them goes", with("api", as)),
		collect,
		wants("another threshold, nothing else changes", with("api", stricter)),
		wants("another port, nothing else changes", with("api", elsewhere)),
		collect,
		wants("no check any longer", with("api", none)),
		collect,
		wants("a check again", with("api", as)),
		wants("nothing"),
		collect,
		wants("the first check again, after it was tidied up", with("www", as)),
	}
}
