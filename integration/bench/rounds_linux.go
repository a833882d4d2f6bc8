package main

import (
	"context"
	"fmt"
	"math"
	"time"
)

// contestant is one row of a table: a server and how it is asked.
type contestant struct {
	name   string
	server *server
	run    run
	change bool // its zone, meanwhile
	slow   bool // beside slow clients
}

// compete measures all contestants in each round, so that what the machine does
// besides falls on all of them. Every other round goes the other way round.
func (b *bench) compete(ctx context.Context, stage, title string, all []contestant) error {
	t := table{Stage: stage, Title: title}
	for _, c := range all {
		t.Rows = append(t.Rows, entry{Server: c.name})
	}
	for round := range b.rounds {
		for i := range all {
			if round%2 == 1 {
				i = len(all) - 1 - i
			}
			b.say("%s, round %d of %d: %s", stage, round+1, b.rounds, all[i].name)
			s, err := b.sample(ctx, all[i])
			if err != nil {
				return fmt.Errorf("%s: %s: %w", stage, all[i].name, err)
			}
			t.Rows[i].Samples = append(t.Rows[i].Samples, s)
		}
	}
	b.report.Tables = append(b.report.Tables, t)
	return nil
}

func (b *bench) sample(ctx context.Context, c contestant) (s sample, err error) {
	drive := func() error {
		s, err = b.drive(ctx, c.server, c.run)
		return err
	}
	switch {
	case c.slow:
		held, err := b.beset(ctx, c.server, drive)
		s.Held = held
		return s, err
	case !c.change:
		return s, drive()
	}
	rate, err := updating(ctx, c.server, drive)
	s.Updates = rate
	return s, err
}

// settled is a server's memory once it does not become less any more: what was
// needed for loading only is given back first, which takes some collections.
func (b *bench) settled(ctx context.Context, s *server) (int64, error) {
	const (
		still   = 3 * time.Second // without getting less by a hundredth
		longest = 20 * time.Second
	)
	least, since, began := int64(math.MaxInt64), time.Now(), time.Now()
	for {
		m, err := memory(s.proc.PID())
		if err != nil {
			return 0, err
		}
		if m < least-least/100 {
			least, since = m, time.Now()
		}
		if time.Since(since) > still || time.Since(began) > longest {
			return m, nil
		}
		if err := pause(ctx, time.Second); err != nil {
			return 0, err
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
