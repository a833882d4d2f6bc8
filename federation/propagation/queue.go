package propagation

import (
	"container/heap"
	"time"
)

// queue has the records of one member that something is to be done with. Each is in
// it once, so it is never longer than there are objects. It is not safe for
// concurrent use.
type queue struct {
	ready  [levels]fifo
	later  heaped
	parked int
}

// put has a record worked on as soon as its turn comes. One that is being worked on
// has its turn afterwards.
func (q *queue) put(r *record, l level) {
	switch r.queued {
	case working:
		r.again, r.level = true, min(r.level, l)
		return
	case ready:
		if r.level <= l {
			return
		}
		// It stays where it was in line, too, and is passed over there.
	case later:
		heap.Remove(&q.later, r.heapedAt)
	case parked:
		q.parked--
	}
	r.queued, r.level = ready, l
	q.ready[l].push(r)
}

// delay has a record worked on at a time.
func (q *queue) delay(r *record, due time.Time) {
	if r.queued == later {
		heap.Remove(&q.later, r.heapedAt)
	}
	if r.queued == parked {
		q.parked--
	}
	r.queued, r.due, r.level = later, due, routine
	heap.Push(&q.later, r)
}

// park keeps a record until it is put.
func (q *queue) park(r *record) {
	r.queued = parked
	q.parked++
}

// drop forgets a record.
func (q *queue) drop(r *record) {
	switch r.queued {
	case later:
		heap.Remove(&q.later, r.heapedAt)
	case parked:
		q.parked--
	}
	r.queued = nowhere
}

// next is the record whose turn it is, nil: none's.
func (q *queue) next(now time.Time) *record {
	for len(q.later) > 0 && !q.later[0].due.After(now) {
		r := q.later[0]
		q.put(r, routine)
	}
	for l := range q.ready {
		for {
			r := q.ready[l].pop()
			if r == nil {
				break
			}
			if r.queued == ready && r.level == level(l) {
				r.queued = working
				return r
			}
		}
	}
	return nil
}

// due is when the first of those that wait for a time is to be worked on.
func (q *queue) due() (at time.Time, ok bool) {
	if len(q.later) == 0 {
		return time.Time{}, false
	}
	return q.later[0].due, true
}

// fifo is a queue that keeps its memory while it is used.
type fifo struct {
	items []*record
	head  int
}

func (f *fifo) push(r *record) { f.items = append(f.items, r) }

func (f *fifo) pop() *record {
	if f.head == len(f.items) {
		f.items, f.head = nil, 0
		return nil
	}
	r := f.items[f.head]
	f.items[f.head] = nil
	f.head++
	if f.head > 64 && f.head*2 > len(f.items) {
		f.items, f.head = append([]*record(nil), f.items[f.head:]...), 0
	}
	return r
}

// heaped is a heap by due.
type heaped []*record

func (h heaped) Len() int           { return len(h) }
func (h heaped) Less(i, j int) bool { return h[i].due.Before(h[j].due) }
func (h heaped) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].heapedAt, h[j].heapedAt = i, j
}
func (h *heaped) Push(x any) {
	r := x.(*record)
	r.heapedAt = len(*h)
	*h = append(*h, r)
}
func (h *heaped) Pop() any {
	last := len(*h) - 1
	r := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return r
}
