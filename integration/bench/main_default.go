//go:build !linux

package main

import (
	"context"
	"errors"
	"io"
)

var roles map[string]func(args []string, stdout io.Writer) error

func measure(context.Context, options, io.Writer) error {
	return errors.New("what is measured, and what measures it, is Linux's: recvmmsg, processor clocks, PSS")
}
