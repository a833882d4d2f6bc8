package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// vague are words that say nothing of what a package or a file holds.
var vague = regexp.MustCompile(`^(utils?|helpers?|common|misc|managers?)(_test)?(\.go)?$`)

// sources returns one line for each thing in the Go files below dir that no
// file may contain, and for each name that says nothing. Folders that the go
// command does not look into either (testdata, hidden ones) are left out.
func sources(dir string) ([]string, error) {
	var broken []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		own, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if d.IsDir() && own != "." && skipped(path, d.Name()) {
			return filepath.SkipDir
		}
		if (d.IsDir() || strings.HasSuffix(own, ".go")) && vague.MatchString(d.Name()) {
			broken = append(broken, own+": the name says nothing of what is in it")
		}
		if d.IsDir() || !strings.HasSuffix(own, ".go") {
			return nil
		}
		found, err := inspect(path, own)
		for _, f := range found {
			broken = append(broken, own+f)
		}
		return err
	})
	return broken, err
}

func skipped(path, name string) bool {
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata" || name == "vendor" {
		return true
	}
	// Another module's folder has rules of its own.
	_, err := os.Stat(filepath.Join(path, "go.mod"))
	return err == nil
}

// inspect looks into one file; own is its path in the tree. A file that does not parse
// has nothing found in it: the compiler tells its author.
func inspect(path, own string) ([]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("inspect: %w", err)
	}
	files := token.NewFileSet()
	tree, err := parser.ParseFile(files, path, text, parser.SkipObjectResolution)
	if err != nil || ast.IsGenerated(tree) || strings.HasSuffix(path, "_test.go") {
		return nil, nil
	}
	var found []string
	for _, d := range tree.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
			found = append(found, fmt.Sprintf(":%d: func init: what runs before main cannot be tested or left out; construct it where it is used", files.Position(f.Pos()).Line))
		}
	}
	if filepath.ToSlash(filepath.Dir(own)) != access && !strings.HasPrefix(filepath.ToSlash(own), access+"/") {
		for _, at := range accesses(tree) {
			found = append(found, fmt.Sprintf(":%d: a rest.Config of its own: an API server could send its clients elsewhere with their credentials, or fill our memory; take it from %s", files.Position(at).Line, access))
		}
	}
	return found, nil
}

// access is the one package that makes rest.Configs, and the only ones beside it are
// copies.
const access = "discovery/kubernetes"

// origins are the functions that make a rest.Config out of something else, by package.
var origins = map[string][]string{
	"k8s.io/client-go/rest":            {"InClusterConfig", "AnonymousClientConfig", "Config"},
	"k8s.io/client-go/tools/clientcmd": {"RESTConfigFromKubeConfig", "BuildConfigFromFlags", "BuildConfigFromKubeconfigGetter", "NewClientConfigFromBytes", "NewNonInteractiveClientConfig", "NewNonInteractiveDeferredLoadingClientConfig", "NewInteractiveClientConfig", "NewInteractiveDeferredLoadingClientConfig", "NewDefaultClientConfig"},
	"sigs.k8s.io/controller-runtime":   {"GetConfig", "GetConfigOrDie"},
}

// accesses is where a file makes a rest.Config.
func accesses(tree *ast.File) (at []token.Pos) {
	names := map[string][]string{}
	for _, i := range tree.Imports {
		path := strings.Trim(i.Path.Value, `"`)
		name := path[strings.LastIndexByte(path, '/')+1:]
		if i.Name != nil {
			name = i.Name.Name
		}
		if of, ok := origins[path]; ok {
			names[name] = of
		}
	}
	of := func(e ast.Expr, literal bool) {
		s, ok := e.(*ast.SelectorExpr)
		if !ok {
			return
		}
		if x, ok := s.X.(*ast.Ident); ok && slices.Contains(names[x.Name], s.Sel.Name) && literal == (s.Sel.Name == "Config") {
			at = append(at, s.Pos())
		}
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CompositeLit:
			of(n.Type, true)
		case *ast.SelectorExpr:
			of(n, false)
		}
		return true
	})
	return at
}
