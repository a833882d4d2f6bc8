package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// Command says what to run.
type Command struct {
	// Name is what errors and logs call the process, such as
	// "eu-1/kube-apiserver".
	Name string
	// Path is the program's file.
	Path string
	Args []string
	// Env is added to this process's environment.
	Env []string
	// Log is the file that standard output and standard error are appended to.
	Log string
	// Root is the file system that it runs in and finds Path in, and User is
	// whom it runs as. Both default to this process's, and others take root.
	Root string
	User *syscall.Credential
}

// Process is a started child. Its methods may be called concurrently.
type Process struct {
	Name string
	Log  string

	cmd  *exec.Cmd
	done chan struct{} // closed when the child was waited for
	err  error         // what Wait said; read after done
}

// start runs cmd. It must be called on a thread that lives as long as the
// child: see Spawner.
func start(c Command) (*Process, error) {
	log, err := os.OpenFile(c.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open log of %s: %w", c.Name, err)
	}
	defer log.Close() // the child has its own descriptor
	cmd := exec.Command(c.Path, c.Args...)
	cmd.Env = append(os.Environ(), c.Env...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = Attributes()
	cmd.SysProcAttr.Credential = c.User
	if c.Root != "" {
		cmd.SysProcAttr.Chroot, cmd.Dir = c.Root, "/"
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", c.Name, err)
	}
	p := &Process{Name: c.Name, Log: c.Log, cmd: cmd, done: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// PID is the process's id, which is its group's id too.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done is closed once the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Running reports whether the process has not ended. A paused one is running.
func (p *Process) Running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// Err says how the process ended, with the tail of its log; nil while it runs.
func (p *Process) Err() error {
	if p.Running() {
		return nil
	}
	how := "exit status 0"
	if p.err != nil {
		how = p.err.Error()
	}
	return fmt.Errorf("%s ended: %s\n%s", p.Name, how, p.Tail(30))
}

// Signal sends sig to the process and to all it started. It is no error when
// they have already ended.
func (p *Process) Signal(sig syscall.Signal) error {
	if !p.Running() {
		return nil // its id may belong to another process by now
	}
	err := syscall.Kill(-p.PID(), sig)
	if err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("send %v to %s: %w", sig, p.Name, err)
	}
	return nil
}

// pauseLimit is how long a process may take to stop: each of its threads does when
// it next has a processor.
const pauseLimit = 30 * time.Second

// Pause stops the process without ending it: its sockets stay open and nobody
// answers them. It returns when all threads have stopped, which on a busy machine is
// some time after the signal, or when the process has ended.
func (p *Process) Pause() error {
	if err := p.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), pauseLimit)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for p.Running() {
		if is, err := stopped(p.PID()); is || err != nil {
			return err
		}
		select {
		case <-p.done:
		case <-ctx.Done():
			return fmt.Errorf("%s has not stopped within %v of SIGSTOP", p.Name, pauseLimit)
		case <-tick.C:
		}
	}
	return nil
}

// Resume undoes Pause.
func (p *Process) Resume() error { return p.Signal(syscall.SIGCONT) }

// Kill ends the process at once and waits until it is gone.
func (p *Process) Kill() error {
	err := p.Signal(syscall.SIGKILL)
	if err == nil {
		<-p.done
	}
	return err
}

// Stop asks the process to end and waits until it is gone. One that has not
// ended after grace is killed, which is an error.
func (p *Process) Stop(grace time.Duration) error {
	// Continued first: a paused process would not see the request.
	if err := errors.Join(p.Resume(), p.Signal(syscall.SIGTERM)); err != nil {
		return err
	}
	select {
	case <-p.done:
		return nil
	case <-time.After(grace):
	}
	if err := p.Kill(); err != nil {
		return err
	}
	return fmt.Errorf("%s did not end within %v of SIGTERM and was killed", p.Name, grace)
}

// Tail is the last n lines that the process wrote, long ones cut short.
func (p *Process) Tail(n int) string {
	const (
		window  = 64 << 10 // bytes that are read
		longest = 500      // bytes of a line that are kept: a stack trace's fit
	)
	f, err := os.Open(p.Log)
	if err != nil {
		return fmt.Sprintf("(no log: %v)", err)
	}
	defer f.Close()
	size, err := f.Seek(0, 2)
	if err != nil {
		return fmt.Sprintf("(no log: %v)", err)
	}
	text := make([]byte, min(size, window))
	if _, err := f.ReadAt(text, size-int64(len(text))); err != nil {
		return fmt.Sprintf("(no log: %v)", err)
	}
	lines := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	lines = lines[max(0, len(lines)-n):]
	for i, line := range lines {
		if len(line) > longest {
			lines[i] = line[:longest] + " ..."
		}
	}
	return strings.Join(lines, "\n")
}
