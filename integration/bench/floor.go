package main

import (
	"context"
	_ "embed"

	"github.com/fedns/fedns/integration/harness/binaries"
)

//go:embed floor/echo.c
var echoSource []byte

// floorProgram is the file of the floor, compiled if need be.
func floorProgram(ctx context.Context) (string, error) {
	return (binaries.Cache{}).C(ctx, "echo", echoSource)
}
