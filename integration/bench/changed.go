package main

import (
	"fmt"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
)

// Updates come a Service at a time from discovery; here a few at once every other
// millisecond, as from clusters that are busy all the time.
const (
	updateRate  = 5000 // RRsets a second
	updateBatch = 10   // RRsets a Publish
)

// changed is what a server that is published to tells of a span of time.
type changed struct {
	rrsets int
	time   time.Duration
}

func (c changed) String() string { return fmt.Sprintf("changed %d RRsets in %d ns", c.rrsets, c.time) }

func readChanged(line string) (c changed, err error) {
	if _, err := fmt.Sscanf(line, "changed %d RRsets in %d ns", &c.rrsets, &c.time); err != nil {
		return changed{}, fmt.Errorf("read %q: %w", line, err)
	}
	return c, nil
}

func zoneApex() dnsname.Name { return dnsname.MustParse(apex) }
