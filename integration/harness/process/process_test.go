package process

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// shell starts a shell script as a child.
func shell(t *testing.T, script string) *Process {
	t.Helper()
	s := NewSpawner()
	p, err := s.Start(Command{
		Name: "shell", Path: "/bin/sh", Args: []string{"-c", script},
		Log: filepath.Join(t.TempDir(), "shell.log"),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Kill()
		s.Close()
	})
	return p
}

func TestStopEndsAPausedProcess(t *testing.T) {
	p := shell(t, "sleep 100 & wait")
	if err := p.Pause(); err != nil {
		t.Fatal(err)
	}
	if err := p.Stop(5 * time.Second); err != nil {
		t.Fatal(err)
	}
	if p.Running() {
		t.Error("still running")
	}
}

func TestStopKillsAProcessThatIgnoresIt(t *testing.T) {
	p := shell(t, "trap '' TERM; echo ready; while :; do sleep 1; done")
	if err := p.WaitReady(t.Context(), said(p, "ready")); err != nil {
		t.Fatal(err)
	}
	if err := p.Stop(50 * time.Millisecond); err == nil {
		t.Error("want an error that says it was killed")
	}
	if p.Running() {
		t.Error("still running")
	}
}

func TestWaitReadyShowsTheLogOfAProcessThatEnded(t *testing.T) {
	p := shell(t, "echo no such flag; exit 3")
	err := p.WaitReady(t.Context(), func(context.Context) error { return errors.New("not yet") })
	if err == nil || !strings.Contains(err.Error(), "no such flag") || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("got %v", err)
	}
}

// said is a condition: the process has written text.
func said(p *Process, text string) func(context.Context) error {
	return func(context.Context) error {
		if !strings.Contains(p.Tail(10), text) {
			return errors.New("has not said " + text)
		}
		return nil
	}
}
