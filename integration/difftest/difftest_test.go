package difftest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/fedns/fedns/integration/harness"
	"github.com/fedns/fedns/integration/harness/process"
)

const (
	perZone      = 22 // queries
	askers       = 8  // that go about at a time, each with one query under way at each server
	defaultShown = 12 // kinds of failures that are shown whole
)

// setting is a number from the environment.
func setting(t testing.TB, name string, otherwise uint64) uint64 {
	t.Helper()
	s := os.Getenv(name)
	if s == "" {
		return otherwise
	}
	v, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return v
}

// inSoak is what a setting is unless given: in the long run that FEDNS_SOAK=1
// asks for, and otherwise.
func inSoak(long, short uint64) uint64 {
	if os.Getenv("FEDNS_SOAK") == "1" {
		return long
	}
	return short
}

// findServers looks for programs also where Debian puts name servers, which is
// not in every user's path.
func findServers(t *testing.T) {
	t.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin:/sbin")
}

// seedSetting is what a run follows from. In CI it is the same every time: there
// a failure has to be the change's.
func seedSetting(t testing.TB) uint64 {
	t.Helper()
	seed := setting(t, "FEDNS_DIFF_SEED", inSoak(0, 1))
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	return seed
}

// TestDifferentialAnswers is the differential test.
func TestDifferentialAnswers(t *testing.T) {
	findServers(t)
	for _, p := range peers {
		harness.Need(t, p.tool, p.pkg)
	}
	seed := seedSetting(t)
	total := int(setting(t, "FEDNS_DIFF_ZONES", inSoak(10_000, 300)))
	t.Logf("FEDNS_DIFF_SEED=%d FEDNS_DIFF_ZONES=%d", seed, total)

	zones := generate(seed, total)
	dir := t.TempDir()
	files := writeZones(t, dir, seed, zones)
	began := time.Now()
	servers := startAll(t, dir, zones, files)
	t.Logf("%d zones served by all after %v", len(zones), time.Since(began).Round(time.Millisecond))

	var qs []*query
	for i, z := range zones {
		if only := os.Getenv("FEDNS_DIFF_ONLY"); only == "" || only == z.apex.String() {
			qs = append(qs, queries(seed, i, z, perZone)...)
		}
	}
	began = time.Now()
	sum := askAll(t, servers, zones, qs)
	t.Logf("asked for %v\n%s", time.Since(began).Round(time.Millisecond), sum.table())
	report(t, sum, servers, filepath.Join(dir, "zones"))
}

// writeZones writes the zones' files, each in a way of its own.
func writeZones(t *testing.T, dir string, seed uint64, zones []*zone) []string {
	t.Helper()
	dir = filepath.Join(dir, "zones")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	var files []string
	for i, z := range zones {
		file := filepath.Join(dir, z.apex.String()+"zone")
		if err := os.WriteFile(file, []byte(z.text(random(seed, i, "text"))), 0o644); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}

// startAll starts fedns and its peers side by side. They end with the test.
func startAll(t *testing.T, dir string, zones []*zone, files []string) []*server {
	t.Helper()
	own := fedns
	own.tool = buildFedns(t, dir)
	all := append([]program{own}, peers...)
	sp := process.NewSpawner()
	t.Cleanup(sp.Close)
	// What two cores take, times ten.
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second+time.Duration(len(zones))*20*time.Millisecond)
	defer cancel()
	servers := make([]*server, len(all))
	errs := make([]error, len(all))
	var wg sync.WaitGroup
	for i := range all {
		wg.Go(func() {
			if servers[i], errs[i] = all[i].start(ctx, sp, dir, zones, files); errs[i] != nil {
				cancel() // the others' waiting
			}
		})
	}
	wg.Wait()
	for _, s := range servers {
		if s != nil {
			t.Cleanup(func() {
				if err := s.proc.Stop(30 * time.Second); err != nil {
					t.Error(err)
				}
			})
		}
	}
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	return servers
}

// buildFedns returns the binary to test.
func buildFedns(t *testing.T, dir string) string {
	t.Helper()
	if file := os.Getenv("FEDNS_BIN"); file != "" {
		return file
	}
	file := filepath.Join(dir, "fedns-binary")
	cmd := exec.Command("go", "build", "-o", file, "./cmd/fedns")
	cmd.Dir = "../.."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build fedns: %v\n%s", err, out)
	}
	return file
}

// askAll asks every server every question and compares.
func askAll(t *testing.T, servers []*server, zones []*zone, qs []*query) *tally {
	t.Helper()
	sum := newTally(zones)
	var mu sync.Mutex
	var wg sync.WaitGroup
	work := make(chan *query)
	for range askers {
		wg.Go(func() {
			var clients []*client
			for _, s := range servers {
				c := newClient(s.addr())
				defer c.close()
				clients = append(clients, c)
			}
			for q := range work {
				answers := askEach(servers, clients, q)
				var whole map[string]*answer
				if !q.how.tcp && anyShort(answers) {
					over := *q
					over.how.tcp = true
					whole = askEach(servers, clients, &over)
					mu.Lock()
					sum.judge(&over, whole, nil)
					mu.Unlock()
				}
				mu.Lock()
				sum.judge(q, answers, whole)
				mu.Unlock()
			}
		})
	}
	for _, q := range qs {
		work <- q
	}
	close(work)
	wg.Wait()
	return sum
}

// askEach asks every server the same, one after the other.
func askEach(servers []*server, clients []*client, q *query) map[string]*answer {
	answers := map[string]*answer{}
	for i, c := range clients {
		a := answer{}
		wire, err := c.ask(q)
		if err != nil {
			a.broken = err.Error()
		} else {
			a = normalise(wire)
		}
		answers[servers[i].name] = &a
	}
	return answers
}

// anyShort says that some answer may lack what it would have over TCP.
func anyShort(answers map[string]*answer) bool {
	own := answers["fedns"]
	for _, a := range answers {
		if a.has("tc") || (isReferral(a) || isReferral(own)) && !slices.Equal(a.additional, own.additional) {
			return true
		}
	}
	return false
}

// report fails the test for every kind of difference that no rule explains,
// with one of its kind and what it takes to see it again.
func report(t *testing.T, sum *tally, servers []*server, dir string) {
	t.Helper()
	show := int(setting(t, "FEDNS_DIFF_SHOW", defaultShown))
	for i, k := range sum.kinds() {
		f := k.example
		text := fmt.Sprintf("%d times unexplained: %s\n  %s\n", k.count, k.name, f.q)
		if i < show {
			for _, s := range servers {
				text += fmt.Sprintf("  %-6s%s\n", s.name, f.answers[s.name])
			}
			for _, s := range servers {
				text += "  " + f.q.dig("127.0.0.1", s.port) + "\n"
			}
			text += fmt.Sprintf("  zone %s in %s, ", f.q.zone.apex, dir) + minimal(f.q)
		}
		t.Error(text)
	}
	if hold := time.Duration(setting(t, "FEDNS_DIFF_HOLD", 0)) * time.Second; hold > 0 && t.Failed() {
		t.Logf("the name servers stay up for %v, for dig", hold)
		time.Sleep(hold)
	}
}
