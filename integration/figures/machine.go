package figures

import (
	"fmt"
	"os"
	"runtime"
	"strings"
)

// Machine names what all was measured on.
func Machine() string {
	cpuinfo, _ := os.ReadFile("/proc/cpuinfo") // elsewhere there is none
	release, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	system := strings.TrimSpace(runtime.GOOS + "/" + runtime.GOARCH + " " + string(release))
	return fmt.Sprintf("%s, %d processors, %s, %s", cpuModel(string(cpuinfo)), runtime.NumCPU(), system, runtime.Version())
}

// cpuModel reads the processor's name from /proc/cpuinfo.
func cpuModel(cpuinfo string) string {
	for line := range strings.Lines(cpuinfo) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown processor"
}
