package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// holder is a function of the daemon and what of the heap it has allocated, the
// libraries that it calls included.
type holder struct {
	Function string `json:"function"`
	Size     string `json:"size"`
	Share    string `json:"share"`
}

const (
	// mostHolders are told of a heap.
	mostHolders = 10
	// profiling is how long reading a profile may take.
	profiling = 30 * time.Second
	// ours are the functions that are told; what others allocate counts for who called them.
	ours = "github.com/fedns/fedns/"
)

// profile reads the daemon's heap profile, as of its last collection.
func (d *daemon) profile(ctx context.Context) ([]holder, error) {
	text, err := d.get(ctx, "/debug/pprof/heap")
	if err != nil {
		return nil, fmt.Errorf("heap profile: %w", err)
	}
	file := filepath.Join(d.b.logs, d.name+".heap")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, profiling)
	defer cancel()
	out, err := exec.CommandContext(ctx, "go", "tool", "pprof", "-top", "-sample_index=inuse_space", "-show=^"+ours, file).Output()
	if err != nil {
		return nil, fmt.Errorf("go tool pprof: %w", err)
	}
	return holders(string(out)), nil
}

// holders reads the first lines of what pprof -top prints:
//
//	flat  flat%   sum%        cum   cum%
//	10MB   50%    50%       12MB    60%  github.com/fedns/fedns/dnsserver/zone.makePage
func holders(text string) (list []holder) {
	_, rows, _ := strings.Cut(text, "cum%\n")
	for line := range strings.Lines(rows) {
		fields := strings.Fields(line)
		if len(fields) < 6 || len(list) == mostHolders {
			break
		}
		name, _, _ := strings.Cut(strings.TrimPrefix(fields[5], ours), "[") // what stands there is what it is instantiated with
		list = append(list, holder{name, fields[0], fields[1]})
	}
	return list
}
