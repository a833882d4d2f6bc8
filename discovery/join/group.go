package join

import (
	"encoding/binary"
	"hash/maphash"
	"net/netip"
	"slices"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/cluster/packed"
)

// scanned bounds how many queued Services one Take looks at, so that a long
// queue of Services nobody exports does not hold the lock.
const scanned = 2000

// Take takes changed Services off the queue and returns the Groups among them
// that differ from what was last told, at most limit of them, in order of
// change. It says whether the queue holds more. The caller owns the Groups and
// has to tell them: Join will not return them again.
//
// While settled is false, a Group that was never told is held back until it is
// true: one list came back and another did not yet, so a new Service might
// look as if it had no endpoints.
func (j *Join) Take(limit int, settled bool) (groups []cluster.Group, more bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if settled && len(j.held) > 0 {
		j.queue = append(j.queue, j.held...)
		j.queued += uint64(len(j.held))
		j.held = nil
	}
	n := 0
	for ; n < len(j.queue) && n < scanned && len(groups) < limit; n++ {
		key := j.queue[n]
		e := j.services[key]
		_, from := j.behind(key, e)
		export := j.exportOf(from)
		if export != 0 && !e.reported && !settled {
			j.held = append(j.held, key)
			j.received.take(key) // it is part of a first list
			continue
		}
		e.dirty = false
		at := j.received.take(key)
		if g, ok := j.difference(key, e, export); ok {
			g.Received = at
			groups = append(groups, g)
		}
		if e.service == nil && !e.exported() && e.slices.empty() && len(e.claims) == 0 && !e.reported && len(j.mirrors[key]) == 0 {
			delete(j.services, key)
		}
	}
	j.taken += uint64(n)
	j.queue = j.queue[n:]
	if len(j.queue) == 0 {
		j.queue = nil // let go of the array: after the first lists it is the longest it will ever be
	}
	return groups, len(j.queue) > 0
}

// Losing counts the Groups with a Loss among groups, which are about to be told,
// and if there is any, those that will follow: Services that wait, had something
// to answer with, and have lost their Service, their export or all their
// EndpointSlices. One list may lack thousands, and whoever is told of the first
// has to know of the others.
func (j *Join) Losing(groups []cluster.Group) (n int) {
	for i := range groups {
		if groups[i].Loss != cluster.NoLoss {
			n++
		}
	}
	if n == 0 {
		return 0
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, key := range j.queue {
		e := j.services[key]
		if !e.reported || !e.ready || len(e.lost) == 0 {
			continue
		}
		if _, from := j.behind(key, e); j.exportOf(from) == 0 || from.slices.empty() && len(from.claims) == 0 {
			n++
		}
	}
	return n
}

// Queued and Taken count Services put into and taken off the queue since the
// beginning. Once Taken reaches what Queued was at some moment, all that had
// changed by then was told.
func (j *Join) Queued() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.queued + uint64(len(j.held)) // those held come back when settled
}

// Taken is how much of Queued was told: see there.
func (j *Join) Taken() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.taken
}

// LacksSlices says that no EndpointSlice is known of a Service. One that is empty vouches
// for what is not there; none may be missing from a list.
func (j *Join) LacksSlices(key cluster.ServiceKey) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	e := j.services[key]
	if e == nil {
		return true
	}
	_, from := j.behind(key, e)
	return from.slices.empty() && len(from.claims) == 0
}

// exportOf is the set of rules that are switched on and hold for e's Service.
func (j *Join) exportOf(e *entry) cluster.Export {
	if len(e.claims) > 0 {
		return e.claimedBy()
	}
	s := e.service
	if s == nil || s.flag(recordExternal) {
		return 0
	}
	var x cluster.Export
	if e.exported() {
		x |= cluster.ByServiceExport
	}
	if s.flag(recordOptIn) {
		x |= cluster.ByAnnotation
	}
	if s.typ() == cluster.LoadBalancer && !s.flag(recordOptOut) {
		x |= cluster.ByLoadBalancer
	}
	return x & j.cfg.Rules
}

// difference is the Group to tell for key, if there is one to tell. Its Loss is
// no part of the fingerprint: what went away without making a difference is
// forgotten.
func (j *Join) difference(key cluster.ServiceKey, e *entry, export cluster.Export) (cluster.Group, bool) {
	loss := e.loss()
	if export == 0 {
		j.warn(key, e)
		if !e.reported {
			return cluster.Group{}, false
		}
		e.reported, e.ready = false, false
		return cluster.Group{Cluster: j.cfg.Cluster, Service: key, Withdrawn: true, Loss: loss}, true
	}
	g := j.group(key, e, export)
	j.printing = appendGroup(j.printing[:0], &g)
	print := maphash.Bytes(j.seed, j.printing)
	if e.reported && e.told == print {
		return cluster.Group{}, false
	}
	e.reported, e.ready, e.told, g.Loss = true, ready(&g), print, loss
	return g, true
}

// ready says that a Group may be answered, as far as its endpoints tell: one that
// takes traffic, or that terminates and still serves, or addresses by annotation
// where no endpoint is known, or that of a host, which has no endpoints.
func ready(g *cluster.Group) bool {
	if g.WithoutEndpoints && len(g.Ingress)+len(g.ClusterIPs) > 0 {
		return true
	}
	if len(g.Endpoints) == 0 {
		return len(g.Addresses) > 0 || g.Export&cluster.Hosts != 0 && len(g.Ingress) > 0
	}
	return slices.ContainsFunc(g.Endpoints, func(p cluster.Endpoint) bool {
		return p.Ready || g.PublishNotReady || p.Serving && p.Terminating
	})
}

// group puts e together. The result shares no memory with the Join that is
// ever written to again.
func (j *Join) group(key cluster.ServiceKey, e *entry, export cluster.Export) cluster.Group {
	of, from := j.behind(key, e)
	if len(from.claims) > 0 {
		return from.host(j.cfg.Cluster, key, export)
	}
	s := from.service.service(of, j.names.intern) // unpacked for g, which may keep what it holds
	g := cluster.Group{
		Cluster: j.cfg.Cluster, Service: key, Export: export,
		Created: s.created, Type: s.typ, PublishNotReady: s.publishNotReady,
		ClusterIPs: s.clusterIPs, Ingress: s.ingress, Ports: s.ports,
		TTL: s.ttl, Policy: s.policy, Weight: s.weight, Addresses: s.addresses, WithoutEndpoints: s.withoutEndpoints,
	}
	if export&cluster.ByServiceExport != 0 {
		g.Created = *from.export
	}
	found := []findings{s.findings, s.misannotated, j.misnamed(key, from, s)}
	for _, p := range from.slices.all() {
		found = append(found, p.findings.get())
		var err error
		if g.Endpoints, err = unpack(g.Endpoints, p.packed(), j.names.intern); err != nil {
			// Only pack writes packed strings: this is a bug here, not bad input.
			panic("join: slice " + p.name() + " of " + key.String() + ": " + err.Error())
		}
	}
	g.Endpoints, g.Findings = merge(g.Endpoints), union(found...)
	return g
}

// merge sorts endpoints and makes one of those with the same address. While a
// Pod moves between slices it may be in both, and the one that is ready is the
// later one (KEP-0752: consumers must de-duplicate). When both stand alike
// their ports are united: a Service with several target ports may keep an
// address in one slice for each.
func merge(endpoints []cluster.Endpoint) []cluster.Endpoint {
	if len(endpoints) == 0 {
		return nil
	}
	slices.SortFunc(endpoints, compareEndpoints)
	out := endpoints[:1]
	for _, e := range endpoints[1:] {
		last := &out[len(out)-1]
		if last.Addr != e.Addr {
			out = append(out, e)
			continue
		}
		if last.Ready == e.Ready && !slices.Equal(last.Ports, e.Ports) {
			last.Ports = slices.Concat(last.Ports, e.Ports)
			slices.SortFunc(last.Ports, comparePorts)
			last.Ports = slices.Compact(last.Ports)
		}
		if last.Hostname == "" {
			last.Hostname = e.Hostname
		}
		if last.Zone == "" {
			last.Zone = e.Zone
		}
	}
	return slices.Clip(out)
}

// appendGroup appends every field of g that a reader could tell apart, each
// list behind its length, so that different Groups give different bytes.
func appendGroup(b []byte, g *cluster.Group) []byte {
	b = append(b, byte(g.Export), byte(g.Type), boolByte(g.PublishNotReady), boolByte(g.WithoutEndpoints))
	b = appendTime(b, g.Created)
	b = appendAddrs(b, g.ClusterIPs)
	b = binary.AppendUvarint(b, uint64(len(g.Ingress)))
	for _, i := range g.Ingress {
		b = appendAddr(b, i.Addr)
		b = packed.AppendText(b, i.Hostname)
	}
	b = appendPorts(b, g.Ports)
	b = binary.AppendUvarint(b, uint64(g.TTL))
	b = packed.AppendText(b, g.Policy)
	b = binary.AppendUvarint(b, uint64(g.Weight))
	b = appendAddrs(b, g.Addresses)
	b = binary.AppendUvarint(b, uint64(len(g.Endpoints)))
	for i := range g.Endpoints {
		e := &g.Endpoints[i]
		b = append(b, boolByte(e.Ready)|boolByte(e.Serving)<<1|boolByte(e.Terminating)<<2)
		b = appendAddr(b, e.Addr)
		b = packed.AppendText(b, e.Hostname)
		b = packed.AppendText(b, e.Zone)
		b = appendPorts(b, e.Ports)
	}
	b = binary.AppendUvarint(b, uint64(len(g.Findings)))
	for _, text := range g.Findings {
		b = packed.AppendText(b, text)
	}
	return b
}

func appendAddrs(b []byte, addrs []netip.Addr) []byte {
	b = binary.AppendUvarint(b, uint64(len(addrs)))
	for _, a := range addrs {
		b = appendAddr(b, a)
	}
	return b
}

func appendAddr(b []byte, a netip.Addr) []byte {
	raw := a.AsSlice()
	b = append(b, byte(len(raw)))
	return append(b, raw...)
}

func appendPorts(b []byte, ports []cluster.Port) []byte {
	b = binary.AppendUvarint(b, uint64(len(ports)))
	for _, p := range ports {
		b = packed.AppendText(b, p.Name)
		b = packed.AppendText(b, p.Protocol)
		b = binary.BigEndian.AppendUint16(b, p.Number)
	}
	return b
}

func appendTime(b []byte, t time.Time) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(t.Unix()))
	return binary.BigEndian.AppendUint32(b, uint32(t.Nanosecond()))
}

func boolByte(v bool) byte {
	if v {
		return 1
	}
	return 0
}
