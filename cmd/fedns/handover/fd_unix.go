//go:build unix

package handover

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// duplicate is a descriptor of its own for a socket. It stays non-blocking for
// all who have it, which net's own File does not see to.
func duplicate(conn syscall.Conn) (*os.File, error) {
	rc, err := conn.SyscallConn()
	if err != nil {
		return nil, err
	}
	var fd int
	var derr error
	err = rc.Control(func(of uintptr) { fd, derr = unix.FcntlInt(of, unix.F_DUPFD_CLOEXEC, socketFD) })
	if err = errors.Join(err, derr); err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	return os.NewFile(uintptr(fd), "socket"), nil
}

// open is an inherited descriptor, not to be inherited further; nil when it is none.
func open(fd int, name string) *os.File {
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETFD, unix.FD_CLOEXEC); err != nil {
		return nil
	}
	return os.NewFile(uintptr(fd), name)
}

// Requests yields each time somebody asks to hand over, by SIGUSR2, until ctx ends.
func Requests(ctx context.Context) <-chan os.Signal {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGUSR2)
	context.AfterFunc(ctx, func() { signal.Stop(c) })
	return c
}
