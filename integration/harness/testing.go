package harness

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/fedns/fedns/integration/harness/binaries"
)

// startLimit is how long a fleet may take to start once its programs are built:
// thirty times what it does on two idle cores.
const startLimit = 3 * time.Minute

// Start starts a fleet that ends with the test. When the test fails, the tail of
// every log is printed. The test fails when the fleet does not start, or leaves
// something behind.
func Start(t testing.TB, o Options) *Fleet {
	t.Helper()
	Need(t, "go", "golang (https://go.dev/dl)")
	if o.Network {
		Need(t, "ip", "iproute2")
		NeedRoot(t)
	}
	programs := binaries.Cache{Progress: o.Progress}
	if len(o.Clusters) > 0 { // others may never need them
		if err := programs.Ensure(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), startLimit)
	defer cancel()
	f, err := New(ctx, o)
	if err != nil {
		t.Fatalf("start fleet: %v", err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			f.logTails(t)
		}
		if err := f.Close(); err != nil {
			t.Errorf("close fleet: %v", err)
		}
	})
	return f
}

// NewPod makes a pod, or fails the test. It ends with the fleet.
func NewPod(t testing.TB, c *Cluster, spec PodSpec) *Pod {
	t.Helper()
	p, err := c.NewPod(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Fedns starts the daemon, or fails the test. It ends with the fleet.
func Fedns(t testing.TB, f *Fleet, spec DaemonSpec) *Daemon {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startLimit)
	defer cancel()
	d, err := f.NewDaemon(ctx, spec)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Eventually waits until condition returns nil, and fails the test with what it
// said last when it has not after limit.
func Eventually(t testing.TB, limit time.Duration, condition func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	if err := Wait(ctx, condition); err != nil {
		t.Fatalf("not within %v: %v", limit, err)
	}
}

// Need asks for a tool that a test cannot do without, which the named Debian
// package holds. Without it the test fails in CI and is skipped on a laptop.
func Need(t testing.TB, tool, debianPackage string) {
	t.Helper()
	if _, err := exec.LookPath(tool); err != nil {
		missing(t, "%s is not installed: apt-get install %s", tool, debianPackage)
	}
}

// NeedFile asks for a program that is at a path of its own, as Need does for a tool
// of a package; how says what puts it there.
func NeedFile(t testing.TB, path, how string) {
	t.Helper()
	if _, err := os.Stat(path); err != nil {
		missing(t, "%s is not there: %s", path, how)
	}
}

// NeedRoot asks for root, which network namespaces take, as Need does for a
// tool.
func NeedRoot(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		missing(t, "needs root for network namespaces: run the tests with sudo")
	}
}

func missing(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// logTails prints the end of what every process of the fleet wrote.
func (f *Fleet) logTails(t testing.TB) {
	f.mu.Lock()
	processes := f.processes
	f.mu.Unlock()
	for _, p := range processes {
		t.Logf("--- %s (%s)\n%s", p.Name, state(p.Running()), p.Tail(15))
	}
}

func state(running bool) string {
	if running {
		return "running"
	}
	return "ended"
}
