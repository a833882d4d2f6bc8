package answer

import (
	"context"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
)

const (
	// compileSoon is how soon names that were asked for are compiled, at most, while
	// there are any; compileIdle is how soon it is seen that there are some again.
	compileSoon = 5 * time.Millisecond
	compileIdle = 100 * time.Millisecond
	// compileBatch is how many names are compiled before a change that waits to be
	// published has its turn: some 20 µs of them.
	compileBatch = 16
	// An entry that nobody asks for is dropped when it was seen like that twice, so
	// that a name that was asked for once does not take memory for ever: after
	// forgetAfter to twice that, or later in a table of many millions.
	forgetAfter = 10 * time.Minute
	// ageBatch is how many slots are looked at before a change has its turn: at most
	// some 40 µs.
	ageBatch = 512
)

// Compile makes entries for the names that are asked for and have none, and drops
// those of names that are not asked for any more, until ctx is done. It is called by
// one goroutine; without it, such names go on being looked up in their zones.
func (e *Engine) Compile(ctx context.Context) {
	timer := time.NewTimer(compileIdle)
	defer timer.Stop()
	aged := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		if passed := time.Since(aged); passed >= compileIdle {
			e.age(passed)
			aged = time.Now()
		}
		if e.compileWanted() {
			timer.Reset(compileSoon)
		} else {
			timer.Reset(compileIdle)
		}
	}
}

// compileWanted makes entries for the names that were asked for, and says whether
// there were any.
func (e *Engine) compileWanted() (some bool) {
	for range wantedNames / compileBatch {
		if !e.compileSome() {
			break
		}
		some = true
	}
	e.wanted.forget()
	return some
}

// compileSome is compileWanted for one batch.
func (e *Engine) compileSome() (some bool) {
	e.writing.Lock()
	defer e.writing.Unlock()
	defer func() {
		if recover() != nil { // the name stays as it is: it is looked up in its zone
			e.panics.Add(1)
		}
	}()
	var buf [dnsname.MaxWire]byte
	for range compileBatch {
		n := e.wanted.take(&buf)
		if n == 0 {
			return some
		}
		some = true
		if _, ok := e.table.get(buf[:n]); ok {
			continue
		}
		if z := e.zones.Load().find(buf[:n]); z != nil {
			e.compileName(z, z.snapshot.Load(), dnsname.FromFolded(string(buf[:n])), 0)
		}
	}
	return some
}

// age drops entries that nobody asks for: so much of the table is looked at as is due
// after some time.
func (e *Engine) age(passed time.Duration) {
	e.writing.Lock()
	defer e.writing.Unlock()
	due := float64(len(e.table.state.Load().slots)) * min(1, passed.Seconds()/forgetAfter.Seconds())
	e.table.age(min(int(due)+1, ageBatch))
}
