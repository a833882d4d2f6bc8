package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// parents reads a process's id and its parent's from /proc/PID/stat. The
// program's name, in brackets, may hold anything.
func parents(stat string) (pid, parent int, err error) {
	id, rest, ok := strings.Cut(stat, " (")
	end := strings.LastIndexByte(rest, ')')
	if !ok || end < 0 {
		return 0, 0, errors.New("no program name in brackets")
	}
	fields := strings.Fields(rest[end+1:])
	if len(fields) < 2 {
		return 0, 0, errors.New("no parent")
	}
	if pid, err = strconv.Atoi(id); err != nil {
		return 0, 0, err
	}
	parent, err = strconv.Atoi(fields[1])
	return pid, parent, err
}

// pss reads the proportional set size from /proc/PID/smaps_rollup, in octets.
func pss(rollup string) (int64, error) {
	for line := range strings.Lines(rollup) {
		var kib int64
		if n, _ := fmt.Sscanf(line, "Pss: %d kB", &kib); n == 1 {
			return kib << 10, nil
		}
	}
	return 0, errors.New("no line Pss")
}
