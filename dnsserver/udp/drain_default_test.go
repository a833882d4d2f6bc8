//go:build !linux

package udp_test

const kernelCounts = false
