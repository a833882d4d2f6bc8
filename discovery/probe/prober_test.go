package probe

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/fedns/fedns/discovery/cluster"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// network is a fake: what dialling an address gives.
type network struct {
	mu    sync.Mutex
	how   map[string]error // nil: it connects
	dials map[string]int
	open  int // at this moment
}

var errSilent = errors.New("no answer ever")

func (n *network) dial(ctx context.Context, _, address string) (net.Conn, error) {
	n.mu.Lock()
	n.dials[address]++
	err := n.how[address]
	n.mu.Unlock()
	switch {
	case errors.Is(err, errSilent):
		<-ctx.Done()
		return nil, &net.OpError{Op: "dial", Err: ctx.Err()}
	case err != nil:
		return nil, &net.OpError{Op: "dial", Err: err}
	}
	n.mu.Lock()
	n.open++
	n.mu.Unlock()
	here, there := net.Pipe()
	_ = there.Close()
	return &counted{here, n}, nil
}

type counted struct {
	net.Conn
	n *network
}

func (c *counted) Close() error {
	c.n.mu.Lock()
	c.n.open--
	c.n.mu.Unlock()
	return c.Conn.Close()
}

func (n *network) set(address string, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.how[address] = err
}

func (n *network) asked(address string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.dials[address]
}

// bench is a Prober on a fake network in fake time.
type bench struct {
	*Prober
	*network
	mu   sync.Mutex
	said []string
	hold chan struct{} // nil: reports return at once
}

func start(t *testing.T) *bench {
	b := &bench{network: &network{how: map[string]error{}, dials: map[string]int{}}}
	b.Prober = New(Config{Dial: b.dial, Log: slog.New(slog.DiscardHandler), Report: func(id cluster.ID, l cluster.Liveness) {
		b.mu.Lock()
		hold := b.hold
		b.said = append(b.said, fmt.Sprintf("%s %v %s", id, l.Signal, l.Reason))
		b.mu.Unlock()
		if hold != nil {
			<-hold
		}
	}})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { b.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })
	return b
}

// want waits for d and compares what was reported since the last time.
func (b *bench) want(t *testing.T, d time.Duration, want ...string) {
	t.Helper()
	time.Sleep(d) // in fake time
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	// Clusters are in no order; what is said of one is.
	slices.SortStableFunc(b.said, func(a, c string) int { return strings.Compare(a[:4], c[:4]) })
	slices.SortStableFunc(want, func(a, c string) int { return strings.Compare(a[:4], c[:4]) })
	if !slices.Equal(b.said, want) {
		t.Errorf("reported %q, want %q", b.said, want)
	}
	b.said = nil
}

func tcp(addresses ...string) (all []Target) {
	for _, a := range addresses {
		all = append(all, Target{Kind: TCP, Address: a})
	}
	return all
}

const tooShort = " unknown it is not probed for long enough"

func TestOneTarget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t)
		b.Set([]Cluster{{ID: "eu-1", Targets: tcp("gw:443")}})
		b.want(t, 0, "eu-1"+tooShort)
		b.want(t, 3*time.Second, "eu-1 up ")
		b.set("gw:443", syscall.ECONNREFUSED)
		b.want(t, 2*time.Second) // one failure proves nothing
		b.want(t, 6*time.Second, "eu-1 down tcp gw:443: connection refused")
		b.set("gw:443", nil)
		b.want(t, 3*time.Second, "eu-1 up ")
		b.set("gw:443", errSilent)
		b.want(t, 12*time.Second, "eu-1 down tcp gw:443: no answer in time")
		if b.Stats().Clusters["eu-1"] != cluster.Down || b.Stats().Targets != 1 {
			t.Errorf("stats are %+v", b.Stats())
		}
		before := b.asked("gw:443")
		b.want(t, time.Minute)
		if n := b.asked("gw:443") - before; n < 18 || n > 35 {
			t.Errorf("tried %d times in a minute at an interval of 2 s and a timeout of 1 s", n)
		}
		b.network.mu.Lock()
		defer b.network.mu.Unlock()
		if b.open != 0 {
			t.Errorf("%d connections are open", b.open)
		}
	})
}

// A cluster is Down when all ways into it are.
func TestSeveralTargets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t)
		b.Set([]Cluster{{ID: "eu-1", Targets: tcp("a:1", "b:1")}, {ID: "us-1", Targets: tcp("c:1")}})
		b.want(t, 3*time.Second, "eu-1"+tooShort, "us-1"+tooShort, "eu-1 up ", "us-1 up ")
		b.set("a:1", syscall.EHOSTUNREACH)
		b.want(t, 10*time.Second)
		b.set("b:1", syscall.ECONNREFUSED)
		b.want(t, 10*time.Second, "eu-1 down tcp a:1: no route to host, and 1 more")
		b.set("b:1", nil)
		b.want(t, 3*time.Second, "eu-1 up ")
	})
}

// What may be our own trouble is not the cluster's.
func TestOwnTroubleSaysNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t)
		b.set("gw:1", &net.DNSError{Err: "server misbehaving", Name: "gw"})
		b.Set([]Cluster{{ID: "eu-1", Targets: tcp("gw:1")}})
		b.want(t, time.Minute, "eu-1"+tooShort, "eu-1 unknown tcp gw:1: lookup gw: server misbehaving")
		b.set("gw:1", &net.DNSError{Err: "no such host", Name: "gw", IsNotFound: true})
		b.want(t, 8*time.Second, "eu-1 down tcp gw:1: lookup gw: no such host")
		b.set("gw:1", nil)
		b.want(t, 3*time.Second, "eu-1 up ")
		b.set("gw:1", syscall.EMFILE)
		b.want(t, 10*time.Second, "eu-1 unknown tcp gw:1: too many open files")
	})
}

// A reload leaves alone what it does not change.
func TestReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t)
		b.set("b:1", syscall.ECONNREFUSED)
		b.Set([]Cluster{{ID: "eu-1", Targets: tcp("a:1", "b:1")}, {ID: "us-1", Targets: tcp("b:1")}})
		b.want(t, 10*time.Second, "eu-1"+tooShort, "us-1"+tooShort, "eu-1 up ", "us-1 down tcp b:1: connection refused")
		b.Set([]Cluster{{ID: "us-1", Targets: tcp("b:1", "b:1"), Pace: Pace{Successes: 2}}, {ID: "eu-1", Targets: tcp("b:1", "a:1")}})
		b.want(t, time.Minute)
		b.set("b:1", nil) // the pace is the new one, the state the old one
		b.want(t, 1700*time.Millisecond)
		b.want(t, 3*time.Second, "us-1 up ")
		b.Set([]Cluster{{ID: "us-1", Targets: tcp("b:1", "c:1")}, {ID: "ap-1"}})
		b.want(t, 10*time.Second, "eu-1 unknown it is not probed")
		before := b.asked("a:1")
		b.Set(nil)
		b.want(t, time.Minute, "us-1 unknown it is not probed")
		if b.asked("a:1") != before || b.Stats().Targets != 0 {
			t.Errorf("still probed: %+v", b.Stats())
		}
	})
}

// Who does not take reports holds up nobody but itself, and hears the newest then.
func TestBlockedReport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t)
		b.Set([]Cluster{{ID: "eu-1", Targets: tcp("a:1")}})
		b.want(t, 10*time.Second, "eu-1"+tooShort, "eu-1 up ")
		hold := make(chan struct{})
		b.mu.Lock()
		b.hold = hold
		b.mu.Unlock()
		b.set("a:1", errSilent)
		b.want(t, 15*time.Second, "eu-1 down tcp a:1: no answer in time")
		tried := b.asked("a:1")
		for _, err := range []error{syscall.ECONNREFUSED, nil, syscall.EHOSTUNREACH} {
			b.set("a:1", err)
			b.want(t, 10*time.Second)
		}
		if b.asked("a:1") < tried+10 {
			t.Error("tries wait for the report")
		}
		b.mu.Lock()
		b.hold = nil
		b.mu.Unlock()
		close(hold)
		b.want(t, 0, "eu-1 down tcp a:1: no route to host")
	})
}
