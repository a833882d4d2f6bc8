package stream

import (
	"runtime"
	"sync/atomic"
)

// Turns bounds how many connections compose answers at once, so that any number
// of busy ones leaves processors to others. It is safe for concurrent use.
type Turns struct {
	slots chan struct{}
	busy  atomic.Int32
}

// NewTurns makes n of them.
func NewTurns(n int) *Turns { return &Turns{slots: make(chan struct{}, n)} }

// Busy says that some connection has something to answer.
func (t *Turns) Busy() bool { return t.busy.Load() > 0 }

// Take waits for a turn: whoever had one stands in line again behind all others.
func (t *Turns) Take() {
	t.busy.Add(1)
	runtime.Gosched()
	t.slots <- struct{}{}
}

// Give ends a turn. What has to wait for the client comes after it.
func (t *Turns) Give() {
	<-t.slots
	t.busy.Add(-1)
}
