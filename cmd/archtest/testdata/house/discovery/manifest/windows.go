//go:build windows

package manifest

func init() {}
