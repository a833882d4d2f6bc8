//go:build !linux

package process

import "syscall"

// Attributes gives a child its own process group. Without Linux no kernel ends
// it when this process is killed: only a regular end of the fleet does.
func Attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
