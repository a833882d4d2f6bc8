package simulator

import (
	"net/netip"
	"time"

	"k8s.io/apimachinery/pkg/watch"
)

// What changes a cluster. Each method returns when the change has its resource
// version, which is when an API server would say that it was committed; watches
// are told after that. All may be called from many goroutines at once. A Service
// goes by its place: 0 to Services-1, and those created later behind them.

// Replace gives the n-th endpoint of a Service another address.
func (c *Cluster) Replace(service, n int) (old, now netip.Addr) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.absent(service) {
		return old, now
	}
	s, e := c.model.find(service, n)
	was := e.address
	e.address = c.model.next()
	c.changedSlice(service, n, s)
	return addr(was), addr(e.address)
}

// Flip makes a ready endpoint unready and an unready one ready; it says what it is now.
func (c *Cluster) Flip(service, n int) (ready bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.absent(service) {
		return false
	}
	s, e := c.model.find(service, n)
	e.unready = !e.unready
	c.changedSlice(service, n, s)
	return !e.unready
}

func (c *Cluster) changedSlice(i, n int, s *slice) {
	c.version++
	s.version, s.changed = c.version, time.Now()
	c.tell(endpointSlices, watch.Modified, place{i, n / c.options.SliceSize})
}

// Create makes a Service with its endpoints and its export, and returns its place.
func (c *Cluster) Create() (service int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.version++
	i := c.model.add(c.version)
	c.each(i, watch.Added)
	return i
}

// Delete removes a Service with all that belongs to it. It is no error when it
// has gone before.
func (c *Cluster) Delete(service int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.absent(service) {
		return
	}
	c.version++
	c.model.services[service].version = c.version
	for n := range c.model.services[service].slices {
		c.model.services[service].slices[n].version = c.version
	}
	c.each(service, watch.Deleted)
	c.model.forget(service)
}

// each tells of all objects of a Service.
func (c *Cluster) each(i int, typ watch.EventType) {
	c.tell(services, typ, place{i: i})
	if !c.options.Annotated {
		c.tell(exports, typ, place{i: i})
	}
	for n := range c.model.services[i].slices {
		c.tell(endpointSlices, typ, place{i, n})
	}
}

// tell keeps an event of an object as it is now.
func (c *Cluster) tell(resource string, typ watch.EventType, at place) {
	octets, err := c.encodings.protobuf.encode(c.model.object(resource, at))
	if err != nil {
		panic("simulator: " + err.Error()) // a type of Kubernetes' own
	}
	c.history[resource].add(event{c.version, string(typ), octets}, c.options.Keep)
}

func (c *Cluster) absent(i int) bool {
	return i >= len(c.model.services) || c.model.services[i].gone
}
