package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// cpuTime is what a process and its children have used of processors, as user
// and in the kernel, threads that ended included. It is the clock that
// /proc/PID/stat counts from, in nanoseconds and not in ticks of ten milliseconds.
func cpuTime(pid int) (time.Duration, error) {
	all, err := family(pid)
	if err != nil {
		return 0, err
	}
	var sum time.Duration
	for _, p := range all {
		var t unix.Timespec
		// clock_getcpuclockid(3): the id's complement, and 2 for what the scheduler counted.
		if err := unix.ClockGettime(int32(^p<<3|2), &t); err != nil {
			return 0, fmt.Errorf("CPU time of process %d: %w", p, err)
		}
		sum += time.Duration(t.Nano())
	}
	return sum, nil
}

// memory is a process's and its children's share of memory in octets (PSS:
// pages that several processes have count for a part in each).
func memory(pid int) (int64, error) {
	all, err := family(pid)
	if err != nil {
		return 0, err
	}
	var sum int64
	for _, p := range all {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", p))
		if err != nil {
			return 0, err
		}
		n, err := pss(string(text))
		if err != nil {
			return 0, fmt.Errorf("memory of process %d: %w", p, err)
		}
		sum += n
	}
	return sum, nil
}

// family is a process and all that descend from it.
func family(pid int) ([]int, error) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	children := map[int][]int{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ESRCH) {
			continue // ended meanwhile
		}
		if err != nil {
			return nil, err
		}
		p, parent, err := parents(string(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		children[parent] = append(children[parent], p)
	}
	all := []int{pid}
	for i := 0; i < len(all); i++ {
		all = append(all, children[all[i]]...)
	}
	return all, nil
}

// topology is the allowed processors, those that share a core left out but for one.
func topology() ([]int, error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return nil, os.NewSyscallError("sched_getaffinity", err)
	}
	var cores []int
	seen := map[string]bool{}
	for cpu := range len(set) * 64 {
		if !set.IsSet(cpu) {
			continue
		}
		siblings, err := os.ReadFile(fmt.Sprintf("/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu))
		who := strings.TrimSpace(string(siblings))
		if err != nil {
			who = strconv.Itoa(cpu)
		}
		if !seen[who] {
			seen[who] = true
			cores = append(cores, cpu)
		}
	}
	return cores, nil
}
