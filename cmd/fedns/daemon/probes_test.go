package daemon

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fedns/fedns/cmd/fedns/config"
	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/probe"
	"github.com/fedns/fedns/discovery/quorum"
)

// TestProbesFollowTheConfiguration: what is configured is probed and reported,
// and a reload takes it away.
func TestProbesFollowTheConfiguration(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for c, err := l.Accept(); err == nil; c, err = l.Accept() {
			_ = c.Close()
		}
	}()
	pace := probe.Pace{Interval: 20 * time.Millisecond, Failures: 1}
	up := probe.Cluster{ID: "eu-1", Targets: []probe.Target{{Kind: probe.TCP, Address: l.Addr().String()}}, Pace: pace}
	down := probe.Cluster{ID: "us-1", Targets: []probe.Target{{Kind: probe.TCP, Address: "127.0.0.1:1"}}, Pace: pace}
	said := make(chan string, 100)
	p := newProbes(&config.Config{}, slog.New(slog.DiscardHandler), func(id cluster.ID, a quorum.Agreed) {
		said <- fmt.Sprintf("%s %v %v", id, a.Data.Signal, a.API.Signal)
	})
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { p.run(ctx) })
	defer func() { cancel(); running.Wait() }()
	await := func(want ...string) {
		t.Helper()
		deadline := time.After(30 * time.Second)
		var got []string
		for len(want) > 0 {
			select {
			case s := <-said:
				got = append(got, s)
				want = slices.DeleteFunc(want, func(w string) bool { return w == s })
			case <-deadline:
				t.Fatalf("reported %q, never %q", got, want)
			}
		}
	}
	p.set([]probe.Cluster{up, down, {ID: "edge"}})
	await("eu-1 up unknown", "us-1 down unknown")
	p.setAPI("eu-1", cluster.Liveness{Signal: cluster.Down})
	p.setAPI("nowhere", cluster.Liveness{Signal: cluster.Down})
	await("eu-1 up down")
	up.Targets = nil
	p.set([]probe.Cluster{up})
	await("eu-1 unknown down")
	if s := p.agreement.Stats(); s.Fresh != 1 || len(s.Findings) > 0 {
		t.Errorf("replicas: %+v", s)
	}
	if s := p.prober.Stats(); s.Targets != 0 {
		t.Errorf("probes: %+v", s)
	}
}

func TestIdentity(t *testing.T) {
	if got := identity("fedns-7"); got != "fedns-7" {
		t.Errorf("a name of the configuration is %s", got)
	}
	if got := identity(""); got == "" || len(got) > 63 || strings.ContainsFunc(got, func(c rune) bool { return notLabel.MatchString(string(c)) && c != '-' }) {
		t.Errorf("the host name is %q", got)
	}
}
