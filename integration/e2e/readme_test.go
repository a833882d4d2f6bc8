package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fedns/fedns/integration/harness"
	"github.com/fedns/fedns/integration/harness/binaries"
)

// block is a piece of code in a Markdown file.
type block struct{ section, language, code string }

// readme lists the blocks of deploy/README.md in their order.
func readme(t *testing.T) []block {
	t.Helper()
	text, err := os.ReadFile("../../deploy/README.md")
	if err != nil {
		t.Fatal(err)
	}
	var blocks []block
	section := ""
	for i, part := range strings.Split(string(text), "```") {
		if i%2 == 1 {
			language, code, _ := strings.Cut(part, "\n")
			blocks = append(blocks, block{section, language, code})
			continue
		}
		for line := range strings.Lines(part) {
			if title, ok := strings.CutPrefix(line, "## "); ok {
				section = strings.TrimSpace(title)
			}
		}
	}
	return blocks
}

// newcomer does what deploy/README.md says: with kubectl, in a checkout, with a
// context for each cluster.
type newcomer struct {
	dir, path, kubeconfig string
	blocks                []block
	done                  int // blocks before this were read
}

func newNewcomer(t *testing.T, clusters ...*harness.Cluster) *newcomer {
	t.Helper()
	n := &newcomer{dir: t.TempDir(), path: t.TempDir(), blocks: readme(t)}
	if err := os.CopyFS(filepath.Join(n.dir, "deploy"), os.DirFS("../../deploy")); err != nil {
		t.Fatal(err)
	}
	kubectl, err := binaries.Cache{}.Path(t.Context(), binaries.Kubectl)
	if err == nil {
		err = os.Symlink(kubectl, filepath.Join(n.path, "kubectl"))
	}
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, c := range clusters {
		// Users with names of their own: kubectl merges the files by name.
		file, err := c.UserKubeconfig(c.Name+"-admin", "system:masters")
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	n.kubeconfig = strings.Join(files, ":")
	return n
}

// sh runs a script as the newcomer's shell does and returns what it printed.
func (n *newcomer) sh(t *testing.T, script string) (stdout string, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", script)
	cmd.Dir = n.dir
	cmd.Env = append(os.Environ(), "PATH="+n.path+":"+os.Getenv("PATH"), "KUBECONFIG="+n.kubeconfig)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	t.Logf("%s\n%s%s", strings.TrimSpace(script), out, &said)
	return string(out), err
}

// next reads on to the next block that has this text in it and returns its code.
// A block in between is one that nobody has ever run: the test fails.
func (n *newcomer) next(t *testing.T, text string) string {
	t.Helper()
	if n.done == len(n.blocks) {
		t.Fatalf("deploy/README.md has no more code, want %q", text)
	}
	b := n.blocks[n.done]
	n.done++
	if !strings.Contains(b.code, text) {
		t.Fatalf("deploy/README.md, %q: this test knows a block with %q there, got\n%s", b.section, text, b.code)
	}
	return b.code
}

// follow runs the next block, which has this text in it.
func (n *newcomer) follow(t *testing.T, text string) (stdout string) {
	t.Helper()
	out, err := n.sh(t, n.next(t, text))
	if err != nil {
		t.Fatalf("deploy/README.md: %v", err)
	}
	return out
}

// edit replaces text, which is there so many times, in a file of the checkout.
func (n *newcomer) edit(t *testing.T, file, old, now string, times int) {
	t.Helper()
	path := filepath.Join(n.dir, file)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if found := strings.Count(string(text), old); found != times {
		t.Fatalf("%s has %q %d times, this test knows %d", file, old, found, times)
	}
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(text), old, now)), 0o600); err != nil {
		t.Fatal(err)
	}
}
