package simulator

import (
	"context"
	"time"
)

// Mix is how often each kind of change is made, as parts of the whole. The zero
// Mix replaces endpoints only.
type Mix struct{ Replace, Flip, Create, Delete int }

// Step makes one change that follows from the cluster's seed and from those
// before. Services are created as often as they are deleted in the long run when
// the mix says so; the last one is never deleted.
func (c *Cluster) Step(mix Mix) {
	if mix == (Mix{}) {
		mix.Replace = 1
	}
	c.mu.Lock()
	kind := c.model.random.IntN(mix.Replace + mix.Flip + mix.Create + mix.Delete)
	i, n := c.pick()
	last := c.alone()
	c.mu.Unlock()
	switch {
	case i < 0 || kind >= mix.Replace+mix.Flip && kind < mix.Replace+mix.Flip+mix.Create:
		c.Create()
	case kind >= mix.Replace+mix.Flip+mix.Create:
		if !last {
			c.Delete(i)
		}
	case n < 0: // no endpoints
	case kind < mix.Replace:
		c.Replace(i, n)
	default:
		c.Flip(i, n)
	}
}

// pick chooses a Service that is there and one of its endpoints; -1: there is none.
func (c *Cluster) pick() (i, n int) {
	m := c.model
	if len(m.services) == 0 {
		return -1, -1
	}
	i = m.random.IntN(len(m.services))
	for tries := 0; m.services[i].gone; tries++ {
		if tries == len(m.services) {
			return -1, -1
		}
		i = (i + 1) % len(m.services)
	}
	if c.options.Endpoints == 0 {
		return i, -1
	}
	return i, m.random.IntN(c.options.Endpoints)
}

// alone says that no more than one Service is there.
func (c *Cluster) alone() bool {
	there := 0
	for i := range c.model.services {
		if !c.model.services[i].gone {
			if there++; there > 1 {
				return false
			}
		}
	}
	return true
}

// churnStep is how often churn looks at the clock: a fifth of what a watch's
// reader notices, and rarely enough that timers cost nothing.
const churnStep = time.Millisecond

// Churn makes rate changes a second, each in the next cluster, until ctx is done
// or all went to limit (0: without end), and returns how many it made. When it
// falls behind it catches up without a pause.
func (f *Fleet) Churn(ctx context.Context, rate float64, mix Mix, limit int) (made int) {
	ticker := time.NewTicker(churnStep)
	defer ticker.Stop()
	began := time.Now()
	for limit == 0 || made < limit {
		select {
		case <-ctx.Done():
			return made
		case <-ticker.C:
		}
		due := int(time.Since(began).Seconds() * rate)
		if limit > 0 {
			due = min(due, limit)
		}
		for ; made < due && ctx.Err() == nil; made++ {
			f.Clusters[made%len(f.Clusters)].Step(mix)
		}
	}
	return made
}
