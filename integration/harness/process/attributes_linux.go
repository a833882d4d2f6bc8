package process

import "syscall"

// Attributes gives a child its own process group, and has the kernel kill it
// when the thread that started it ends.
func Attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
