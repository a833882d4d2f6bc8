package harness

import (
	_ "embed"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"syscall"
)

//go:embed sweep.sh
var sweepScript string

// janitor is a small process that outlives this one. It waits until this
// process lets go of a pipe, by closing it or by dying, and then removes what
// the fleet made: so a fleet whose process was killed leaves nothing either. It
// holds the fleet's claim meanwhile, so that nobody takes the number before all
// is clean.
type janitor struct {
	cmd    *exec.Cmd
	pipe   io.Closer
	report *os.File // what it said; it removes the name, we keep the file
}

// sweep removes what an earlier fleet of the same number has left, one whose
// janitor was killed too.
func (c *claim) sweep() error {
	cmd := exec.Command("/bin/sh", "-c", sweepScript, "sweep", strconv.Itoa(c.number), os.TempDir())
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("sweep what fleet %d left: %w\n%s", c.number, err, out)
	}
	return nil
}

// newJanitor starts the janitor of a claim, and owns the claim from then on.
func newJanitor(c *claim) (*janitor, error) {
	socket, err := c.socket.File()
	if err != nil {
		return nil, fmt.Errorf("share claim %d: %w", c.number, err)
	}
	defer socket.Close()
	// The signals that end this process at a terminal must not end the janitor.
	script := "trap '' INT TERM HUP QUIT; cat > /dev/null\n" + sweepScript
	j := &janitor{cmd: exec.Command("/bin/sh", "-c", script, "janitor", strconv.Itoa(c.number), os.TempDir())}
	j.cmd.ExtraFiles = []*os.File{socket}
	j.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	// A file, not a pipe of ours: a janitor that outlives this process must be
	// able to write, and must not keep open the output that go test waits for.
	if j.report, err = os.CreateTemp("", fmt.Sprintf("fedns-%d-janitor-", c.number)); err != nil {
		return nil, fmt.Errorf("make the janitor's log: %w", err)
	}
	j.cmd.Stdout, j.cmd.Stderr = j.report, j.report
	if j.pipe, err = j.cmd.StdinPipe(); err == nil {
		err = j.cmd.Start()
	}
	if err != nil {
		j.report.Close()
		return nil, fmt.Errorf("start janitor: %w", err)
	}
	return j, nil
}

// finish has the janitor clean up now, and waits for it.
func (j *janitor) finish() error {
	defer j.report.Close()
	j.pipe.Close()
	err := j.cmd.Wait()
	if err == nil {
		return nil
	}
	said := make([]byte, 4096)
	n, _ := j.report.ReadAt(said, 0)
	return fmt.Errorf("clean up after the fleet: %w\n%s", err, said[:n])
}
