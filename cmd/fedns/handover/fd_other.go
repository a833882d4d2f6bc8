//go:build !unix

package handover

import (
	"context"
	"errors"
	"os"
	"syscall"
)

func duplicate(syscall.Conn) (*os.File, error) { return nil, errors.ErrUnsupported }

func open(int, string) *os.File { return nil }

// Requests yields nothing: this system has no signal for it.
func Requests(context.Context) <-chan os.Signal { return nil }
