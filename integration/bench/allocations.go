package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
)

// fastPath is what the benchmark of the fast path said.
type fastPath struct {
	Most  int `json:"most"` // allocations a query that any case has
	Cases int `json:"cases"`
}

// allocations runs that benchmark.
func allocations(ctx context.Context) (*fastPath, error) {
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/fedns/fedns").Output()
	if err != nil {
		return nil, fmt.Errorf("find the daemon's module: %w", err)
	}
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^BenchmarkRespond$", "-benchtime", "10000x", "./dnsserver/answer")
	cmd.Dir = strings.TrimSpace(string(root))
	said, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("benchmark of the fast path: %w\n%s", err, said)
	}
	return fastAllocations(string(said))
}

var benchmarkLine = regexp.MustCompile(`(?m)^BenchmarkRespond/(\S+)\s.*\s(\d+) allocs/op`)

// fastAllocations reads a benchmark's output. The cases named readable are of
// the slow path.
func fastAllocations(output string) (*fastPath, error) {
	var f fastPath
	for _, found := range benchmarkLine.FindAllStringSubmatch(output, -1) {
		if strings.Contains(found[1], "readable") {
			continue
		}
		n, err := strconv.Atoi(found[2])
		if err != nil {
			return nil, err
		}
		f.Most, f.Cases = max(f.Most, n), f.Cases+1
	}
	if f.Cases == 0 {
		return nil, errors.New("the benchmark tells of no allocations")
	}
	return &f, nil
}
