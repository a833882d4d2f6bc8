//go:build !linux

package main

import (
	"context"
	"errors"
	"io"
	"time"
)

var roles map[string]func(args []string, stdout io.Writer) error

var errSystem = errors.New("what is measured, and what measures it, is Linux's: recvmmsg, processor clocks, PSS")

func measure(context.Context, options, io.Writer) error { return errSystem }

func (*generator) datagrams(string, time.Duration) error { return errSystem }
