package binaries

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// reminder is how often a build that goes on says so: often enough that nobody
// takes it for hung.
const reminder = 20 * time.Second

// build makes the program p and leaves it at file, whole or not at all.
func build(ctx context.Context, p program, file string, progress io.Writer) error {
	dir, err := moduleDir(p.module)
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)

	say := func(format string, args ...any) {
		fmt.Fprintf(progress, "%s %s: %s\n", p.name, p.version, fmt.Sprintf(format, args...))
	}
	say("building (about %v, once) ...", p.usual)
	begin := time.Now()
	stop := every(reminder, func() { say("still building, %v so far ...", seconds(begin)) })
	defer stop()

	// In the cache's own folder, so that the rename stays on one file system.
	part := fmt.Sprintf("%s.%d.part", file, os.Getpid())
	defer os.Remove(part)
	if err := compile(ctx, dir, p, part); err != nil {
		return err
	}
	if err := os.Rename(part, file); err != nil {
		return fmt.Errorf("keep %s: %w", p.name, err)
	}
	say("done in %v", seconds(begin))
	return nil
}

func compile(ctx context.Context, dir string, p program, out string) error {
	cmd := exec.CommandContext(ctx, "go", "build",
		"-mod=readonly", "-ldflags", "-s -w "+p.ldflags, "-o", out, p.pkg)
	cmd.Dir = dir
	// A caller's GOFLAGS or workspace are meant for another module.
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=-buildvcs=false")
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	// An interrupted compiler removes its work folder; a killed one leaves it.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("build %s %s: %w\n%s", p.name, p.version, err, said.Bytes())
	}
	return nil
}

// moduleDir lays out a module's files in a temporary folder, which the caller
// removes.
func moduleDir(module string) (string, error) {
	dir, err := os.MkdirTemp("", "fedns-build-")
	if err != nil {
		return "", fmt.Errorf("make build folder: %w", err)
	}
	for _, extension := range []string{"mod", "sum"} {
		text, err := modules.ReadFile("modules/" + module + "." + extension)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, "go."+extension), text, 0o644)
		}
		if err != nil {
			os.RemoveAll(dir)
			return "", fmt.Errorf("lay out module %s: %w", module, err)
		}
	}
	return dir, nil
}

// every calls do at each interval until stop is called.
func every(interval time.Duration, do func()) (stop func()) {
	end := make(chan struct{})
	tick := time.NewTicker(interval)
	go func() {
		for {
			select {
			case <-tick.C:
				do()
			case <-end:
				tick.Stop()
				return
			}
		}
	}()
	return func() { close(end) }
}

func seconds(since time.Time) time.Duration { return time.Since(since).Round(time.Second) }
