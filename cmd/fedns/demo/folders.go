package demo

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// A World is where the demo's clusters are. Put creates or replaces the objects
// of a manifest in a member, under a name of the caller's; Delete takes away
// what was put under that name.
type World interface {
	Put(ctx context.Context, member, name, manifest string) error
	Delete(ctx context.Context, member, name string) error
}

// Folders is a World of folders: a cluster is a folder of manifests.
type Folders struct{ Dir string }

// NewFolders makes a folder for each member below dir.
func NewFolders(dir string) (Folders, error) {
	for _, m := range Members {
		if err := os.MkdirAll(filepath.Join(dir, m.Name), 0o750); err != nil {
			return Folders{}, err
		}
	}
	return Folders{dir}, nil
}

// Put writes a file beside the old one and renames it, so that nobody reads half of it.
func (f Folders) Put(_ context.Context, member, name, manifest string) error {
	path := f.path(member, name)
	tmp := filepath.Join(f.Dir, "."+member+"-"+name)
	if err := os.WriteFile(tmp, []byte(manifest), 0o600); err != nil {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		return fmt.Errorf("put %s into %s: %w", name, member, err)
	}
	return nil
}

// Delete removes the file.
func (f Folders) Delete(_ context.Context, member, name string) error {
	return os.Remove(f.path(member, name))
}

func (f Folders) path(member, name string) string {
	return filepath.Join(f.Dir, member, name+".yaml")
}

// Populate puts what the scenario begins with into a World: web and db in the
// first region, nothing in the second.
func Populate(ctx context.Context, w World) error {
	for _, m := range Members[:2] {
		if err := w.Put(ctx, m.Name, "web", m.Web(true)); err != nil {
			return err
		}
		if err := w.Put(ctx, m.Name, "db", m.DB()); err != nil {
			return err
		}
	}
	return nil
}
