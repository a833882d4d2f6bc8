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
)

// Compile makes entries for the names that are asked for and have none, until ctx
// is done. It is called by one goroutine; without it, such names go on being looked
// up in their zones.
func (e *Engine) Compile(ctx context.Context) {
	timer := time.NewTimer(compileIdle)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
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
			e.compileName(z, z.snapshot.Load(), dnsname.FromFolded(string(buf[:n])))
		}
	}
	return some
}
