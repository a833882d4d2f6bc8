package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// footprint is what a process has in memory, in octets.
type footprint struct {
	RSS   int64 `json:"rss"`
	PSS   int64 `json:"pss"`
	Peak  int64 `json:"peakRSS"`  // VmHWM
	Heap  int64 `json:"liveHeap"` // the least that was seen allocated
	InUse int64 `json:"heapInUse"`
}

// sampling is how often memory is looked at.
const sampling = time.Second

// settled is the least a daemon takes while nothing goes on for so many seconds:
// garbage is collected now and then, and the runtime gives memory back slowly.
func (d *daemon) settled(ctx context.Context, seconds float64) (least footprint, err error) {
	ticker := time.NewTicker(sampling)
	defer ticker.Stop()
	for end := time.Now().Add(time.Duration(seconds * float64(time.Second))); time.Now().Before(end); {
		f, err := d.footprint(ctx)
		if err != nil {
			return least, err
		}
		if least.RSS == 0 {
			least = f
		}
		least.RSS, least.PSS, least.Heap, least.InUse = min(least.RSS, f.RSS), min(least.PSS, f.PSS), min(least.Heap, f.Heap), min(least.InUse, f.InUse)
		least.Peak = f.Peak
		select {
		case <-ctx.Done():
			return least, ctx.Err()
		case <-ticker.C:
		}
	}
	return least, nil
}

func (d *daemon) footprint(ctx context.Context) (f footprint, err error) {
	for file, lines := range map[string]map[string]*int64{
		"status":       {"VmRSS": &f.RSS, "VmHWM": &f.Peak},
		"smaps_rollup": {"Pss": &f.PSS},
	} {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", d.PID(), file))
		if err != nil {
			return f, err
		}
		for line := range strings.Lines(string(text)) {
			key, value, _ := strings.Cut(line, ":")
			if into := lines[key]; into != nil {
				kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
				if err != nil {
					return f, fmt.Errorf("%s: %w", file, err)
				}
				*into = kib << 10
			}
		}
	}
	text, err := d.get(ctx, "/metrics")
	if err != nil {
		return f, err
	}
	f.Heap, f.InUse = int64(metric(text, "go_memstats_heap_alloc_bytes")), int64(metric(text, "go_memstats_heap_inuse_bytes"))
	return f, nil
}

// metric is the sum of a metric's series; 0: there are none.
func metric(text, name string) (sum float64) {
	for line := range strings.Lines(text) {
		series, value, ok := strings.Cut(strings.TrimSpace(line), " ")
		if own, _, _ := strings.Cut(series, "{"); ok && own == name {
			v, _ := strconv.ParseFloat(value, 64) // what /metrics prints
			sum += v
		}
	}
	return sum
}

// cpuTime is what a process has used of processors, to ten milliseconds.
func cpuTime(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	const tick = 10 * time.Millisecond // USER_HZ is 100 on every machine Go runs on
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/%d/stat: %d fields", pid, len(fields))
	}
	var ticks int64
	for _, field := range fields[11:13] { // utime, stime
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("/proc/%d/stat: %w", pid, err)
		}
		ticks += n
	}
	return time.Duration(ticks) * tick, nil
}
