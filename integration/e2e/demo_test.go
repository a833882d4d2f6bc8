package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/integration/harness"
	"github.com/fedns/fedns/integration/harness/process"
)

// TestDemo is `make demo REAL=1`, with the scenario and without.
func TestDemo(t *testing.T) {
	harness.Need(t, "dig", "bind9-dnsutils")
	program := filepath.Join(t.TempDir(), "demo")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../demo").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Run("script", func(t *testing.T) {
		d := startDemo(t, program, "--script")
		if code := d.exit(t); code != 0 {
			t.Fatalf("exit code %d", code)
		}
		if !strings.Contains(d.out.String(), "each one checked.") {
			t.Error("the scenario was not played to its end")
		}
	})
	t.Run("every line can be pasted", func(t *testing.T) {
		d := startDemo(t, program)
		harness.Eventually(t, 2*time.Minute, func(context.Context) error {
			if !strings.Contains(d.out.String(), "/metrics\n") {
				return errors.New("it has not introduced itself")
			}
			return nil
		})
		d.paste(t)
		if err := d.cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		if code := d.exit(t); code != 0 {
			t.Errorf("exit code %d after SIGINT", code)
		}
		if left, err := filepath.Glob(filepath.Join(d.tmp, "*")); err != nil || len(left) > 0 {
			t.Errorf("it left %q (%v)", left, err)
		}
	})
	t.Run("wrong flag", func(t *testing.T) {
		if code := startDemo(t, program, "--no-such-flag").exit(t); code != 2 {
			t.Errorf("exit code %d, want 2", code)
		}
	})
}

// running is a demo that was started.
type running struct {
	cmd  *exec.Cmd
	out  *output
	tmp  string // its TMPDIR
	done chan struct{}
}

// startDemo runs the demo on ports that nobody has.
func startDemo(t *testing.T, program string, args ...string) *running {
	t.Helper()
	d := &running{out: &output{}, tmp: t.TempDir(), done: make(chan struct{})}
	d.cmd = exec.Command(program, append(args, "--dns", freeAddr(t), "--http", freeAddr(t))...)
	d.cmd.Env = append(os.Environ(), "TMPDIR="+d.tmp)
	d.cmd.Stdout, d.cmd.Stderr = d.out, d.out
	// Of its own group: killed as a whole when the test ends early.
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = d.cmd.Wait() // the exit code is looked at later
		close(d.done)
	}()
	t.Cleanup(func() {
		select {
		case <-d.done:
		default:
			_ = d.cmd.Process.Kill() // the fleet's janitor ends the rest
			<-d.done
		}
		if t.Failed() {
			t.Logf("%s", d.out)
		}
	})
	return d
}

// exit waits for the end and returns the exit code.
func (d *running) exit(t *testing.T) int {
	t.Helper()
	select {
	case <-d.done:
		return d.cmd.ProcessState.ExitCode()
	case <-time.After(3 * time.Minute):
		t.Fatal("it does not end")
		return 0
	}
}

// paste runs every dig and kubectl line that was printed, as its reader would.
func (d *running) paste(t *testing.T) {
	t.Helper()
	digs, kubectls := 0, 0
	for line := range strings.Lines(d.out.String()) {
		command, isCommand := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "  ")
		isDig, isKubectl := strings.HasPrefix(command, "dig "), strings.Contains(command, "/kubectl-")
		if !isCommand || !isDig && !isKubectl {
			continue
		}
		out, err := exec.CommandContext(t.Context(), "/bin/sh", "-c", command).CombinedOutput()
		switch {
		case err != nil:
			t.Errorf("%s: %v\n%s", command, err, out)
		case isDig && !bytes.Contains(out, []byte("status: NOERROR")), isDig && bytes.Contains(out, []byte("ANSWER: 0,")):
			t.Errorf("%s:\n%s", command, out)
		case isDig:
			digs++
		default:
			kubectls++
		}
	}
	if digs < 15 || kubectls < 7 {
		t.Errorf("%d dig lines and %d kubectl lines work, want 15 and 7", digs, kubectls)
	}
	// What the kubectl lines did: us-1 has a web as well, and eu-1 has it again.
	addr := d.cmd.Args[len(d.cmd.Args)-3]
	harness.Eventually(t, 30*time.Second, func(ctx context.Context) error {
		got, err := ask(ctx, addr, "web.shop.prod", dns.TypeA)
		if err == nil && len(got) != 3 {
			err = fmt.Errorf("web.shop.prod has %v, want three addresses", got)
		}
		return err
	})
}

// freeAddr is an address on loopback whose port nobody has, for UDP and TCP.
func freeAddr(t *testing.T) string {
	t.Helper()
	addr, err := process.FreeAddr("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	return addr.String()
}

// output is what a process prints, to be read while it still does.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

// String is all that was printed so far.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
