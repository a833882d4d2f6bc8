package ingress

import (
	"container/heap"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
)

// entry is one hostname that somebody wants.
type entry struct {
	hostname string // as it was acquired: the key
	name     dnsname.Name
	wanted   int // how often it was acquired and not released
	state    state
	due      time.Time
	at       int // place in the queue; -1: not in it, being asked
	told     bool
	finding  string // what was told last
}

// schedule orders hostnames by when they are due. It has no clock of its own.
type schedule struct {
	entries map[string]*entry
	queue   queue
}

func newSchedule() schedule { return schedule{entries: map[string]*entry{}} }

// add puts e in, due at once.
func (s *schedule) add(e *entry, now time.Time) {
	s.entries[e.hostname] = e
	s.wait(e, now)
}

// wait puts e back into the queue.
func (s *schedule) wait(e *entry, due time.Time) {
	e.due = due
	heap.Push(&s.queue, e)
}

// remove forgets e; an answer still on its way finds nobody.
func (s *schedule) remove(e *entry) {
	delete(s.entries, e.hostname)
	if e.at >= 0 {
		heap.Remove(&s.queue, e.at)
	}
}

// next is the entry that is due first, left in the queue; nil: nothing waits.
func (s *schedule) next() *entry {
	if len(s.queue) == 0 {
		return nil
	}
	return s.queue[0]
}

// take takes e, due now, out of the queue until wait.
func (s *schedule) take(e *entry) { heap.Remove(&s.queue, e.at) }

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
