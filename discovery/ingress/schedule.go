package ingress

import (
	"container/heap"
	"context"
	"slices"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
)

// class parts hostnames by what asking them costs.
type class uint8

const (
	prompt class = iota // new, or answered last time
	slow                // failed last time, or gave way: allowed a share of the workers only
)

const (
	// patience is for how long a prompt hostname keeps its worker while others
	// wait for one. A recursive server answers from its cache in milliseconds,
	// and seldom needs longer than this to find an answer.
	patience = 250 * time.Millisecond

	// slowShare is the part of the workers that slow hostnames may hold.
	slowShare = 4

	idle = time.Hour // nothing to wait for: Acquire wakes, and so does an answer
)

// entry is one hostname that somebody wants.
type entry struct {
	hostname string // as it was acquired: the key
	name     dnsname.Name
	wanted   int // how often it was acquired and not released
	state    state
	class    class
	due      time.Time
	at       int // place in the queue; -1: not in it, being asked
	told     bool
	finding  string // what was told last

	begun time.Time          // while it is asked: since when
	stop  context.CancelFunc // while it is asked: ends that
	late  bool               // it was stopped, for others waited
}

// schedule says which hostname is asked when. It has no clock of its own.
//
//	new, answered ──► queues[prompt] ──due──► asked (at most workers)
//	failed, late  ──► queues[slow]   ──due──► asked (at most share of them)
type schedule struct {
	entries        map[string]*entry
	queues         [2]queue // by class
	asked          []*entry // being asked, the longest first
	slow           int      // how many of them are
	workers, share int
}

func newSchedule(workers int) schedule {
	return schedule{entries: map[string]*entry{}, workers: workers, share: max(1, workers/slowShare)}
}

// add puts e in, due at once.
func (s *schedule) add(e *entry, now time.Time) {
	s.entries[e.hostname] = e
	s.wait(e, prompt, now)
}

// wait puts e back into the queue of its class.
func (s *schedule) wait(e *entry, c class, due time.Time) {
	e.class, e.due = c, due
	heap.Push(&s.queues[c], e)
}

// remove forgets e; an answer still on its way finds nobody.
func (s *schedule) remove(e *entry) {
	delete(s.entries, e.hostname)
	switch {
	case e.at >= 0:
		heap.Remove(&s.queues[e.class], e.at)
	case e.stop != nil:
		e.stop()
	}
}

// next takes out the entry to ask now, until landed; nil: there is none for as
// long as wait, unless one lands. Prompt ones go first. When they find no worker
// free, one that was asked for longer than patience is stopped.
func (s *schedule) next(now time.Time) (e *entry, wait time.Duration) {
	wait = idle
	for c, q := range s.queues {
		switch {
		case len(q) == 0:
		case q[0].due.After(now):
			wait = min(wait, q[0].due.Sub(now))
		case class(c) == slow && s.slow >= s.share:
		case len(s.asked) < s.workers:
			return s.take(q[0], now), 0
		case class(c) == prompt:
			wait = min(wait, s.giveWay(now))
		}
	}
	return nil, wait
}

func (s *schedule) take(e *entry, now time.Time) *entry {
	heap.Remove(&s.queues[e.class], e.at)
	e.begun, e.late = now, false
	s.asked = append(s.asked, e)
	if e.class == slow {
		s.slow++
	}
	return e
}

// giveWay stops the prompt entry that is asked longest, or says how long it may
// go on. One is stopped at a time: when it lands, next looks again.
func (s *schedule) giveWay(now time.Time) (wait time.Duration) {
	for _, e := range s.asked {
		if e.class == slow {
			continue
		}
		if wait := e.begun.Add(patience).Sub(now); wait > 0 {
			return wait
		}
		if !e.late {
			e.late = true
			e.stop()
		}
		break
	}
	return idle
}

// landed ends what next began. false: e is not wanted any more.
func (s *schedule) landed(e *entry) bool {
	s.asked = slices.DeleteFunc(s.asked, func(a *entry) bool { return a == e })
	if e.class == slow {
		s.slow--
	}
	e.stop()
	e.stop = nil
	return s.entries[e.hostname] == e
}

// queue is a heap by due time (container/heap).
type queue []*entry

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].due.Before(q[j].due) }
func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].at, q[j].at = i, j
}

func (q *queue) Push(x any) {
	e := x.(*entry)
	e.at = len(*q)
	*q = append(*q, e)
}

func (q *queue) Pop() any {
	last := len(*q) - 1
	e := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	e.at = -1
	return e
}
