package process

import (
	"errors"

	"golang.org/x/sys/unix"
)

// stopped says whether all threads of a child have stopped. What the kernel tells
// os/exec of the child's end is left to it.
func stopped(pid int) (bool, error) {
	var info unix.Siginfo
	err := unix.Waitid(unix.P_PID, pid, &info, unix.WSTOPPED|unix.WNOHANG|unix.WNOWAIT, nil)
	if errors.Is(err, unix.EINTR) || errors.Is(err, unix.ECHILD) { // it may have ended
		return false, nil
	}
	return info.Signo != 0, err
}
