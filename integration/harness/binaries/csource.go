package binaries

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// ErrNoCompiler says that there is no C compiler here, and how to get one.
var ErrNoCompiler = errors.New("no C compiler: apt-get install gcc libc6-dev")

// C compiles a program of one C file, unless the cache has it already: its
// file's name is made of the source.
func (c Cache) C(ctx context.Context, name string, source []byte) (string, error) {
	dir, err := c.dir()
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "bin", fmt.Sprintf("%s-%x", name, sha256.Sum256(source))[:len(name)+1+8])
	if exists(file) {
		return file, nil
	}
	compiler, err := exec.LookPath("cc")
	if err != nil {
		return "", ErrNoCompiler
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return "", fmt.Errorf("make cache: %w", err)
	}
	part := fmt.Sprintf("%s.%d", file, os.Getpid())
	defer os.Remove(part)
	defer os.Remove(part + ".c")
	if err := os.WriteFile(part+".c", source, 0o644); err != nil {
		return "", fmt.Errorf("compile %s: %w", name, err)
	}
	if said, err := exec.CommandContext(ctx, compiler, "-O2", "-o", part, part+".c").CombinedOutput(); err != nil {
		return "", fmt.Errorf("compile %s: %w\n%s", name, err, said)
	}
	if err := os.Rename(part, file); err != nil {
		return "", fmt.Errorf("keep %s: %w", name, err)
	}
	return file, nil
}

// Kept returns the file of a program if the cache has it.
func (c Cache) Kept(name string) (file string, ok bool) {
	p, err := find(name)
	if err != nil {
		return "", false
	}
	dir, err := c.dir()
	if err != nil {
		return "", false
	}
	file = filepath.Join(dir, "bin", p.file())
	return file, exists(file)
}
