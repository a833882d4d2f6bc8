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

// allocations runs the benchmark of the fast path and tells the most
// allocations a query that any of its cases has.
func allocations(ctx context.Context) (most, cases int, err error) {
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/fedns/fedns").Output()
	if err != nil {
		return 0, 0, fmt.Errorf("find the daemon's module: %w", err)
	}
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^BenchmarkRespond$", "-benchtime", "10000x", "./dnsserver/answer")
	cmd.Dir = strings.TrimSpace(string(root))
	said, err := cmd.CombinedOutput()
	if err != nil {
		return 0, 0, fmt.Errorf("benchmark of the fast path: %w\n%s", err, said)
	}
	return fastAllocations(string(said))
}

var benchmarkLine = regexp.MustCompile(`(?m)^BenchmarkRespond/(\S+)\s.*\s(\d+) allocs/op`)

// fastAllocations reads a benchmark's output. The cases named readable are of
// the slow path.
func fastAllocations(output string) (most, cases int, err error) {
	for _, found := range benchmarkLine.FindAllStringSubmatch(output, -1) {
		if strings.Contains(found[1], "readable") {
			continue
		}
		n, err := strconv.Atoi(found[2])
		if err != nil {
			return 0, 0, err
		}
		most, cases = max(most, n), cases+1
	}
	if cases == 0 {
		return 0, 0, errors.New("the benchmark tells of no allocations")
	}
	return most, cases, nil
}
