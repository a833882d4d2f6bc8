package discovery

import (
	"context"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/tide"
)

// unstated stands for a cluster that was kept over a restart and that nobody has
// said is a member yet: where members come from has not been read. Until it has,
// what was last known of the cluster is answered like that of any that cannot be
// reached.
type unstated struct{}

// Run implements cluster.Source.
func (unstated) Run(ctx context.Context, up chan<- cluster.Update) error {
	s := cluster.State{Phase: cluster.Unreachable, Since: time.Now(), Reason: "known from before the restart; nobody has said since that it is a member"}
	select {
	case up <- cluster.Update{State: &s}:
	case <-ctx.Done():
		return nil
	}
	<-ctx.Done()
	return nil
}

// standIn makes members of what was kept of clusters that the members told so far
// do not have; mu is held.
func (e *Engine) standIn() {
	for id := range e.attic {
		if e.members[id] == nil {
			e.members[id] = &member{Member: Member{ID: id, Source: unstated{}}, unstated: true, state: cluster.State{Since: time.Now()}, tides: tide.New(nil)}
		}
	}
}
