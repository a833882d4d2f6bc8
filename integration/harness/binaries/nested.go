package binaries

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// Nested builds the program in a folder of the checkout that is a module of its
// own, unless the cache has it already: its file's name is made of all files in
// the folder. Folder is relative to the checkout's.
func (c Cache) Nested(ctx context.Context, name, folder string) (string, error) {
	root, err := checkout()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(root, folder)
	sum, err := sumOf(dir)
	if err != nil {
		return "", fmt.Errorf("build %s: %w", name, err)
	}
	kept, err := c.dir()
	if err != nil {
		return "", err
	}
	file := filepath.Join(kept, "bin", fmt.Sprintf("%s-%x", name, sum)[:len(name)+1+8])
	if exists(file) {
		return file, nil
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return "", fmt.Errorf("make cache: %w", err)
	}
	release, err := lock(ctx, file+".lock")
	if err != nil {
		return "", err
	}
	defer release()
	if exists(file) {
		return file, nil
	}
	part := fmt.Sprintf("%s.%d.part", file, os.Getpid())
	defer os.Remove(part)
	if err := compile(ctx, dir, program{name: name, version: folder, pkg: "."}, part); err != nil {
		return "", err
	}
	if err := os.Rename(part, file); err != nil {
		return "", fmt.Errorf("keep %s: %w", name, err)
	}
	return file, nil
}

// sumOf is over the names and contents of a folder's files.
func sumOf(dir string) ([]byte, error) {
	entries, err := os.ReadDir(dir) // sorted by name
	if err != nil {
		return nil, err
	}
	h := sha256.New()
	for _, e := range slices.DeleteFunc(entries, os.DirEntry.IsDir) {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		_, _ = io.WriteString(h, fmt.Sprintf("%s %d\n", e.Name(), len(text)))
		_, _ = h.Write(text)
	}
	return h.Sum(nil), nil
}
