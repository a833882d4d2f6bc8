package archtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// unit is a package as go list tells it.
type unit struct {
	ImportPath   string
	Standard     bool
	Imports      []string // of its files but tests
	TestImports  []string
	XTestImports []string
}

// graph maps import paths to packages: the module's and all they lead to.
type graph map[string]unit

// list reads the graph of the module in dir. Packages that do not build are in
// it with the imports that could be read: somebody else's broken package must
// not hide what this one imports.
func list(ctx context.Context, dir string) (graph, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-e", "-deps", "-json=ImportPath,Standard,Imports,TestImports,XTestImports", "./...")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off") // a workspace would take the place of dir's module
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w: %s", err, said.Bytes())
	}
	g := graph{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var u unit
		if err := d.Decode(&u); errors.Is(err, io.EOF) {
			return g, nil
		} else if err != nil {
			return nil, fmt.Errorf("read go list: %w", err)
		}
		g[u.ImportPath] = u
	}
}

// check returns one line for each import that breaks a rule, with the chain
// that leads to it and the reason it is banned.
func check(g graph, rules []rule) []string {
	var broken []string
	for _, path := range sorted(g) {
		own, within := inModule(path)
		if !within {
			continue
		}
		for _, r := range rules {
			if !matchAny(r.From, own) || matchAny(r.Except, own) {
				continue
			}
			for _, chain := range g.chains(path, r.Direct) {
				if r.bans(g, chain[len(chain)-1]) {
					broken = append(broken, strings.Join(chain, " → ")+": "+r.Because)
				}
			}
		}
	}
	return broken
}

func (r rule) bans(g graph, path string) bool {
	return (len(r.Ban) == 0 || g.matchAny(r.Ban, path)) && !g.matchAny(r.Allow, path)
}

// chains returns a shortest way from a package to each that it imports or, when
// direct is not set, leads to. It goes no deeper into the standard library than
// its door: what that imports by itself is its own affair.
func (g graph) chains(from string, direct bool) [][]string {
	if direct {
		u := g[from]
		var all [][]string
		for _, to := range slices.Compact(slices.Sorted(slices.Values(slices.Concat(u.Imports, u.TestImports, u.XTestImports)))) {
			all = append(all, []string{from, to})
		}
		return all
	}
	var all [][]string
	seen := map[string]bool{from: true}
	for queue := [][]string{{from}}; len(queue) > 0; queue = queue[1:] {
		chain := queue[0]
		at := g[chain[len(chain)-1]]
		if at.Standard {
			continue
		}
		for _, to := range at.Imports {
			if !seen[to] {
				seen[to] = true
				next := append(slices.Clone(chain), to)
				all = append(all, next)
				queue = append(queue, next)
			}
		}
	}
	return all
}

// matchAny matches what is imported, which may lie anywhere.
func (g graph) matchAny(patterns []string, path string) bool {
	own, within := inModule(path)
	for _, p := range patterns {
		switch {
		case p == "std":
			if standard(g, path) {
				return true
			}
		case p == ".":
			if within {
				return true
			}
		case match(p, path), within && match(p, own):
			return true
		}
	}
	return false
}

// standard says that a package is the standard library's. Without its package
// in the graph (an import only of tests) its path tells: no dot before the
// first slash.
func standard(g graph, path string) bool {
	if u, ok := g[path]; ok {
		return u.Standard
	}
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}

func matchAny(patterns []string, path string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return match(p, path) })
}

// match matches a path with a pattern; "..." alone matches everything.
func match(pattern, path string) bool {
	if pattern == "..." {
		return true
	}
	tree, isTree := strings.CutSuffix(pattern, "/...")
	return path == tree || isTree && strings.HasPrefix(path, tree+"/")
}

// inModule is a path without the module's.
func inModule(path string) (string, bool) {
	if path == module {
		return ".", true
	}
	return strings.CutPrefix(path, module+"/")
}

func sorted(g graph) []string {
	var paths []string
	for p := range g {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	return paths
}
