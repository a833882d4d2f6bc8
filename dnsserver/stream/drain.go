package stream

import (
	"context"
	"syscall"
	"time"
)

// linger is how long a connection may wait for its next message while its Door
// drains: what is on the way is to arrive, and nobody is to be kept for long.
const linger = time.Second

// ended is a deadline that has passed.
var ended = time.Unix(1, 0)

// Sockets is the socket, for those who pass it on.
func (d *Door) Sockets() []syscall.Conn { return []syscall.Conn{d.ln} }

// Draining says that Drain has begun: connections are to end soon.
func (d *Door) Draining() bool { return d.draining.Load() }

// Drain accepts no more connections, which are left in the socket for whoever
// else has it, and lets those that are open end: each when nothing was asked for
// a second, all when ctx ends. Then it closes everything.
func (d *Door) Drain(ctx context.Context) error {
	d.StopAccepting()
	d.hasten(time.Now().Add(linger))
	served := make(chan struct{})
	go func() { d.serving.Wait(); close(served) }()
	select {
	case <-served:
	case <-ctx.Done():
		d.hasten(ended) // what was read is answered still
		select {
		case <-served:
		case <-time.After(linger):
		}
	}
	err := d.Close()
	<-served
	return err
}

// StopAccepting leaves new connections to whoever else has the socket. What was
// accepted is served.
func (d *Door) StopAccepting() {
	d.draining.Store(true)
	_ = d.ln.SetDeadline(ended) // wakes who waits for one
}

// hasten has connections that wait for a message do so until then at the longest.
func (d *Door) hasten(until time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for g := range d.open {
		_ = g.SetReadDeadline(until)
	}
}
