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
		found, err := inspect(path)
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

// inspect looks into one file. A file that does not parse has nothing found in
// it: the compiler tells its author.
func inspect(path string) ([]string, error) {
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
	return found, nil
}
