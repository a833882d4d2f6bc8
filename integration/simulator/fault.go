package simulator

import (
	"math/rand/v2"
	"net/http"
)

// faults are what goes wrong with a cluster. Its lock guards them.
type faults struct {
	status, retryAfter, refusals int
	hanging                      bool
	slow                         int            // octets a second; 0: not
	cuts                         map[string]int // by resource: lists still to be cut
	omit                         map[string]float64
	omitSeed                     uint64
}

// Refuse answers the next n requests with a status, such as 429 or 503, and a
// Retry-After of so many seconds (0: none). n below 0: all until Heal.
func (c *Cluster) Refuse(status, retryAfter, n int) {
	c.fault(func(f *faults) { f.status, f.retryAfter, f.refusals = status, retryAfter, n })
}

// Hang lets watches fall silent, without events and without bookmarks, until
// Heal: what happened meanwhile is told then.
func (c *Cluster) Hang() { c.fault(func(f *faults) { f.hanging = true }) }

// Slow sends each answer at so many octets a second until Heal.
func (c *Cluster) Slow(octets int) { c.fault(func(f *faults) { f.slow = octets }) }

// CutLists breaks the connection in the middle of the next n lists of a
// resource, lists over a watch included.
func (c *Cluster) CutLists(resource string, n int) { c.fault(func(f *faults) { f.cuts[resource] = n }) }

// Omit leaves a share of the objects, from 0 to 1, out of every list of a
// resource until Heal, by error: the lists are complete in form.
func (c *Cluster) Omit(resource string, share float64) {
	c.fault(func(f *faults) { f.omit[resource], f.omitSeed = share, c.options.Seed })
}

// Heal ends all faults but Stop.
func (c *Cluster) Heal() { c.fault(func(f *faults) { *f = newFaults() }) }

func newFaults() faults { return faults{cuts: map[string]int{}, omit: map[string]float64{}} }

// fault changes what goes wrong and lets watches look again.
func (c *Cluster) fault(change func(*faults)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.faults)
	c.wakeAll()
}

func (c *Cluster) wakeAll() {
	for _, h := range c.history {
		h.wake()
	}
}

// Disconnect breaks every connection. New ones are taken.
func (c *Cluster) Disconnect() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for conn := range c.conns {
		conn.Close()
	}
}

// Compact forgets what changed until now: watches and pages from before are
// answered with 410 Gone. Open watches go on.
func (c *Cluster) Compact() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.compacted = c.version
	for _, h := range c.history {
		h.compact(c.version)
	}
}

// Reset lets the server die and come back with its store in another state: the
// first keep Services as they were made at first, nothing else, and resource
// versions that begin anew. 0: empty.
func (c *Cluster) Reset(keep int) {
	c.Disconnect()
	c.mu.Lock()
	defer c.mu.Unlock()
	o := c.options
	o.Services = keep
	c.version, c.compacted = 1, 0
	c.model = newModel(o, c.version)
	c.epoch++
	for resource, h := range c.history {
		c.history[resource] = newHistory(c.version)
		h.wake()
	}
}

// omitted says which of a resource's objects lists leave out.
func (f *faults) omitted(resource string, all []place) []place {
	share := f.omit[resource]
	if share <= 0 {
		return all
	}
	random := rand.New(rand.NewPCG(f.omitSeed, uint64(len(resource))))
	left := make([]place, 0, len(all))
	for _, at := range all {
		if random.Float64() >= share {
			left = append(left, at)
		}
	}
	return left
}

// cut says whether the list that is asked for is to break.
func (c *Cluster) cut(resource string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.faults.cuts[resource] == 0 {
		return false
	}
	c.faults.cuts[resource]--
	return true
}

// refused answers a request that is to be refused.
func (c *Cluster) refused(w http.ResponseWriter) bool {
	c.mu.Lock()
	f := &c.faults
	if f.refusals == 0 {
		c.mu.Unlock()
		return false
	}
	if f.refusals > 0 {
		f.refusals--
	}
	status, after := f.status, f.retryAfter
	c.mu.Unlock()
	refuse(w, status, after)
	return true
}
