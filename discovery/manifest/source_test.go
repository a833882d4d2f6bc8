package manifest

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
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/fedns/fedns/discovery/cluster"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func service(name string) string {
	return fmt.Sprintf("---\napiVersion: v1\nkind: Service\nmetadata: {name: %s, annotations: {fedns.io/export: 'true'}}\nspec: {clusterIP: None}\n", name)
}

func slice(service string, addrs ...string) string {
	return fmt.Sprintf("---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: %s-1, labels: {kubernetes.io/service-name: %s}}\naddressType: IPv4\nendpoints: [{addresses: [%s]}]\n",
		service, service, strings.Join(addrs, ", "))
}

// view is what a receiver makes of a Source's Updates.
type view struct {
	t    *testing.T
	dir  string
	up   chan cluster.Update
	stop func()

	mu       sync.Mutex
	log      bytes.Buffer
	groups   map[string]string // namespace/name: addresses
	phases   []string          // each change
	state    cluster.State
	topology *cluster.Topology
	gone     []string // withdrawn, ever
}

func (v *view) Write(p []byte) (int, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.log.Write(p)
}

func observe(t *testing.T, dir string) *view {
	t.Helper()
	v := &view{t: t, dir: dir, up: make(chan cluster.Update), groups: map[string]string{}}
	s, err := New(Config{Cluster: "edge", Dir: dir, Log: slog.New(slog.NewTextHandler(v, nil))})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := s.Run(ctx, v.up); err != nil {
			t.Errorf("Run returned %v", err)
		}
		close(v.up)
	})
	running.Go(v.receive)
	v.stop = func() { cancel(); running.Wait() }
	t.Cleanup(v.stop)
	return v
}

func (v *view) receive() {
	for u := range v.up {
		v.mu.Lock()
		for _, g := range u.Groups {
			if g.Loss > cluster.Deleted || g.Withdrawn && g.Loss != cluster.Deleted {
				v.t.Errorf("%s went away by evidence %d, want that of a deletion", g.Service, g.Loss)
			}
			if g.Withdrawn {
				delete(v.groups, g.Service.String())
				v.gone = append(v.gone, g.Service.String())
				continue
			}
			var addrs []string
			for _, e := range g.Endpoints {
				addrs = append(addrs, e.Addr.String())
			}
			v.groups[g.Service.String()] = strings.Join(addrs, " ")
		}
		if u.Topology != nil {
			v.topology = u.Topology
		}
		if u.State != nil {
			v.state = *u.State
			if p := u.State.Phase.String(); len(v.phases) == 0 || v.phases[len(v.phases)-1] != p {
				v.phases = append(v.phases, p)
			}
		}
		v.mu.Unlock()
	}
}

// await waits for is, within limit, and says how long it took.
func (v *view) await(what string, is func() bool) time.Duration {
	v.t.Helper()
	const limit = 30 * time.Second
	begin := time.Now()
	for {
		v.mu.Lock()
		ok := is()
		v.mu.Unlock()
		if ok {
			return time.Since(begin)
		}
		if time.Since(begin) > limit {
			v.mu.Lock()
			defer v.mu.Unlock()
			v.t.Fatalf("not within %v: %s\nphases %v, %+v\ngroups %v\nlog %s", limit, what, v.phases, v.state, v.groups, &v.log)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func (v *view) awaitGroups(want ...string) {
	v.t.Helper()
	v.await("groups "+strings.Join(want, "; "), func() bool { return slices.Equal(v.show(), want) })
}

// byEvent makes changes until one is seen well before the next look, which is due look
// after the last. A busy machine is late now and then, not each time.
func (v *view) byEvent(what string, change func(n int), seen func(n int) bool) {
	v.t.Helper()
	for n := 1; ; n++ {
		change(n)
		took := v.await(what, func() bool { return seen(n) })
		if took < look/2 {
			return
		}
		if n == 10 {
			v.t.Errorf("%s was seen after %v, and each time before as late: by no event", what, took)
			return
		}
	}
}

func (v *view) show() []string {
	out := []string{}
	for _, k := range slices.Sorted(maps.Keys(v.groups)) {
		out = append(out, strings.TrimSpace(k+" "+v.groups[k]))
	}
	return out
}

func (v *view) awaitPhase(p cluster.Phase) {
	v.t.Helper()
	v.await("phase "+p.String(), func() bool { return len(v.phases) > 0 && v.state.Phase == p })
}

func (v *view) awaitLog(text string) {
	v.t.Helper()
	v.await("log "+text, func() bool { return strings.Contains(v.log.String(), text) })
}

func (v *view) write(name, content string) {
	v.t.Helper()
	if err := os.WriteFile(filepath.Join(v.dir, name), []byte(content), 0o644); err != nil {
		v.t.Fatal(err)
	}
}

func (v *view) do(err error) {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
}

func TestFollowsAFolder(t *testing.T) {
	v := &view{t: t, dir: t.TempDir()}
	v.write("a.yaml", service("web")+slice("web", "10.0.0.1"))
	v.write("n.yml", "{apiVersion: v1, kind: Node, metadata: {name: n-1, labels: {topology.kubernetes.io/zone: z1, topology.kubernetes.io/region: r}}}")
	v.write("readme.txt", "][")
	v.write(".hidden.yaml", "][")
	v = observe(t, v.dir)
	v.awaitPhase(cluster.Live)
	v.awaitGroups("default/web 10.0.0.1")
	if v.mu.Lock(); !slices.Equal(v.phases, []string{"syncing", "live"}) || v.topology == nil || v.topology.Region != "r" {
		t.Errorf("phases %v, topology %v", v.phases, v.topology)
	}
	v.mu.Unlock()

	v.write("b.json", `{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "json", "namespace": "x", "annotations": {"fedns.io/export": "true"}}}`)
	v.awaitGroups("default/web 10.0.0.1", "x/json")
	v.byEvent("the second endpoint", func(n int) {
		v.write("a.yaml", service("web")+slice("web", "10.0.0.1", fmt.Sprintf("10.0.1.%d", n)))
	}, func(n int) bool { return v.groups["default/web"] == fmt.Sprintf("10.0.0.1 10.0.1.%d", n) })
	v.write("a.yaml", service("web")+slice("web", "10.0.0.1", "10.0.0.2"))
	v.awaitGroups("default/web 10.0.0.1 10.0.0.2", "x/json")
	v.do(os.Remove(filepath.Join(v.dir, "b.json")))
	v.awaitGroups("default/web 10.0.0.1 10.0.0.2")
	v.do(os.Rename(filepath.Join(v.dir, "a.yaml"), filepath.Join(v.dir, "c.yaml")))
	v.write("d.yaml", service("last"))
	v.awaitGroups("default/last", "default/web 10.0.0.1 10.0.0.2")
	if v.mu.Lock(); !slices.Equal(v.gone, []string{"x/json"}) {
		t.Errorf("withdrawn %v: a renamed file holds what it held", v.gone)
	}
	v.mu.Unlock()
}

// Ways to replace a file that leave it empty or missing for a moment.
func TestNothingIsWithdrawnWhileAFileIsSaved(t *testing.T) {
	v := &view{t: t, dir: t.TempDir()}
	v.write("a.yaml", service("web")+service("db"))
	v = observe(t, v.dir)
	v.awaitPhase(cluster.Live)
	path := filepath.Join(v.dir, "a.yaml")
	late := false // a file that is away for longer than settle is gone
	for i := range 3 {
		addr := fmt.Sprintf("10.0.0.%d", i+1)
		content := service("web") + service("db") + slice("web", addr)
		began := time.Now()
		switch i {
		case 0: // truncated, then written in two parts
			f, err := os.Create(path)
			v.do(err)
			time.Sleep(60 * time.Millisecond)
			f.WriteString(content[:len(service("web"))])
			time.Sleep(60 * time.Millisecond)
			f.WriteString(content[len(service("web")):])
			v.do(f.Close())
		case 1: // moved away, then written
			v.do(os.Rename(path, path+"~"))
			time.Sleep(60 * time.Millisecond)
			v.write("a.yaml", content)
		case 2: // written beside, then renamed over it
			v.write(".a.yaml.tmp", content)
			v.do(os.Rename(filepath.Join(v.dir, ".a.yaml.tmp"), path))
		}
		late = late || time.Since(began) > settle
		v.awaitGroups("default/db", "default/web "+addr)
	}
	if v.mu.Lock(); len(v.gone) > 0 && !late {
		t.Errorf("withdrawn %v", v.gone)
	}
	v.mu.Unlock()
	v.write("a.yaml", service("web")+slice("web", "10.0.0.3"))
	v.awaitGroups("default/web 10.0.0.3") // but what stays away is gone
}

// A mounted ConfigMap: files are links into ..data, which is swapped.
func TestConfigMapSwap(t *testing.T) {
	dir := t.TempDir()
	v := &view{t: t, dir: dir}
	version := func(n int, content string) {
		t.Helper()
		sub := fmt.Sprintf("..v%d", n)
		v.do(os.Mkdir(filepath.Join(dir, sub), 0o755))
		v.write(filepath.Join(sub, "a.yaml"), content)
		v.do(os.Symlink(sub, filepath.Join(dir, "..tmp")))
		v.do(os.Rename(filepath.Join(dir, "..tmp"), filepath.Join(dir, "..data")))
	}
	version(1, service("web")+slice("web", "10.0.0.1"))
	v.do(os.Symlink("..data/a.yaml", filepath.Join(dir, "a.yaml")))
	v = observe(t, dir)
	v.awaitGroups("default/web 10.0.0.1")
	v.byEvent("the new version", func(n int) {
		version(n+1, service("web")+slice("web", fmt.Sprintf("10.0.1.%d", n)))
		v.do(os.RemoveAll(filepath.Join(dir, fmt.Sprintf("..v%d", n))))
	}, func(n int) bool { return v.groups["default/web"] == fmt.Sprintf("10.0.1.%d", n) })
	if v.mu.Lock(); len(v.gone) > 0 || len(v.phases) > 2 {
		t.Errorf("withdrawn %v, phases %v", v.gone, v.phases)
	}
	v.mu.Unlock()
}

func TestMalformedFileKeepsWhatItHeld(t *testing.T) {
	v := observe(t, t.TempDir())
	v.awaitPhase(cluster.Live)
	v.write("a.yaml", service("a")+slice("a", "10.0.0.1"))
	v.write("b.yaml", service("b"))
	v.awaitGroups("default/a 10.0.0.1", "default/b")
	v.write("a.yaml", strings.Replace(service("a"), "spec:", "sepc:", 1))
	v.awaitLog("/a.yaml:5: Service default/a: sepc: unknown field")
	v.await("the fault to be told", func() bool {
		return len(v.state.Faults) == 1 && strings.Contains(v.state.Faults[0], "/a.yaml:5: Service default/a: sepc: unknown field")
	})
	v.write("b.yaml", service("b")+slice("b", "10.0.0.2"))
	v.awaitGroups("default/a 10.0.0.1", "default/b 10.0.0.2")
	v.write("c.yaml", "][")
	v.awaitLog("/c.yaml")
	v.write("a.yaml", service("a"))
	v.awaitGroups("default/a", "default/b 10.0.0.2")
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.gone) > 0 || v.state.Phase != cluster.Live || strings.Count(v.log.String(), "sepc") != 1 || strings.Contains(strings.Join(v.state.Faults, ""), "sepc") {
		t.Errorf("withdrawn %v, state %+v, log %s", v.gone, v.state, &v.log)
	}
}

// What a file holds that never was good is not known: not every Group was told.
func TestMalformedFromTheBeginning(t *testing.T) {
	v := &view{t: t, dir: t.TempDir()}
	v.write("a.yaml", "kind: [")
	v.write("b.yaml", service("b"))
	v = observe(t, v.dir)
	v.awaitGroups("default/b")
	v.await("the reason", func() bool { return strings.Contains(v.state.Reason, "/a.yaml") })
	if v.mu.Lock(); v.state.Phase != cluster.Unreachable {
		t.Errorf("state %+v", v.state)
	}
	v.mu.Unlock()
	v.write("a.yaml", service("a"))
	v.awaitPhase(cluster.Live)
	v.awaitGroups("default/a", "default/b")
}

// Opening a pipe waits for somebody to write into it. It must not hold up the
// other files, nor the end of Run, which the view waits for.
func TestPipeIsNotOpened(t *testing.T) {
	v := &view{t: t, dir: t.TempDir()}
	v.write("b.yaml", service("b"))
	if err := syscall.Mkfifo(filepath.Join(v.dir, "a.yaml"), 0o600); err != nil {
		t.Fatal(err)
	}
	v = observe(t, v.dir)
	v.awaitGroups("default/b")
	v.awaitLog("/a.yaml: is p---------, want a regular file")
}

func TestDuplicate(t *testing.T) {
	v := &view{t: t, dir: t.TempDir()}
	v.write("a.yaml", service("web")+slice("web", "10.0.0.1"))
	v.write("b.yaml", "\n"+slice("web", "10.0.0.2"))
	v = observe(t, v.dir)
	v.awaitGroups("default/web 10.0.0.1")
	v.awaitLog("/b.yaml:3: EndpointSlice default/web-1: want this object once; it is at " + v.dir + "/a.yaml:7 already")
	v.write("c.yaml", service("other"))
	v.awaitGroups("default/other", "default/web 10.0.0.1")
	if v.mu.Lock(); strings.Count(v.log.String(), "want this object once") != 1 {
		t.Errorf("log %s", &v.log)
	}
	v.mu.Unlock()
	v.write("a.yaml", service("web"))
	v.awaitGroups("default/other", "default/web 10.0.0.2")
}

func TestFolderComesAndGoes(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "edge")
	v := observe(t, dir)
	v.awaitPhase(cluster.Unreachable)
	if v.mu.Lock(); !strings.Contains(v.state.Reason, dir) || !strings.Contains(v.state.Reason, "no such file") {
		t.Errorf("reason %q", v.state.Reason)
	}
	v.mu.Unlock()
	v.do(os.Mkdir(dir, 0o755))
	v.write("a.yaml", service("web"))
	v.awaitPhase(cluster.Live)
	v.awaitGroups("default/web")

	// Gone whole: nothing can be seen.
	away := filepath.Join(parent, "away")
	v.do(os.Rename(dir, away))
	v.awaitPhase(cluster.Unreachable)
	// Back, but empty and another one: a volume that is not mounted.
	v.do(os.Mkdir(dir, 0o755))
	v.await("the reason", func() bool { return strings.Contains(v.state.Reason, "not mounted") })
	v.awaitGroups("default/web")
	v.do(os.Remove(dir))
	v.do(os.Rename(away, dir))
	v.awaitPhase(cluster.Live)
	if v.mu.Lock(); len(v.gone) > 0 {
		t.Errorf("withdrawn %v", v.gone)
	}
	v.mu.Unlock()
	v.byEvent("a new file", func(n int) {
		v.write("b.yaml", service("new")+slice("new", fmt.Sprintf("10.0.1.%d", n)))
	}, func(n int) bool { return v.groups["default/new"] == fmt.Sprintf("10.0.1.%d", n) })

	// A link turned to another folder.
	other := filepath.Join(parent, "other")
	v.do(os.Rename(dir, other))
	v.do(os.Symlink(other, dir))
	v.awaitPhase(cluster.Live)
	v.write("b.yaml", service("new")+slice("new", "10.0.0.1"))
	v.awaitGroups("default/new 10.0.0.1", "default/web")

	// Emptied in place: every file was deleted.
	v.do(os.Remove(filepath.Join(dir, "a.yaml")))
	v.do(os.Remove(filepath.Join(dir, "b.yaml")))
	v.awaitGroups()
}

func TestUnreadableFileStands(t *testing.T) {
	v := &view{t: t, dir: t.TempDir()}
	v.write("a.yaml", service("web"))
	v = observe(t, v.dir)
	v.awaitPhase(cluster.Live)
	// A link in a loop cannot be followed, by root neither.
	v.do(os.Symlink("a.yaml", filepath.Join(v.dir, ".loop")))
	v.do(os.Rename(filepath.Join(v.dir, ".loop"), filepath.Join(v.dir, "a.yaml")))
	v.awaitLog("manifest cannot be read")
	time.Sleep(2 * settle) // what would be withdrawn would be by now
	v.awaitGroups("default/web")
}

func TestReceiverThatSleeps(t *testing.T) {
	v := &view{t: t, dir: t.TempDir()}
	v.write("a.yaml", service("web"))
	s, err := New(Config{Cluster: "edge", Dir: v.dir, Log: slog.New(slog.DiscardHandler)})
	v.do(err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- s.Run(ctx, make(chan cluster.Update)) }()
	time.Sleep(10 * time.Millisecond)
	cancel()
	select {
	case err := <-done:
		v.do(err)
	case <-time.After(30 * time.Second):
		t.Error("Run is stuck in a send")
	}
}

func TestCheck(t *testing.T) {
	v := &view{t: t, dir: t.TempDir()}
	v.write("a.yaml", service("web")+service("web"))
	v.write("b.yaml", "{apiVersion: v1, kind: Service, metadata: {name: b}, spec: {type: X, clusterIP: nowhere}}")
	n, wrong := Check(v.dir)
	if n != 1 || len(wrong) != 3 {
		t.Errorf("%d objects, wrong: %q", n, wrong)
	}
	if _, wrong := Check(filepath.Join(v.dir, "no")); len(wrong) != 1 || !strings.Contains(wrong[0].Error(), "no such file") {
		t.Errorf("no folder: %q", wrong)
	}
}
