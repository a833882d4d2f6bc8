package route53

import (
	"context"
	_ "embed"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/fedns/fedns/integration/harness/process"
)

//go:embed moto.txt
var requirements string

// version is moto's, and part of the name of its folder.
func version() string {
	m := regexp.MustCompile(`(?m)^moto==(\S+)$`).FindStringSubmatch(requirements)
	if m == nil {
		return "unknown"
	}
	return m[1]
}

// Program is where integration/prerequisites puts moto's server.
func Program() (string, error) {
	dir := os.Getenv("FEDNS_CACHE")
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("find cache (set FEDNS_CACHE): %w", err)
		}
		dir = filepath.Join(cache, "fedns")
	}
	return filepath.Join(dir, "moto-"+version(), "bin", "moto_server"), nil
}

// Start starts a server on a port of its own and waits until it listens. It runs
// until the caller kills it.
func Start(ctx context.Context, sp *process.Spawner, path, dir string) (*process.Process, string, error) {
	// The port is free now; that somebody else takes it in between ends the program,
	// and the wait.
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	addr := l.Addr().String()
	l.Close()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, "", err
	}
	p, err := sp.Start(process.Command{Name: "moto", Path: path, Args: []string{"-H", host, "-p", port}, Log: filepath.Join(dir, "moto.log")})
	if err != nil {
		return nil, "", err
	}
	err = p.WaitReady(ctx, func(ctx context.Context) error {
		c, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", addr)
		if err == nil {
			c.Close()
		}
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("moto does not listen at %s: %w", addr, err)
	}
	return p, "http://" + addr, nil
}
