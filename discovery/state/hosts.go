package state

import (
	"net/netip"
	"slices"
)

// hosts are the addresses of load balancers' hostnames on their way to the disk.
type hosts struct {
	now     map[string][]netip.Addr // what is known
	written map[string][]netip.Addr
	unsure  []string // of which it is not known what was written
}

// changed are the hostnames of which something else was written than is known, or
// may have been; sorted.
func (h *hosts) changed() []string {
	names := slices.Clone(h.unsure)
	for name, addrs := range h.now {
		if was, ok := h.written[name]; !ok || !slices.Equal(was, addrs) {
			names = append(names, name)
		}
	}
	for name := range h.written {
		if _, ok := h.now[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// writing takes note that it is not known what is on disk of names until wrote.
func (h *hosts) writing(names []string) { h.unsure = names }

// wrote takes note that all that is known is on disk.
func (h *hosts) wrote() { h.written, h.unsure = h.now, nil }
