package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const (
	// mostHolders are told of a heap.
	mostHolders = 10
	// profiling is how long reading a profile may take.
	profiling = 30 * time.Second
	// ours are the functions that are told; what others allocate counts for who called them.
	ours = "github.com/fedns/fedns/"
)

// profile reads the daemon's heap profile, as of its last collection.
func (w *world) profile(ctx context.Context) error {
	text, err := w.get(ctx, "/debug/pprof/heap")
	if err != nil {
		return fmt.Errorf("heap profile: %w", err)
	}
	file := filepath.Join(filepath.Dir(w.daemon.Config), "heap")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, profiling)
	defer cancel()
	out, err := exec.CommandContext(ctx, "go", "tool", "pprof", "-top", "-sample_index=inuse_space", "-show=^"+ours, file).Output()
	if err != nil {
		return fmt.Errorf("go tool pprof: %w", err)
	}
	_, rows, _ := strings.Cut(string(out), "cum%\n")
	for line := range strings.Lines(rows) {
		fields := strings.Fields(line)
		if len(fields) < 6 || len(w.report.Holders) == mostHolders {
			break
		}
		w.report.Holders = append(w.report.Holders, fields[0]+" "+fields[1]+" "+strings.TrimPrefix(fields[5], ours))
	}
	return nil
}

// startOf is when a process began, to ten milliseconds.
func startOf(pid int) (time.Time, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return time.Time{}, err
	}
	up, err := os.ReadFile("/proc/uptime")
	if err != nil {
		return time.Time{}, err
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 20 {
		return time.Time{}, fmt.Errorf("/proc/%d/stat: %d fields", pid, len(fields))
	}
	ticks, err := strconv.ParseInt(fields[19], 10, 64) // since boot, a hundred a second
	if err != nil {
		return time.Time{}, err
	}
	now, err := strconv.ParseFloat(strings.Fields(string(up))[0], 64)
	if err != nil {
		return time.Time{}, err
	}
	return time.Now().Add(-time.Duration((now - float64(ticks)/100) * float64(time.Second))), nil
}
