package harness

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// childMode makes this test program stand in for fedns, or start a fleet and
// then end as it says without closing the fleet.
const childMode = "FEDNS_HARNESS_CHILD"

func TestMain(m *testing.M) {
	switch mode := os.Getenv(childMode); mode {
	case "":
	case "fedns":
		standIn()
	default:
		child(mode)
	}
	os.Exit(m.Run())
}

var traced = Options{highest: true, Network: true, Clusters: []Spec{{Name: "eu-1", CoreDNS: true}}}

// child starts a fleet with all that can leave a trace, says where, and ends.
func child(mode string) {
	f, err := New(context.Background(), traced)
	if err == nil {
		var pod *Pod
		if pod, err = f.Cluster("eu-1").NewPod(context.Background(), PodSpec{Name: "client"}); err == nil {
			err = pod.Command(context.Background(), "sleep", "1000").Start()
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(f.Dir)
	if mode == "panic" {
		panic("as a test may")
	}
	select {} // until killed
}

// traces lists what is left on this machine of the fleet that had this folder.
func traces(dir string) ([]string, error) {
	number := strings.Split(filepath.Base(dir), "-")[1]
	var found []string
	for _, pattern := range []string{
		os.TempDir() + "/fedns-" + number + "-*",
		"/run/netns/fedns-" + number + "-*", "/etc/netns/fedns-" + number + "-*",
		"/sys/class/net/fedns" + number, "/sys/class/net/fedns" + number + "p*",
	} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			return nil, err
		}
		found = append(found, files...)
	}
	commands, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return nil, err
	}
	for _, file := range commands {
		line, _ := os.ReadFile(file) // a process may end meanwhile
		if bytes.Contains(line, []byte(dir)) {
			found = append(found, string(bytes.ReplaceAll(line, []byte{0}, []byte{' '})))
		}
	}
	return found, nil
}

func needNetwork(t *testing.T) {
	t.Helper()
	Need(t, "ip", "iproute2")
	NeedRoot(t)
}

func TestCloseLeavesNoTrace(t *testing.T) {
	needNetwork(t)
	var dir string
	t.Run("fleet", func(t *testing.T) { // ends before the check below
		f := Start(t, traced)
		dir = f.Dir
		pod := NewPod(t, f.Cluster("eu-1"), PodSpec{Name: "client"})
		sleeper := pod.Command(t.Context(), "sleep", "1000")
		if err := sleeper.Start(); err != nil {
			t.Fatal(err)
		}
		go sleeper.Wait()
		before, err := traces(dir)
		if err != nil || len(before) < 8 {
			t.Fatalf("found %q (%v); the check below would check nothing", before, err)
		}
	})
	after, err := traces(dir)
	if err != nil || len(after) > 0 {
		t.Errorf("left %q (%v)", after, err)
	}
}

// TestDeathLeavesNoTrace: neither does a process that could not close its fleet.
func TestDeathLeavesNoTrace(t *testing.T) {
	needNetwork(t)
	for _, mode := range []string{"panic", "kill"} {
		t.Run(mode, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), childMode+"="+mode)
			var said bytes.Buffer
			cmd.Stderr = &said
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			line, err := bufio.NewReader(out).ReadString('\n')
			if err != nil {
				t.Fatalf("%v\n%s", err, said.Bytes())
			}
			if mode == "kill" {
				cmd.Process.Kill()
			}
			cmd.Wait()
			Eventually(t, 30*time.Second, func(context.Context) error {
				left, err := traces(strings.TrimSpace(line))
				if err == nil && len(left) > 0 {
					err = fmt.Errorf("left %q", left)
				}
				return err
			})
		})
	}
}
