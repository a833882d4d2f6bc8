package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"
)

const (
	hereConfig = "federation: {name: prod}\nstateDir: state\nclusters: [{name: a, manifests: a}]\n"
	goneConfig = "federation: {name: prod}\nstateDir: state\nclusters: [{name: a, manifests: gone}]\n"
)

// lossLimit is how old a change may be that a kill costs: the second between two
// writes, and what a busy machine adds.
const lossLimit = 4 * time.Second

// kill ends the process as a power cut would, but for what the kernel has.
func (p *program) kill() {
	p.t.Helper()
	if err := syscall.Kill(p.pid, syscall.SIGKILL); err != nil {
		p.t.Fatal(err)
	}
	p.ended(p.pid)
}

// keeps waits until the process has written what it knows.
func (p *program) keeps() {
	p.t.Helper()
	p.await("what is known is kept", func() string {
		if _, body := p.get("/metrics"); !strings.Contains(body, "\nfedns_state_ok 1\n") || strings.Contains(body, "\nfedns_state_last_write_timestamp_seconds 0\n") {
			return p.logged()
		}
		return ""
	})
}

// versioned is the manifest whose address is a number.
func versioned(n int) string {
	return strings.ReplaceAll(webManifest, "10.0.0.1", fmt.Sprintf("10.0.%d.%d", n/256, n%256))
}

// version is the number that is answered; -1: it is no answer.
func (p *program) version() (int, string) {
	r, _, err := new(dns.Client).ExchangeContext(p.t.Context(), new(dns.Msg).SetQuestion("web.shop.prod.", dns.TypeA), p.dns)
	if err != nil {
		return -1, err.Error()
	}
	if len(r.Answer) != 1 {
		return -1, r.String()
	}
	ip := r.Answer[0].(*dns.A).A.To4()
	return int(ip[2])*256 + int(ip[3]), ""
}

// TestKilledAndAlone: a process that was killed while a Service changes, and is
// started again where its cluster cannot be reached, answers what was last known.
func TestKilledAndAlone(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	rounds := 3
	if testing.Short() {
		rounds = 2
	}
	// written is when a version took the place of the one before.
	written := []time.Time{{}, time.Now()}
	p := runProgram(t, hereConfig, map[string]string{"a/web.yaml": versioned(1)})
	for round := range rounds {
		stop := make(chan struct{})
		var changing sync.WaitGroup
		changing.Go(func() {
			for n := len(written); ; n++ {
				select {
				case <-stop:
					return
				case <-time.After(20 * time.Millisecond): // the pace of changes
				}
				written = append(written, time.Now())
				p.write("a/web.yaml", versioned(n))
			}
		})
		p.keeps() // else there is nothing yet of this life, nor of one before that was as short
		life := time.Duration(r.IntN(2500)) * time.Millisecond
		time.Sleep(life) // a kill can come at any time
		p.kill()
		killed := time.Now()
		close(stop)
		changing.Wait()

		p.config(goneConfig)
		started := time.Now()
		p.start()
		var got int
		p.await("it answers alone", func() (wrong string) {
			got, wrong = p.version()
			return wrong
		})
		took := time.Since(started)
		p.ready()
		p.answers("nothing.shop.prod.", dns.TypeA, "NXDOMAIN") // as before: all that was kept is known
		if got >= len(written) || got+1 < len(written) && killed.Sub(written[got+1]) > lossLimit {
			t.Errorf("round %d: version %d is answered, the last was %d\n%s", round, got, len(written)-1, p.logged())
		}
		t.Logf("killed after %s: %d versions behind, answered %s after the start", life, len(written)-1-got, took)

		p.kill()
		p.config(hereConfig)
		p.start()
		p.await("it reads its cluster", func() string {
			if n, wrong := p.version(); n != len(written)-1 {
				return fmt.Sprint(n, wrong)
			}
			return ""
		})
	}
}

// TestStateChangesHands: a successor knows what its predecessor knew of a cluster
// that cannot be reached, and keeps it from then on; a stranger is turned away.
func TestStateChangesHands(t *testing.T) {
	p := runProgram(t, hereConfig, map[string]string{"a/web.yaml": versioned(1)})
	other := filepath.Join(p.dir, "other.yaml")
	text, err := os.ReadFile(p.file)
	if err != nil {
		t.Fatal(err)
	}
	for _, addr := range []string{p.dns, p.http} {
		_, port, _ := net.SplitHostPort(addr)
		_, free, _ := net.SplitHostPort(freeAddr(t))
		text = bytes.ReplaceAll(text, []byte(port), []byte(free))
	}
	if err := os.WriteFile(other, text, 0o600); err != nil {
		t.Fatal(err)
	}
	stranger := func() string {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "serve", "--config", other)
		cmd.Env = append(os.Environ(), asProgram+"=1")
		out, err := cmd.CombinedOutput()
		if err == nil {
			t.Error("a stranger runs beside")
		}
		return string(out)
	}
	if out := stranger(); !strings.Contains(out, fmt.Sprintf("it is in use by another process (process %d)", p.pid)) {
		t.Errorf("the stranger says %s", out)
	}
	p.write("a/web.yaml", versioned(2))
	p.answers("web.shop.prod.", dns.TypeA, "NOERROR 10.0.0.2")
	p.config(goneConfig)
	p.await("the cluster is gone", func() string {
		if _, body := p.get("/readyz"); !strings.Contains(body, "cluster a: unreachable") {
			return body
		}
		return ""
	})
	for range 2 {
		p.handOver()
		p.told(fmt.Sprintf("MAINPID=%d\nREADY=1", p.pid))
		p.answers("web.shop.prod.", dns.TypeA, "NOERROR 10.0.0.2")
	}
	p.keeps()
	if out := stranger(); !strings.Contains(out, fmt.Sprintf("it is in use by another process (process %d)", p.pid)) {
		t.Errorf("the stranger says %s", out)
	}
	p.kill()
	p.start()
	p.answers("web.shop.prod.", dns.TypeA, "NOERROR 10.0.0.2")
}
