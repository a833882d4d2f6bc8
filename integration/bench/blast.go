package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// How queries travel.
const (
	overUDP   = "udp"
	overTCP   = "tcp"
	overTLS   = "tls"
	overHTTPS = "https"
)

// Over how many sockets queries go, and how many are under way on each. Together
// few enough to fit into a socket's default buffer, so that none is dropped, and
// many enough for the server to find its next batch whenever it is done with one.
const (
	flows  = 4
	window = 32
)

// run is one run of the generator.
type run struct {
	Shape shape
	Form  form
	Over  string
	Addr  string
	Echo  bool
	Time  time.Duration
}

// outcome is what came of it.
type outcome struct {
	Sent, Answered, Lost, Wrong, Restarts uint64
	Seconds                               float64
	P50, P99, P999                        time.Duration
	Example                               string // of an answer that was wrong
}

// blast is the generator's role: a run, as JSON, is its only argument, and its
// outcome what it prints.
func blast(args []string, stdout io.Writer) error {
	if len(args) != 1 {
		return errors.New("usage: blast RUN")
	}
	var r run
	if err := json.Unmarshal([]byte(args[0]), &r); err != nil {
		return fmt.Errorf("read what to run: %w", err)
	}
	out, err := r.do()
	if err != nil {
		return err
	}
	return json.NewEncoder(stdout).Encode(out)
}

func (r run) do() (outcome, error) {
	g := &generator{queries: r.Shape.queries(asked, r.Form), echo: r.Echo, epoch: time.Now()}
	var err error
	if p, ok := protocols[r.Over]; ok {
		err = g.streams(r.Addr, p, r.Time)
	} else {
		err = g.datagrams(r.Addr, r.Time)
	}
	if err != nil {
		return outcome{}, err
	}
	if g.answered == 0 {
		return outcome{}, errors.New("no query was answered")
	}
	return outcome{
		Sent: g.sent, Answered: g.answered, Lost: g.lost, Wrong: g.wrong, Restarts: g.restarts, Example: g.example, Seconds: g.clock().Seconds(),
		P50: g.latency.quantile(0.5), P99: g.latency.quantile(0.99), P999: g.latency.quantile(0.999),
	}, nil
}

// sample is the outcome as a figure of the server, which used so much CPU time for it.
func (o outcome) sample(used time.Duration) sample {
	us := func(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
	return sample{
		CPU: us(used) / float64(o.Answered), Rate: float64(o.Answered) / o.Seconds, Busy: used.Seconds() / o.Seconds,
		P50: us(o.P50), P99: us(o.P99), P999: us(o.P999), Answered: o.Answered, Lost: o.Lost, Wrong: o.Wrong,
	}
}
