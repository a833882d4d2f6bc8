package harness

import (
	"errors"
	"maps"
	"slices"

	"github.com/fedns/fedns/integration/harness/binaries"
	"github.com/fedns/fedns/integration/harness/process"
)

// CoreDNS and pods belong to a cluster's data plane and go on through all faults
// below: what is lost is the control plane.

// StopAPIServer ends kube-apiserver: watches break, and connections are refused
// until StartAPIServer. It is killed, for in good order it takes ten seconds to
// end while controllers watch it, and clients see the same.
func (c *Cluster) StopAPIServer() error {
	if p := c.process(binaries.APIServer); p != nil {
		return p.Kill()
	}
	return nil
}

// Pause halts the control plane: connections stay open and are accepted, and
// nothing is ever answered. It is what a partitioned cluster looks like.
func (c *Cluster) Pause() error { return c.control((*process.Process).Pause) }

// Resume undoes Pause.
func (c *Cluster) Resume() error { return c.control((*process.Process).Resume) }

// Kill ends the control plane at once, with no chance to say goodbye. Start
// brings it back with the objects it had.
func (c *Cluster) Kill() error { return c.control((*process.Process).Kill) }

// control does something to all programs of the control plane.
func (c *Cluster) control(do func(*process.Process) error) error {
	var failed []error
	for _, p := range c.running() {
		failed = append(failed, do(p))
	}
	return errors.Join(failed...)
}

// process is a program of the control plane, nil before its start.
func (c *Cluster) process(program string) *process.Process {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.processes[program]
}

func (c *Cluster) running() []*process.Process {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Collect(maps.Values(c.processes))
}
