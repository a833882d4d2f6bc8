package config

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// told is one call of Watch's function.
type told struct {
	config *Config
	err    error
}

// patience is how long a test waits for what should take a twentieth of a second.
const patience = 20 * time.Second

// watch runs Watch until the test ends.
func watch(t *testing.T, path string) <-chan told {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	events := make(chan told)
	ended := make(chan error, 1)
	go func() {
		ended <- Watch(ctx, path, func(c *Config, err error) {
			select {
			case events <- told{c, err}:
			case <-ctx.Done():
			}
		})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Watch: %v", err)
		}
	})
	return events
}

// next is the next event; it fails the test when none comes.
func next(t *testing.T, events <-chan told) told {
	t.Helper()
	select {
	case e := <-events:
		return e
	case <-time.After(patience):
		t.Fatal("no event")
		return told{}
	}
}

// nextName is the federation's name in the next event, which must be a good one.
func nextName(t *testing.T, events <-chan told) string {
	t.Helper()
	e := next(t, events)
	if e.err != nil {
		t.Fatal(e.err)
	}
	return e.config.Federation.Name.Label()
}

func named(name string) string { return header + "federation: {name: " + name + "}\n" }

func expect(t *testing.T, events <-chan told, name string) {
	t.Helper()
	if got := nextName(t, events); got != name {
		t.Fatalf("got the configuration of %q, want %q", got, name)
	}
}

func TestWatchTellsTheStartAndEachChange(t *testing.T) {
	file := filepath.Join(t.TempDir(), "fedns.yaml")
	replace(t, file, named("one"))
	events := watch(t, file)
	expect(t, events, "one")

	replace(t, file, named("two"))
	expect(t, events, "two")

	// Written again unchanged: the next event is the change after it.
	replace(t, file, named("two"))
	write(t, filepath.Join(filepath.Dir(file), "unrelated"), "x")
	select {
	case e := <-events:
		t.Fatalf("told without a change: %+v", e)
	case <-time.After(4 * settle):
	}
	replace(t, file, named("three"))
	expect(t, events, "three")
}

// replace puts a whole file in place of another at once, as editors do: what
// is half written may be seen when the machine is busy.
func replace(t *testing.T, file, text string) {
	t.Helper()
	write(t, file+".new", text)
	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
}

func TestWatchTellsFaultsAndTheirEnd(t *testing.T) {
	file := filepath.Join(t.TempDir(), "fedns.yaml")
	replace(t, file, named("one"))
	events := watch(t, file)
	expect(t, events, "one")

	replace(t, file, named("-"))
	if e := next(t, events); e.config != nil || e.err == nil || !strings.Contains(e.err.Error(), `:3: federation.name: got "-"`) {
		t.Fatalf("got %+v, want the fault alone", e)
	}
	// As good as before the fault, and told all the same: the fault is over.
	replace(t, file, named("one"))
	expect(t, events, "one")

	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if e := next(t, events); !os.IsNotExist(unwrap(e.err)) {
		t.Fatalf("got %+v, want that the file is missing", e)
	}
	replace(t, file, named("two"))
	expect(t, events, "two")
}

func unwrap(err error) error {
	for {
		u, ok := err.(interface{ Unwrap() error })
		if !ok || os.IsNotExist(err) {
			return err
		}
		err = u.Unwrap()
	}
}

func TestWatchStartsBeforeTheFolderIsThere(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "etc", "fedns")
	events := watch(t, filepath.Join(dir, "fedns.yaml"))
	if e := next(t, events); e.err == nil {
		t.Fatalf("got %+v, want an error", e)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	replace(t, filepath.Join(dir, "fedns.yaml"), named("one"))
	expect(t, events, "one")

	// The whole folder goes and comes back.
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if e := next(t, events); e.err == nil {
		t.Fatalf("got %+v, want an error", e)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	replace(t, filepath.Join(dir, "fedns.yaml"), named("two"))
	expect(t, events, "two")
}

// TestWatchFollowsAVolume: the kubelet puts a ConfigMap's new content into a new
// folder and swaps the link ..data; the file itself stays the same link.
func TestWatchFollowsAVolume(t *testing.T) {
	dir := t.TempDir()
	generation := 0
	publish := func(files map[string]string) {
		t.Helper()
		generation++
		data := fmt.Sprintf("..%d", generation)
		if err := os.Mkdir(filepath.Join(dir, data), 0o755); err != nil {
			t.Fatal(err)
		}
		for name, text := range files {
			write(t, filepath.Join(dir, data, name), text)
		}
		link(t, data, filepath.Join(dir, "..data_tmp"))
		if err := os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")); err != nil {
			t.Fatal(err)
		}
		if generation > 1 {
			if err := os.RemoveAll(filepath.Join(dir, fmt.Sprintf("..%d", generation-1))); err != nil {
				t.Fatal(err)
			}
		}
	}
	publish(map[string]string{"fedns.yaml": named("one")})
	link(t, filepath.Join("..data", "fedns.yaml"), filepath.Join(dir, "fedns.yaml"))

	events := watch(t, filepath.Join(dir, "fedns.yaml"))
	expect(t, events, "one")
	for _, name := range []string{"two", "three", "four"} {
		publish(map[string]string{"fedns.yaml": named(name)})
		expect(t, events, name)
	}
}

func link(t *testing.T, target, path string) {
	t.Helper()
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
}

// TestWatchFollowsFilesThatAreNamed: kubeconfigs and zone files, in folders of
// their own, those that a change of the configuration names first included.
func TestWatchFollowsFilesThatAreNamed(t *testing.T) {
	dir, members, zones := t.TempDir(), t.TempDir(), t.TempDir()
	file := filepath.Join(dir, "fedns.yaml")
	kubeconfig, zone := filepath.Join(members, "a.kubeconfig"), filepath.Join(zones, "example.com.zone")
	replace(t, kubeconfig, "token: 1")
	text := header + "clusters: [{name: a, kubeconfig: " + kubeconfig + "}]\n"
	replace(t, file, text)
	events := watch(t, file)
	first := next(t, events)

	replace(t, kubeconfig, "token: 2")
	second := next(t, events)
	if second.err != nil || second.config.Digests[kubeconfig] == first.config.Digests[kubeconfig] {
		t.Fatalf("got %+v, want another digest of the kubeconfig", second)
	}

	replace(t, file, text+"zones: [{name: example.com, files: ["+zone+"]}]\n")
	if e := next(t, events); e.err != nil || e.config.Digests[zone] != "" {
		t.Fatalf("got %+v, want a zone whose file is missing", e)
	}
	replace(t, zone, "@ NS ns\n")
	if e := next(t, events); e.err != nil || e.config.Digests[zone] == "" {
		t.Fatalf("got %+v, want the zone file's digest", e)
	}
}

func TestPoints(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "real", "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "real", "sub", "file"), "")
	link(t, "real", filepath.Join(dir, "relative"))
	link(t, filepath.Join(dir, "relative", "sub"), filepath.Join(dir, "absolute"))
	link(t, filepath.Join("..", "real", "sub", "file"), filepath.Join(dir, "real", "up"))
	link(t, "loop", filepath.Join(dir, "loop"))
	for _, tt := range []struct {
		path string
		want []string
	}{
		{"real/sub/file", []string{"real/sub/file"}},
		{"relative/sub/file", []string{"relative", "real/sub/file"}},
		{"absolute/file", []string{"absolute", "relative", "real/sub/file"}},
		{"relative/up", []string{"relative", "real/up", "real/sub/file"}},
		{"real/none/file", []string{"real/none"}},
		{"absolute/none", []string{"absolute", "relative", "real/sub/none"}},
	} {
		var got []string
		for _, p := range points(filepath.Join(dir, tt.path)) {
			got = append(got, strings.TrimPrefix(p, dir+"/"))
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("points(%s) = %q, want %q", tt.path, got, tt.want)
		}
	}
	if got := points(filepath.Join(dir, "loop")); len(got) > maxLinks+1 {
		t.Errorf("a link to itself gives %d points", len(got))
	}
}

// TestWatchFollowsIncludes: a zone file's content is also that of the files it
// includes, and of those that they do.
func TestWatchFollowsIncludes(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	file, zone := filepath.Join(dir, "fedns.yaml"), filepath.Join(dir, "zone")
	replace(t, zone, "$TTL 60\n$include \"sub/a\" x ; of team a\n$INCLUDE zone\n$INCLUDE /etc/passwd\n$INCLUDE ../out\n")
	replace(t, filepath.Join(dir, "sub", "a"), "$INCLUDE b\n"+strings.Repeat("; long ", 20_000)+"\n")
	replace(t, file, header+"zones: [{name: example.com, files: [zone]}]\n")
	events := watch(t, file)
	last := next(t, events)
	if last.err != nil {
		t.Fatal(last.err)
	}
	want := []string{filepath.Join(dir, "sub", "a"), filepath.Join(dir, "sub", "b"), zone}
	if got := last.config.Files(); !slices.Equal(got, want) {
		t.Errorf("looks at %q, want %q", got, want)
	}
	for _, change := range []struct{ name, text string }{
		{"sub/b", "@ A 192.0.2.1\n"}, // was missing
		{"sub/b", "@ A 192.0.2.2\n"},
		{"sub/a", "$INCLUDE c\n"},
		{"sub/c", "@ A 192.0.2.3\n"},
	} {
		replace(t, filepath.Join(dir, change.name), change.text)
		e := next(t, events)
		if e.err != nil || e.config.Digests[zone] == last.config.Digests[zone] {
			t.Fatalf("%s: got %+v, want another digest of the zone file", change.name, e)
		}
		last = e
	}
}

// A file that is written in place, slowly, is read when it is whole.
func TestWatchWaitsForWhatIsShorter(t *testing.T) {
	file := filepath.Join(t.TempDir(), "fedns.yaml")
	whole := named("one") + "# " + strings.Repeat("x", 100) + "\n"
	replace(t, file, whole)
	events := watch(t, file)
	expect(t, events, "one")
	for range 3 {
		write(t, file, header)
		time.Sleep(4 * settle)
	}
	write(t, file, strings.Replace(whole, "one", "two", 1))
	expect(t, events, "two")
	// What stays shorter is taken in the end, and what another file brings at once.
	write(t, file, named("three"))
	expect(t, events, "three")
	replace(t, file, header)
	if e := next(t, events); e.err != nil || !e.config.Federation.Name.IsZero() {
		t.Errorf("got %+v", e)
	}
}
