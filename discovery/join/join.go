package join

import (
	"hash/maphash"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
)

// AllRules is every export rule there is for Services.
const AllRules = cluster.ByServiceExport | cluster.ByAnnotation | cluster.ByLoadBalancer

// Config says whose objects are joined and which Services count.
type Config struct {
	Cluster cluster.ID
	Rules   cluster.Export // which export rules are switched on; Defaults to AllRules
	Log     *slog.Logger   // hears of what no Group or Topology can carry; Defaults to slog.Default()
	// Arrived hears of each EndpointSlice of an exported Service that came over a
	// watch, made a difference and says when it was changed, how long before Received
	// that was. It must return soon. Defaults to nobody.
	Arrived func(service cluster.ServiceKey, lag time.Duration)
}

// Join holds what is known of one cluster's objects, by Service, and which
// Services changed since they were last told. All methods may be called from
// many goroutines at once; none blocks for longer than the work takes.
//
// Only an explicit Delete, or a Replace that lacks the object, makes Join
// forget: whoever feeds it decides what is evidence.
type Join struct {
	cfg  Config
	seed maphash.Seed
	wake chan struct{}

	mu       sync.Mutex
	services map[cluster.ServiceKey]*entry
	strays   map[cluster.ServiceKey]string // slices that are not called after their Service: that Service
	hosts    hosts
	mirrors  mirrors
	nodes    places
	names    interned
	queue    []cluster.ServiceKey // dirty Services in order of their first change, each once
	queued   uint64               // how many were ever put into queue
	taken    uint64               // how many were ever taken out
	held     []cluster.ServiceKey // taken, but new and not settled yet
	received received
	printing []byte // scratch
}

// entry is all that is known of one Service name.
type entry struct {
	service record
	slices  parts
	export  *time.Time              // when the ServiceExport was made; nil: there is none
	warned  uint64                  // fingerprint of the findings last logged; 0: none
	claims  map[object]claim        // of a host: who says where it is; nil: nobody
	lost    map[object]cluster.Loss // what went away since the Group was last told, and how

	dirty    bool   // in queue or held
	reported bool   // a Group was told and not withdrawn since
	ready    bool   // and it had something to answer with
	told     uint64 // that Group's fingerprint
}

// New makes an empty Join.
func New(cfg Config) *Join {
	if cfg.Rules == 0 {
		cfg.Rules = AllRules
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	return &Join{
		cfg:      cfg,
		seed:     maphash.MakeSeed(),
		wake:     make(chan struct{}, 1),
		services: map[cluster.ServiceKey]*entry{},
		strays:   map[cluster.ServiceKey]string{},
	}
}

// Wake yields after something changed; many changes may yield once.
func (j *Join) Wake() <-chan struct{} { return j.wake }

// PutService takes in a Service as it stands now.
func (j *Join) PutService(s Service) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.putService(s)
}

func (j *Join) putService(s Service) {
	s.Key.Namespace = j.names.intern(s.Key.Namespace)
	e := j.entry(s.Key)
	before := e.service.others(s.Key)
	e.service = recordOf(&s)
	j.mirror(s.Key, before, e.service.others(s.Key), cluster.Deleted)
	j.regain(s.Key, e, object{kind: theService})
	j.touch(s.Key, e)
}

// DeleteService takes note that a Service is seen to be gone.
func (j *Join) DeleteService(key cluster.ServiceKey) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.dropService(key, j.services[key], cluster.Deleted)
}

// ReplaceServices takes in all Services of the cluster; those not among them are
// gone, and how says what evidence that is.
func (j *Join) ReplaceServices(all []Service, how cluster.Loss) {
	j.mu.Lock()
	defer j.mu.Unlock()
	seen := make(map[cluster.ServiceKey]struct{}, len(all))
	for _, s := range all {
		seen[s.Key] = struct{}{}
		j.putService(s)
	}
	for key, e := range j.services {
		if _, ok := seen[key]; !ok {
			j.dropService(key, e, how)
		}
	}
}

// PutExport takes in a ServiceExport.
func (j *Join) PutExport(x Export) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.putExport(x)
}

func (j *Join) putExport(x Export) {
	e := j.entry(x.Key)
	if e.export == nil || !e.export.Equal(x.Created) {
		created := x.Created // not to hold on to the rest of x
		e.export = &created
		j.regain(x.Key, e, object{kind: theExport})
		j.touch(x.Key, e)
	}
}

// DeleteExport takes note that a ServiceExport is seen to be gone; how is Doubtful if
// its definition went with it.
func (j *Join) DeleteExport(key cluster.ServiceKey, how cluster.Loss) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.dropExport(key, j.services[key], how)
}

// ReplaceExports takes in all ServiceExports, as ReplaceServices does Services.
func (j *Join) ReplaceExports(all []Export, how cluster.Loss) {
	j.mu.Lock()
	defer j.mu.Unlock()
	seen := make(map[cluster.ServiceKey]struct{}, len(all))
	for _, x := range all {
		seen[x.Key] = struct{}{}
		j.putExport(x)
	}
	for key, e := range j.services {
		if _, ok := seen[key]; !ok {
			j.dropExport(key, e, how)
		}
	}
}

// Exports counts the ServiceExports that are known.
func (j *Join) Exports() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	n := 0
	for _, e := range j.services {
		if e.exported() {
			n++
		}
	}
	return n
}

// PutSlice takes in an EndpointSlice as it stands now.
func (j *Join) PutSlice(s Slice) {
	j.mu.Lock()
	told := j.putSlice(s) && j.exportedBy(s)
	j.mu.Unlock()
	if told {
		j.arrived(s)
	}
}

// putSlice says whether s made a difference.
func (j *Join) putSlice(s Slice) bool {
	if old, ok := j.serviceOf(s.Key); ok && old != s.Service {
		j.dropSlice(s.Key, cluster.Deleted) // it was given to another Service, as it says itself
	}
	if s.Service == "" || s.Key.Name == "" {
		return false
	}
	s.Key.Namespace = j.names.intern(s.Key.Namespace)
	key := cluster.ServiceKey{Namespace: s.Key.Namespace, Name: s.Service}
	e := j.entry(key)
	i := e.slices.index(s.Key.Name)
	if i < 0 {
		if calledAfter(s.Key.Name) != s.Service {
			j.strays[cluster.ServiceKey{Namespace: key.Namespace, Name: strings.Clone(s.Key.Name)}] = s.Service
		}
		e.slices.add(s.part())
		j.regain(key, e, object{aSlice, s.Key.Name})
	} else {
		known := &e.slices.all()[i]
		if known.octets == s.octets && known.findings.get().equal(s.findings) {
			return false // only what DNS does not look at has changed
		}
		*known = s.part()
	}
	j.touch(key, e)
	j.received.note(key, s.Received)
	return true
}

// DeleteSlice takes note that an EndpointSlice is seen to be gone.
func (j *Join) DeleteSlice(key cluster.ServiceKey) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.dropSlice(key, cluster.Deleted)
}

func (j *Join) dropSlice(slice cluster.ServiceKey, how cluster.Loss) {
	service, ok := j.serviceOf(slice)
	if !ok {
		return
	}
	delete(j.strays, slice)
	key := cluster.ServiceKey{Namespace: slice.Namespace, Name: service}
	e := j.services[key]
	i := e.slices.index(slice.Name)
	if e.carries(e.slices.all()[i].packed()) {
		j.lose(key, e, object{aSlice, slice.Name}, how)
	}
	e.slices.remove(i)
	j.touch(key, e)
}

// ReplaceSlices takes in all EndpointSlices, as ReplaceServices does Services.
func (j *Join) ReplaceSlices(all []Slice, how cluster.Loss) {
	j.mu.Lock()
	defer j.mu.Unlock()
	seen := make(map[cluster.ServiceKey]struct{}, len(all))
	for _, s := range all {
		seen[s.Key] = struct{}{}
		j.putSlice(s)
	}
	for key, e := range j.services {
		for i := len(e.slices.all()) - 1; i >= 0; i-- { // from behind: dropSlice takes it out
			slice := cluster.ServiceKey{Namespace: key.Namespace, Name: e.slices.all()[i].name()}
			if _, ok := seen[slice]; !ok {
				j.dropSlice(slice, how)
			}
		}
	}
}

// serviceOf finds the Service of an EndpointSlice that is known; false: it is not.
func (j *Join) serviceOf(slice cluster.ServiceKey) (service string, known bool) {
	if service, known = j.strays[slice]; known {
		return service, true
	}
	service = calledAfter(slice.Name)
	e := j.services[cluster.ServiceKey{Namespace: slice.Namespace, Name: service}]
	return service, e != nil && e.slices.index(slice.Name) >= 0
}

// calledAfter is the Service of an EndpointSlice by the slice's name, which is that
// of its Service, a hyphen and five characters where Kubernetes made it: so nothing
// need be kept of nearly all slices to know whose they are.
func calledAfter(slice string) string { return slice[:max(0, strings.LastIndexByte(slice, '-'))] }

func (e *entry) exported() bool { return e.export != nil }

// entry finds or makes the entry of key.
func (j *Join) entry(key cluster.ServiceKey) *entry {
	e := j.services[key]
	if e == nil {
		e = &entry{}
		j.services[key] = e
	}
	return e
}

// touch puts key into the queue, unless it waits there already, and with it its
// other names, and those that want one of its names.
func (j *Join) touch(key cluster.ServiceKey, e *entry) {
	j.enqueue(key, e)
	j.enqueueWanting(key)
	for _, other := range e.service.others(key) {
		j.enqueue(other, j.services[other])
		j.enqueueWanting(other)
	}
	j.signal()
}

func (j *Join) enqueueWanting(name cluster.ServiceKey) {
	for _, of := range j.mirrors[name] {
		j.enqueue(of, j.services[of])
	}
}

func (j *Join) enqueue(key cluster.ServiceKey, e *entry) {
	if e != nil && !e.dirty {
		e.dirty = true
		j.queue = append(j.queue, key)
		j.queued++
	}
}

func (j *Join) signal() {
	select {
	case j.wake <- struct{}{}:
	default:
	}
}

func (j *Join) hash(texts []string) uint64 {
	return maphash.String(j.seed, strings.Join(texts, "\x00"))
}

// interned gives one copy of each string it was asked for.
type interned map[string]string

// maxInterned bounds the table against a cluster that makes up names without
// end; zones and port names of a real one are a few hundred.
const maxInterned = 4096

func (t *interned) intern(s string) string {
	if s == "" {
		return ""
	}
	if kept, ok := (*t)[s]; ok {
		return kept
	}
	if *t == nil || len(*t) >= maxInterned {
		*t = interned{}
	}
	s = strings.Clone(s)
	(*t)[s] = s
	return s
}
