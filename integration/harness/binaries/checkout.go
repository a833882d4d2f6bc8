package binaries

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// daemonModule is the module that fedns itself is of.
const daemonModule = "module github.com/fedns/fedns"

// Fedns puts the daemon at file: the one that $FEDNS_BIN names, or else one that is
// built of the checkout that the working directory is in. Nothing is linked anew
// while the sources have not changed.
func (c Cache) Fedns(ctx context.Context, file string) error {
	if made := os.Getenv("FEDNS_BIN"); made != "" {
		return duplicate(made, file)
	}
	root, err := checkout()
	if err != nil {
		return err
	}
	dir, err := c.dir()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, "bin"), 0o755); err != nil {
		return fmt.Errorf("make cache: %w", err)
	}
	// A file for each checkout: go build leaves one that is up to date alone.
	kept := filepath.Join(dir, "bin", fmt.Sprintf("fedns-%x", sha256.Sum256([]byte(root)))[:len("fedns-")+8])
	release, err := lock(ctx, kept+".lock")
	if err != nil {
		return err
	}
	defer release()
	cmd := exec.CommandContext(ctx, "go", "build", "-o", kept, "./cmd/fedns")
	cmd.Dir = root
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build fedns in %s: %w\n%s", root, err, said)
	}
	return duplicate(kept, file) // under the lock: the next build replaces what is kept
}

// duplicate copies a program.
func duplicate(program, file string) error {
	text, err := os.ReadFile(program)
	if err == nil {
		err = os.WriteFile(file, text, 0o755)
	}
	if err != nil {
		return fmt.Errorf("copy fedns: %w", err)
	}
	return nil
}

// checkout finds the folder of the daemon's module at or above the working
// directory.
func checkout() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find checkout: %w", err)
	}
	for {
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("find checkout: %w", err)
		}
		if line, _, _ := strings.Cut(string(text), "\n"); strings.TrimSpace(line) == daemonModule {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("find checkout: the working directory is in none of fedns")
		}
		dir = filepath.Dir(dir)
	}
}
