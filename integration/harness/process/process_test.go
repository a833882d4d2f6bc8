package process

import (
	"bytes"
	"context"
	"errors"
	"os"
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

// TestPausedProcessDoesNothing: from the moment that Pause returns.
func TestPausedProcessDoesNothing(t *testing.T) {
	counter := filepath.Join(t.TempDir(), "counter")
	p := shell(t, "n=0; while :; do n=$((n+1)); echo $n > "+counter+"; done")
	for range 20 {
		if err := p.Pause(); err != nil {
			t.Fatal(err)
		}
		if is, err := stopped(p.PID()); !is || err != nil {
			t.Fatalf("it has not stopped: %v", err)
		}
		if err := p.Pause(); err != nil { // which it is already
			t.Fatal(err)
		}
		before, _ := os.ReadFile(counter) // it may just be being written
		time.Sleep(5 * time.Millisecond)
		if after, _ := os.ReadFile(counter); !bytes.Equal(before, after) {
			t.Fatalf("it went on from %s to %s", before, after)
		}
		if err := p.Resume(); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := p.Pause(); err != nil {
		t.Errorf("one that has ended: %v", err)
	}
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
