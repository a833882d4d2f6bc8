package federation

import (
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/util/workqueue"

	"github.com/fedns/fedns/discovery/evidence"
	"github.com/fedns/fedns/federation/cluster"
	"github.com/fedns/fedns/federation/failover"
	"github.com/fedns/fedns/federation/interpret"
	"github.com/fedns/fedns/federation/placement"
	"github.com/fedns/fedns/federation/work"
)

// Engine has templates placed and propagated. Its methods may be called from any
// goroutine; none but Run blocks for long.
type Engine struct {
	cfg     Config
	log     *slog.Logger
	queue   workqueue.TypedRateLimitingInterface[work.Key] // to be looked at
	turns   *turns                                         // in which order
	reports workqueue.TypedRateLimitingInterface[work.Key] // to be told of
	recheck chan struct{}

	mu         sync.Mutex
	entries    map[work.Key]*entry
	spaces     map[string]map[work.Key]*entry // their Keys by namespace
	revision   uint64
	synced     map[string]bool // dialects
	opened     bool            // the Bindings are known
	openedAt   time.Time
	complete   bool // so are the clusters
	clusters   []*cluster.Cluster
	byName     map[string]*cluster.Cluster
	place      func(placement.Request) (placement.Decision, error) // among clusters
	lost       map[string]bool                                     // see failover.Lost
	guard      evidence.Guard
	inventory  evidence.Guard              // of clusters that vanish
	ghosts     map[string]string           // clusters that vanished and are held, each with why
	parted     map[string]bool             // clusters that vanished and are not
	leavers    map[place]map[work.Key]bool // false: it waits for what replaces it
	early      []work.Key                  // of Lost, before the Bindings are known
	bound      map[work.Key]work.Key       // the Keys of Bindings, by themselves without a version
	heirs      map[work.Key]work.Key       // what is ordered while another version of it is placed, in the same way
	forgotten  map[string]bool             // clusters of which the propagator was told
	stats      Stats
	announcing announcing
}

// place is a namespace in a cluster. What leaves one leaves it together: a Service
// without its Pods, or the other way round, serves nobody.
type place struct{ namespace, cluster string }

var _ work.Sink = (*Engine)(nil)

// New makes an Engine; nothing is done before Run. The Propagator's outcomes go to
// Outcome.
func New(cfg Config) *Engine {
	cfg = cfg.withDefaults()
	queue := func(order workqueue.Queue[work.Key]) workqueue.TypedRateLimitingInterface[work.Key] {
		limiter := workqueue.NewTypedItemExponentialFailureRateLimiter[work.Key](retryFirst, retryLast)
		return workqueue.NewTypedRateLimitingQueueWithConfig(limiter, workqueue.TypedRateLimitingQueueConfig[work.Key]{
			DelayingQueue: workqueue.NewTypedDelayingQueueWithConfig(workqueue.TypedDelayingQueueConfig[work.Key]{
				Queue: workqueue.NewTypedWithConfig(workqueue.TypedQueueConfig[work.Key]{Queue: order}),
			}),
		})
	}
	turns := newTurns()
	return &Engine{
		cfg: cfg, log: cfg.Log, queue: queue(turns), turns: turns, reports: queue(workqueue.DefaultQueue[work.Key]()), recheck: make(chan struct{}, 1),
		entries: map[work.Key]*entry{}, synced: map[string]bool{}, byName: map[string]*cluster.Cluster{},
		spaces: map[string]map[work.Key]*entry{}, leavers: map[place]map[work.Key]bool{}, forgotten: map[string]bool{}, bound: map[work.Key]work.Key{}, heirs: map[work.Key]work.Key{},
		ghosts: map[string]string{}, parted: map[string]bool{},
	}
}

// entry is what is known of a Key; mu is held.
func (e *Engine) entry(key work.Key) *entry {
	known := e.entries[key]
	if known == nil {
		known = newEntry(key)
		e.entries[key] = known
		if e.spaces[key.Namespace] == nil {
			e.spaces[key.Namespace] = map[work.Key]*entry{}
		}
		e.spaces[key.Namespace][key] = known
	}
	return known
}

// Order implements work.Sink.
func (e *Engine) Order(o work.Order) {
	next := read(o)
	e.mu.Lock()
	defer e.mu.Unlock()
	known := e.entry(o.Key)
	defer e.queue.Add(o.Key)
	known.changes++
	if known.decided != 0 {
		e.turns.hurry(o.Key) // it is not one of those that all come at a start
	}
	if o.Template != nil {
		e.succeed(known)
	}
	if o.Template == nil && o.Err == nil {
		known.withdrawn = known.placed == nil || known.placed.Dialect == o.Dialect || !e.has(known.placed.Dialect)
		known.taken[o.Dialect] = o
		delete(known.orders, o.Dialect)
		known.stale = true
		if heir := e.entries[e.heirs[o.Key.Versionless()]]; heir != nil && heir != known && len(heir.orders) > 0 {
			e.succeed(heir)
		}
		return
	}
	e.announceOrder(known, o.Source, "order "+o.Dialect, o.Err)
	e.revision++
	next.revision = e.revision
	if was := known.orders[o.Dialect]; o.Err != nil && was != nil {
		// What was placed stands, and goes on as it was ordered last.
		err := o.Err
		again := *was
		again.err = err
		next = &again
	}
	known.orders[o.Dialect] = next
	delete(known.taken, o.Dialect)
	known.withdrawn, known.admitted, known.held = false, false, ""
	known.stale = true
}

// read is an order with what its template says.
func read(o work.Order) *ordered {
	r := &ordered{Order: o, err: o.Err, placement: o.Placement}
	if o.Template == nil {
		return r
	}
	r.placement.Key, r.placement.Kind = o.Key.String(), o.Key.Kind
	if r.placement.Replicas == nil {
		n, requests, err := interpret.Replicas(o.Template)
		if err != nil {
			r.wrong = err
		}
		r.placement.Replicas = n
		if r.placement.Requests == nil {
			r.placement.Requests = requests
		}
	}
	if o.Options.Dependencies {
		refers, err := interpret.Dependencies(o.Template)
		if err != nil {
			r.wrong = err
		}
		r.refers = refers
	}
	return r
}

// Synced implements work.Sink.
func (e *Engine) Synced(dialect string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.synced[dialect] {
		return
	}
	e.synced[dialect] = true
	e.missing()
	for key, known := range e.entries {
		if known.stale {
			e.queue.Add(key) // it may have waited for this dialect
		}
	}
}

// Outcome takes in what came of a Task.
func (e *Engine) Outcome(o work.Outcome) {
	e.mu.Lock()
	defer e.mu.Unlock()
	known := e.entries[o.Key]
	if known == nil || !known.note(o, time.Now()) {
		return
	}
	e.announceOutcome(known, o)
	e.queue.Add(o.Key)
	for _, parents := range []map[work.Key][]string{known.needed, known.dropping} {
		for parent := range parents {
			e.queue.Add(parent)
		}
	}
}

// Recheck says that there are other clusters, or that they are different.
func (e *Engine) Recheck() {
	select {
	case e.recheck <- struct{}{}:
	default:
	}
}

// Changed says that an object of the host that templates may refer to is another.
func (e *Engine) Changed(key work.Key) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if known := e.entries[key]; known != nil && len(known.needed) > 0 {
		e.queue.Add(key)
	}
}

// look takes in the clusters as they are, and has what they concern looked at.
func (e *Engine) look() {
	all, complete := e.cfg.Clusters()
	place := placement.New(all).Place
	if e.cfg.Placer != nil {
		place = func(r placement.Request) (placement.Decision, error) { return e.cfg.Placer.Place(r, all) }
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	before := e.byName
	byName := make(map[string]*cluster.Cluster, len(all))
	for _, c := range all {
		byName[c.Name] = c
	}
	first := complete && !e.complete
	e.clusters, e.byName, e.place, e.complete = all, byName, place, complete || e.complete
	lost := failover.Lost(all, e.cfg.Failover)
	storm := len(lost) > 0 && len(e.lost) == 0 || len(lost) == 0 && len(e.lost) > 0
	if storm {
		e.tellStorm(lost)
	}
	others := []changedCluster{}
	for _, c := range all {
		if was := before[c.Name]; was == nil || !alike(was, c) || e.lost[c.Name] != lost[c.Name] {
			others = append(others, changedCluster{c.Name, was, c, was != nil && worse(was, c)})
		}
	}
	for name, was := range before {
		if byName[name] == nil && e.complete {
			others = append(others, changedCluster{name, was, nil, true})
		}
	}
	e.lost = lost
	e.vanish()
	for key, known := range e.entries {
		short := known.err != nil || known.decision.Unplaced > 0 // there may be room now
		if first || short || len(others) > 0 && known.concernedBy(others) {
			known.stale = true
			e.queue.Add(key)
		}
		if known.hearsOf(others) {
			e.announceClusters(known, others)
			known.changes++
			e.reports.Add(key)
		}
	}
}

// hearsOf says that one of some clusters holds it, and was lost or found again, or is
// to hold it no more, and can be reached no more or again: that is reported, though
// nothing moves yet.
func (e *entry) hearsOf(others []changedCluster) bool {
	return e.placed != nil && slices.ContainsFunc(others, func(c changedCluster) bool {
		_, has := e.placed.Has(c.name)
		return has && lostNow(c.was) != lostNow(c.now) || e.placed.removing(c.name) && absentNow(c.was) != absentNow(c.now)
	})
}

// changedCluster is a cluster that came, went or is different.
type changedCluster struct {
	name     string
	was, now *cluster.Cluster // nil: it was not there, or is no more
	worse    bool             // nothing is to come to it that would not have before
}

// worse says that a cluster differs by more taints only, so that it matters to
// nothing that is not there.
func worse(was, now *cluster.Cluster) bool {
	less := *now
	less.Taints = was.Taints
	return alike(was, &less) && !slices.ContainsFunc(was.Taints, func(t corev1.Taint) bool {
		return !slices.ContainsFunc(now.Taints, func(n corev1.Taint) bool { return sameTaints([]corev1.Taint{t}, []corev1.Taint{n}) })
	})
}

// alike says that a cluster is what it was, but for what it can hold: that moves
// all the time, and nothing is moved for it.
func alike(a, b *cluster.Cluster) bool {
	return a == b || a.Provider == b.Provider && a.Region == b.Region && a.Price == b.Price &&
		slices.Equal(a.Zones, b.Zones) && sameMap(a.Labels, b.Labels) && sameTaints(a.Taints, b.Taints) && sameMap(a.Kinds, b.Kinds) &&
		(a.Kinds == nil) == (b.Kinds == nil) && a.Capacity.Known == b.Capacity.Known
}

// concernedBy says that one of some clusters matters to it.
func (e *entry) concernedBy(others []changedCluster) bool {
	o := e.winner()
	for _, c := range others {
		if e.placed != nil && e.placed.concerns(c.name) {
			return true
		}
		if o != nil && o.Template != nil && !c.worse && (o.canBeIn(c.now) || o.canBeIn(c.was)) {
			return true
		}
		for _, where := range e.needed {
			if slices.Contains(where, c.name) {
				return true
			}
		}
	}
	return false
}

// sortedKeys are all Keys in an order for people.
func sortedKeys(all []work.Key) []work.Key {
	slices.SortFunc(all, func(a, b work.Key) int { return strings.Compare(a.String(), b.String()) })
	return all
}
