package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/fedns/fedns/integration/figures"
	"github.com/fedns/fedns/integration/harness/binaries"
	"github.com/fedns/fedns/integration/harness/process"
)

// roles are what this program is, by its first argument.
var roles = map[string]func(args []string, stdout io.Writer) error{
	rolePin:     func(args []string, _ io.Writer) error { return pin(args) },
	roleBlast:   blast,
	roleUpdates: updates,
	roleSlow:    slow,
}

// measure is the role that users start.
func measure(ctx context.Context, o options, stdout io.Writer) error {
	// Debian puts name servers where not every user's path leads.
	if err := os.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin:/sbin"); err != nil {
		return err
	}
	cores, err := topology()
	if err != nil {
		return err
	}
	if len(cores) < 2 {
		return errors.New("two cores are needed: one for the server, one for the generator")
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "fedns-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	spawner := process.NewSpawner()
	defer spawner.Close()
	began := time.Now()
	b := &bench{
		fleet:  &fleet{dir: dir, self: self, serverCore: cores[0], loadCore: cores[1], spawner: spawner},
		rounds: o.Rounds, length: o.Length(), seed: o.Seed, wanted: o.Wants, build: o.coredns,
		report: &report{Machine: fmt.Sprintf("%s, %d cores", figures.Machine(), len(cores)), Rounds: o.Rounds, Seconds: o.Seconds},
		say: func(format string, args ...any) {
			fmt.Fprintf(os.Stderr, "%4.0f s  %s\n", time.Since(began).Seconds(), fmt.Sprintf(format, args...))
		},
	}
	defer b.stop()
	if err := b.find(ctx); err != nil {
		return err
	}
	if err := b.run(ctx); err != nil {
		return err
	}
	b.report.judge()
	return figures.Print(stdout, b.report, o.JSON)
}

// lookup finds a peer's program; the error says how to get it.
func (b *bench) lookup(ctx context.Context, p program) (string, error) {
	if p.name == coreDNS.name {
		if file, ok := (binaries.Cache{}).Kept(binaries.CoreDNS); ok {
			return file, nil
		}
		if b.build {
			return (binaries.Cache{}).Path(ctx, binaries.CoreDNS)
		}
	} else if file, err := exec.LookPath(p.tool); err == nil {
		return file, nil
	}
	return "", fmt.Errorf("not found; %s", p.install)
}
