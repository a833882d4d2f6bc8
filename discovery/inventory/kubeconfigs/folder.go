package kubeconfigs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/inventory"
	"github.com/fedns/fedns/discovery/kubernetes"
)

const (
	maxSize  = 1 << 20 // octets of a file; a Secret holds no more either
	maxFiles = 5000    // in a folder: a wrong path must not fill memory
)

// files lists the paths to read, sorted. An error says that it cannot be known.
func (s *Source) files() ([]string, error) {
	if s.cfg.File != "" {
		switch _, err := os.Stat(s.cfg.File); {
		case errors.Is(err, fs.ErrNotExist):
			return nil, nil
		case err != nil:
			return nil, trimmed(err)
		}
		return []string{s.cfg.File}, nil
	}
	self, err := os.Stat(s.cfg.Dir)
	if err != nil {
		return nil, trimmed(err)
	}
	entries, err := os.ReadDir(s.cfg.Dir)
	if err != nil {
		return nil, trimmed(err)
	}
	var all []string
	for _, e := range entries {
		path := filepath.Join(s.cfg.Dir, e.Name())
		if info, err := os.Stat(path); strings.HasPrefix(e.Name(), ".") || err == nil && info.IsDir() {
			continue
		}
		if all = append(all, path); len(all) > maxFiles {
			return nil, fmt.Errorf("it holds more than %d files", maxFiles)
		}
	}
	if s.self != nil && !os.SameFile(s.self, self) && len(all) == 0 && s.known > 0 {
		return nil, errors.New("it is suddenly another folder, and empty; not mounted?")
	}
	s.self, s.known = self, len(all)
	return all, nil
}

// read says what one file states.
func (s *Source) read(path string) inventory.Object {
	o := inventory.Object{Key: "kubeconfig " + path}
	raw, err := content(path)
	if err != nil {
		return broken(o, trimmed(err))
	}
	k, err := clientcmd.Load(raw)
	if err != nil {
		return broken(o, fmt.Errorf("want a kubeconfig (apiVersion v1, kind Config) in YAML or JSON: %w", err))
	}
	if s.cfg.Contexts == Current {
		name, _, _ := strings.Cut(filepath.Base(path), ".")
		o.Statements = []inventory.Statement{s.statement("", name, path, "")}
		return o
	}
	for _, name := range slices.Sorted(maps.Keys(k.Contexts)) {
		o.Statements = append(o.Statements, s.statement(name, name, path, name))
	}
	if len(k.Contexts) == 0 {
		return broken(o, errors.New("contexts: none, want one a cluster"))
	}
	return o
}

// statement is one statement; context is empty for the current one.
func (s *Source) statement(slot, name, path, context string) inventory.Statement {
	field := "current-context"
	if context != "" {
		field = fmt.Sprintf("contexts[%.80s]", context)
	}
	st := inventory.Statement{Slot: slot, Field: field}
	if st.Err = inventory.CheckName(name); st.Err != nil {
		if context == "" {
			st.Field = "its name up to the first dot"
		}
		return st
	}
	server, err := kubernetes.Inspect(kubernetes.Config{Kubeconfig: path, Context: context, AllowExec: s.cfg.AllowExec})
	if err != nil {
		if !s.cfg.AllowExec {
			if _, lacks := kubernetes.Inspect(kubernetes.Config{Kubeconfig: path, Context: context, AllowExec: true}); lacks == nil {
				err = fmt.Errorf("%w, or allowExec: true for this inventory in the configuration", err)
			}
		}
		st.Err = err
		return st
	}
	st.Member = inventory.Member{ID: cluster.ID(name), Server: server, Access: inventory.Access{File: path, Context: context}}
	return st
}

func broken(o inventory.Object, err error) inventory.Object {
	o.Broken = true
	o.Findings = []inventory.Finding{{Text: strings.Join(strings.Fields(err.Error()), " ")}}
	return o
}

// content is a regular file's. Opening a pipe would wait for its writer.
func content(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err == nil && len(raw) > maxSize {
		err = fmt.Errorf("larger than %d octets", maxSize)
	}
	return raw, err
}

// trimmed leaves the path out of err, which whoever shows it names anyway.
func trimmed(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}
