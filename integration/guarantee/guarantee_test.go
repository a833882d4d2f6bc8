package guarantee

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	discovery "github.com/fedns/fedns/discovery/guarantee"
	providers "github.com/fedns/fedns/providers/guarantee"
)

// root is the folder of the daemon's module.
var root = filepath.Join("..", "..")

// proofs are the tests of promises, and the folder of each below root.
func proofs(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "*", "*", "guarantee_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, pattern := range []string{"*", "*/*/*"} {
		more, err := filepath.Glob(filepath.Join(root, pattern, "guarantee_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, more...)
	}
	found := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^func (TestGuarantee\w+)\(`).FindAllStringSubmatch(string(text), -1) {
			found[m[1]] = filepath.Dir(file)
		}
	}
	return found
}

// promise is one of a wing's.
type promise struct {
	name     string
	variable string // where those that are not to be kept are listed
}

// promises are those of all wings.
func promises() (all []promise) {
	for _, n := range discovery.Names() {
		all = append(all, promise{string(n), discovery.Variable})
	}
	for _, n := range providers.Names() {
		all = append(all, promise{string(n), providers.Variable})
	}
	return all
}

// testOf is the test of a promise: many-lost-are-held is tested by TestGuaranteeManyLostAreHeld.
func testOf(name string) string {
	test := "TestGuarantee"
	for word := range strings.SplitSeq(name, "-") {
		if word == "crd" {
			word = "CRD"
		}
		test += strings.ToUpper(word[:1]) + word[1:]
	}
	return test
}

// build makes the test programs of folders, without guards where told so.
func build(ctx context.Context, t *testing.T, folders map[string]string) map[string]string {
	t.Helper()
	dir := t.TempDir()
	programs := map[string]string{}
	var all errgroup.Group
	all.SetLimit(2) // linkers take much memory, and one thread for some of their time
	for _, folder := range folders {
		if programs[folder] != "" {
			continue
		}
		program, err := filepath.Abs(filepath.Join(dir, strings.ReplaceAll(strings.TrimPrefix(folder, root+"/"), "/", "-")+".test"))
		if err != nil {
			t.Fatal(err)
		}
		programs[folder] = program
		all.Go(func() error {
			cmd := exec.CommandContext(ctx, "go", "test", "-c", "-tags", "unguarded", "-o", program, ".")
			cmd.Dir = folder
			if out, err := cmd.CombinedOutput(); err != nil {
				return fmt.Errorf("build the tests of %s: %w\n%s", folder, err, out)
			}
			return nil
		})
	}
	if err := all.Wait(); err != nil {
		t.Fatal(err)
	}
	return programs
}

// run runs tests of a program, without what env says.
func run(ctx context.Context, program, folder, tests string, env ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 40*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "-test.run", tests, "-test.count", "1", "-test.timeout", "30s", "-test.v")
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), env...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return out.String(), err
}

// tries is how often a test is run that passes without its guard. Some need other
// goroutines to be in the way, and on a busy machine those may be late: with the
// guard that is nothing, without it the promise held by luck.
const tries = 3

// TestEachGuardMatters: with all guards the tests of promises pass, and each
// fails, by its own assertion, when its guard is left out.
func TestEachGuardMatters(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	folders := proofs(t)
	programs := build(ctx, t, folders)
	began := time.Now()
	for folder, program := range programs {
		if out, err := run(ctx, program, folder, "^TestGuarantee"); err != nil || !strings.Contains(out, "--- PASS: TestGuarantee") {
			t.Errorf("%s: with all guards: %v\n%s", folder, err, tail(out))
		}
	}
	var all errgroup.Group
	all.SetLimit(4) // most of the time they wait
	for _, p := range promises() {
		test := testOf(p.name)
		folder, ok := folders[test]
		if !ok {
			t.Errorf("%s: there is no %s in any guarantee_test.go", p.name, test)
			continue
		}
		delete(folders, test)
		all.Go(func() error {
			out, err := run(ctx, programs[folder], folder, "^"+test+"$", p.variable+"="+p.name)
			for n := 1; n < tries && err == nil; n++ {
				out, err = run(ctx, programs[folder], folder, "^"+test+"$", p.variable+"="+p.name)
			}
			switch {
			case err == nil:
				t.Errorf("%s: %s passes %d times without its guard\n%s", p.name, test, tries, tail(out))
			case !strings.Contains(out, "broken: "+p.name+": "):
				t.Errorf("%s: %s fails without its guard, but of something else: %v\n%s", p.name, test, err, tail(out))
			}
			return nil
		})
	}
	_ = all.Wait() // what went wrong is told
	for test := range folders {
		t.Errorf("%s tests no promise there is", test)
	}
	t.Logf("%d guards in %v, built before", len(promises()), time.Since(began).Round(time.Millisecond))
}

// tail is the end of what a test said.
func tail(out string) string { return out[max(0, len(out)-3000):] }
