package kubernetes

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/fedns/fedns/discovery/cluster"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// quick is the timing of tests: as the default, a hundred times faster.
var quick = timing{
	credentials: 50 * time.Millisecond, pollFirst: 10 * time.Millisecond, pollLast: 50 * time.Millisecond, settle: 10 * time.Millisecond,
	backoff: 10 * time.Millisecond, backoffCap: 50 * time.Millisecond, tell: 50 * time.Millisecond, watch: 2 * time.Minute,
	silence: 2 * time.Second, lease: 50 * time.Millisecond, leaseWindow: 400 * time.Millisecond,
}

// kubeconfig writes a kubeconfig for a server.
func kubeconfig(t *testing.T, path string, server *apiServer, token string) string {
	t.Helper()
	if path == "" {
		path = filepath.Join(t.TempDir(), "kubeconfig")
	}
	url := "http://" + server.addr
	if server.tls {
		url = "https://" + server.addr
	}
	text := fmt.Sprintf(`{apiVersion: v1, kind: Config, current-context: c, contexts: [{name: c, context: {cluster: c, user: u}}],
clusters: [{name: c, cluster: {server: "%s", insecure-skip-tls-verify: true}}], users: [{name: u, user: {token: "%s"}}]}`, url, token)
	// Put in place whole: who looks meanwhile sees no half of it.
	err := os.WriteFile(path+".part", []byte(text), 0o600)
	if err == nil {
		err = os.Rename(path+".part", path)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// view is what a receiver makes of a Source's Updates.
type view struct {
	t       *testing.T
	logged  *lockedBuffer
	pause   sync.Mutex // held: the receiver does not receive
	mu      sync.Mutex
	changed chan struct{}
	updates []cluster.Update
	groups  map[cluster.ServiceKey]cluster.Group
	states  []cluster.State // each change of phase
	last    cluster.State   // newest, LastSync included
	topo    *cluster.Topology
	nodes   cluster.Liveness
	loss    map[cluster.ServiceKey]cluster.Loss // of the Group last told
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// observe runs a Source against server until the test ends.
func observe(t *testing.T, server *apiServer, change func(*Config)) *view {
	t.Helper()
	v := &view{t: t, logged: &lockedBuffer{}, changed: make(chan struct{}), groups: map[cluster.ServiceKey]cluster.Group{}, loss: map[cluster.ServiceKey]cluster.Loss{}}
	cfg := Config{Cluster: "c1", Kubeconfig: kubeconfig(t, "", server, ""), Log: slog.New(slog.NewTextHandler(v.logged, nil))}
	if change != nil {
		change(&cfg)
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s.timing = quick
	ctx, cancel := context.WithCancel(context.Background())
	up := make(chan cluster.Update)
	var running sync.WaitGroup
	running.Go(func() {
		if err := s.Run(ctx, up); err != nil {
			t.Errorf("Run returned %v", err)
		}
		close(up)
	})
	running.Go(func() { v.receive(up) })
	t.Cleanup(func() {
		begin := time.Now()
		cancel()
		running.Wait()
		if d := time.Since(begin); d > headerTimeout/2 { // no request's deadline was waited for
			t.Errorf("Run returned %v after its context was done", d)
		}
	})
	return v
}

func (v *view) receive(up <-chan cluster.Update) {
	for u := range up {
		v.pause.Lock()
		v.pause.Unlock() //nolint:staticcheck // a gate
		v.mu.Lock()
		if u.Cluster != "c1" {
			v.t.Errorf("update of cluster %q", u.Cluster)
		}
		v.updates = append(v.updates, u)
		if u.Nodes != nil {
			v.nodes = *u.Nodes
		}
		for _, g := range u.Groups {
			v.loss[g.Service] = g.Loss
			if g.Withdrawn {
				if _, known := v.groups[g.Service]; !known {
					v.t.Errorf("%s is withdrawn and was never told", g.Service)
				}
				delete(v.groups, g.Service)
			} else {
				v.groups[g.Service] = g
			}
		}
		if u.Topology != nil {
			v.topo = u.Topology
		}
		if u.State != nil {
			if v.last = *u.State; len(v.states) == 0 || v.states[len(v.states)-1].Phase != u.State.Phase {
				v.states = append(v.states, *u.State)
			}
		}
		close(v.changed)
		v.changed = make(chan struct{})
		v.mu.Unlock()
	}
}

// await waits until is holds; is may read v's fields.
func (v *view) await(what string, is func() bool) {
	v.t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		v.mu.Lock()
		ok, changed := is(), v.changed
		v.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-time.After(20 * time.Millisecond): // is may look at other things too
		case <-deadline:
			v.mu.Lock()
			defer v.mu.Unlock()
			v.t.Fatalf("never: %s\nphases %v, last %+v\ngroups %v\nlog %s", what, v.phases(), v.last, v.show(), v.logged)
		}
	}
}

func (v *view) awaitPhase(p cluster.Phase) {
	v.t.Helper()
	v.await("phase "+p.String(), func() bool { return len(v.states) > 0 && v.last.Phase == p })
}

// awaitGroups waits until the Groups known are these, in the form of show.
func (v *view) awaitGroups(want ...string) {
	v.t.Helper()
	v.await("groups "+strings.Join(want, "; "), func() bool { return slices.Equal(v.show(), want) })
}

// never fails if any of the updates from index on matches.
func (v *view) never(what string, from int, is func(cluster.Update) bool) {
	v.t.Helper()
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, u := range v.updates[from:] {
		if is(u) {
			v.t.Errorf("%s: %+v, state %+v", what, u, u.State)
		}
	}
}

func (v *view) count() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.updates)
}

func (v *view) phases() (out []string) {
	for _, s := range v.states {
		out = append(out, s.Phase.String())
	}
	return out
}

// show is "namespace/name addresses", sorted.
func (v *view) show() []string {
	out := []string{}
	for _, k := range slices.SortedFunc(maps.Keys(v.groups), func(a, b cluster.ServiceKey) int { return strings.Compare(a.String(), b.String()) }) {
		s := k.String()
		for _, e := range v.groups[k].Endpoints {
			s += " " + e.Addr.String()
		}
		out = append(out, s)
	}
	return out
}

func withdrawn(u cluster.Update) bool {
	return slices.ContainsFunc(u.Groups, func(g cluster.Group) bool { return g.Withdrawn })
}

func unreachable(u cluster.Update) bool {
	return u.State != nil && u.State.Phase == cluster.Unreachable
}
