package kubeconfigs

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/inventory"
	"github.com/fedns/fedns/discovery/inventory/inventorytest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// text is a kubeconfig with these contexts, the first of them current.
func text(user string, contexts ...string) string {
	s := "apiVersion: v1\nkind: Config\ncurrent-context: " + contexts[0] + "\nusers: [{name: u, user: {" + user + "}}]\nclusters:\n"
	for _, c := range contexts {
		s += fmt.Sprintf("- {name: %s, cluster: {server: \"https://%s.example.com\"}}\n", c, c)
	}
	s += "contexts:\n"
	for _, c := range contexts {
		s += fmt.Sprintf("- {name: %s, context: {cluster: %s, user: u}}\n", c, c)
	}
	return s
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path+".part", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".part", path); err != nil {
		t.Fatal(err)
	}
}

// look is what a Source states after one look.
func look(s *Source, removed ...string) (names string, found []string, l inventory.List) {
	gone := map[string]bool{}
	for _, r := range removed {
		gone[r] = true
	}
	s.look(gone)
	l = s.list()
	for _, f := range l.Findings {
		found = append(found, f.String())
	}
	var all []string
	for _, m := range l.Members {
		all = append(all, string(m.ID)+"="+strings.TrimPrefix(m.Server, "https://")+"/"+m.Access.Context)
	}
	return strings.Join(all, " "), found, l
}

// What is wrong with a file's name is not said of what is in it.
func TestBadNameOfAFile(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "Bad_Name.yaml"), text("token: t", "eu-1"))
	names, found, _ := look(New(Config{Dir: dir}))
	want := "kubeconfig " + filepath.Join(dir, "Bad_Name.yaml") + `: its name up to the first dot: got "Bad_Name", want a DNS label`
	if names != "" || len(found) != 1 || !strings.HasPrefix(found[0], want) {
		t.Errorf("%q states %q, want %q", found, names, want)
	}
}

func TestWhichContexts(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "eu.kubeconfig"), text("token: t", "eu-1", "eu-2"))
	write(t, filepath.Join(dir, "us.yaml"), text("token: t", "us-1@x"))
	write(t, filepath.Join(dir, ".hidden"), text("token: t", "hidden"))
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		cfg   Config
		want  string
		found int
	}{
		{Config{Dir: dir}, "eu=eu-1.example.com/ us=us-1@x.example.com/", 0},
		{Config{Dir: dir, Contexts: All}, "eu-1=eu-1.example.com/eu-1 eu-2=eu-2.example.com/eu-2", 1},
		{Config{File: filepath.Join(dir, "eu.kubeconfig")}, "eu-1=eu-1.example.com/eu-1 eu-2=eu-2.example.com/eu-2", 0},
		{Config{File: filepath.Join(dir, "eu.kubeconfig"), Contexts: Current}, "eu=eu-1.example.com/", 0},
		{Config{File: filepath.Join(dir, "none")}, "", 0},
	} {
		if names, found, l := look(New(tt.cfg)); names != tt.want || len(found) != tt.found || l.State.Phase != cluster.Live || !l.Read {
			t.Errorf("%+v: got %q, %q, %+v; want %q", tt.cfg, names, found, l.State, tt.want)
		}
	}
	if _, _, l := look(New(Config{Dir: filepath.Join(dir, "none")})); l.State.Phase != cluster.Unreachable || l.Read || !strings.HasSuffix(l.State.Reason, "/none: no such file or directory") {
		t.Errorf("no folder: %+v", l)
	}
}

func TestFaultsAndWhatStands(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	for _, n := range []string{"a", "b", "c", "d"} {
		write(t, file(n), text("token: t", n))
	}
	s := New(Config{Dir: dir, HoldShare: 0.5})
	const all = "a=a.example.com/ b=b.example.com/ c=c.example.com/ d=d.example.com/"
	expect := func(what, want, finding string, removed ...string) {
		t.Helper()
		names, found, _ := look(s, removed...)
		if names != want || finding == "" && len(found) > 0 || finding != "" && !strings.Contains(strings.Join(found, "\n"), finding) {
			t.Errorf("%s: got %q, %q; want %q, %q", what, names, found, want, finding)
		}
	}
	expect("all", all, "")
	write(t, file("a"), "][")
	expect("not a kubeconfig", all, "kubeconfig "+file("a")+": want a kubeconfig")
	write(t, file("a"), text("exec: {apiVersion: client.authentication.k8s.io/v1, command: aws, interactiveMode: Never}", "a"))
	expect("a command", all, `user "u" runs the command "aws" for credentials (user.exec), which is not allowed; want a token or a client certificate, or allowExec: true for this inventory in the configuration; the cluster a goes on as stated before`)
	write(t, file("a"), text("tokenFile: "+file("b"), "a")) // a file may name files
	expect("a token in a file", all, "")
	if err := os.Remove(file("a")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(file("a"), 0o600); err != nil {
		t.Fatal(err)
	}
	expect("a pipe", all, "not a regular file")
	if err := os.Remove(file("a")); err != nil {
		t.Fatal(err)
	}
	expect("one less", "b=b.example.com/ c=c.example.com/ d=d.example.com/", "")
	for _, n := range []string{"b", "c"} {
		if err := os.Remove(file(n)); err != nil {
			t.Fatal(err)
		}
	}
	expect("too many less", "b=b.example.com/ c=c.example.com/ d=d.example.com/", "a list suddenly lacked 2 of 3 clusters (b, c)")
	expect("one that was seen to go", "c=c.example.com/ d=d.example.com/", "(c)", file("b"))
	if err := os.Rename(dir, dir+"-away"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir + "-away") })
	expect("no folder", "c=c.example.com/ d=d.example.com/", "(c)")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, _, l := look(s); len(l.Members) != 2 || !strings.Contains(l.State.Reason, "suddenly another folder") {
		t.Errorf("another, empty folder: %+v", l)
	}
}

// TestRunFollowsTheFolder: with real files and their events.
func TestRunFollowsTheFolder(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a"), text("token: t", "a"))
	f := inventorytest.Follow(t, New(Config{Dir: dir, HoldShare: 0.5}))
	f.AwaitNames("a")
	began := time.Now()
	write(t, filepath.Join(dir, "b"), text("token: t", "b"))
	write(t, filepath.Join(dir, "c"), text("token: t", "c"))
	f.AwaitNames("a", "b", "c")
	if took := time.Since(began); took > recheck/2 {
		t.Errorf("seen after %s, by no event", took)
	}
	// Each removal is seen, so that the list that lacks most is believed.
	for _, n := range []string{"a", "b", "c"} {
		if err := os.Remove(filepath.Join(dir, n)); err != nil {
			t.Fatal(err)
		}
	}
	f.AwaitNames()
}
