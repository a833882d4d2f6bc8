package state

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
)

var shop = Ref{"eu-1", cluster.ServiceKey{Namespace: "shop", Name: "cart"}}

// TestRemovedWhileRunning: whatever is removed, and whether or not the folder is
// there again, what is known is on disk after the next change.
func TestRemovedWhileRunning(t *testing.T) {
	for what, remove := range map[string]func(dir string) error{
		"base":    func(dir string) error { return os.Remove(filepath.Join(dir, segmentName(1))) },
		"segment": func(dir string) error { return os.Remove(filepath.Join(dir, segmentName(2))) },
		"lock":    func(dir string) error { return os.Remove(filepath.Join(dir, "lock")) },
		"folder":  func(dir string) error { return errors.Join(os.RemoveAll(dir), os.Mkdir(dir, 0o700)) },
		"all":     func(dir string) error { return errors.Join(os.Rename(dir, dir+".old"), os.Mkdir(dir, 0o700)) },
	} {
		t.Run(what, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "groups")
			k, err := Open(dir, quiet)
			if err != nil {
				t.Fatal(err)
			}
			defer k.Close()
			now := newWorld()
			now.memos["eu-1"] = Memo{LastSync: time.Unix(1e9, 0)}
			say := func(r Ref, octets string) {
				now.groups[r] = octets
				k.Changed(r.Cluster, r.Service)
				if err := k.beat(now); err != nil {
					t.Fatal(err)
				}
			}
			say(web, "1")  // a base
			say(shop, "1") // a segment
			if err := remove(dir); err != nil {
				t.Fatal(err)
			}
			say(shop, "2")
			beside := quiet
			beside.Beside = true
			next, err := Open(dir, beside)
			if err != nil {
				t.Fatal(err)
			}
			got := next.Restore()
			if c := got.Clusters["eu-1"]; !got.Whole || c == nil || c.Groups[web.Service] != "1" || c.Groups[shop.Service] != "2" {
				t.Errorf("%+v is kept", got)
			}
			if _, err := Open(dir, quiet); !errors.Is(err, ErrHeld) {
				t.Errorf("a second process: %v, want that it is turned away", err)
			}
		})
	}
}

// TestFolderOfAnother: who has lost the folder writes nothing among what another
// process writes there, and says so.
func TestFolderOfAnother(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "groups")
	first, err := Open(dir, quiet)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	now := newWorld()
	now.memos["eu-1"], now.groups[web] = Memo{LastSync: time.Unix(1e9, 0)}, "1"
	beat := func(k *Keeper, octets string) error {
		now.groups[web] = octets
		k.Changed(web.Cluster, web.Service)
		return k.beat(now)
	}
	if err := beat(first, "1"); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	second, err := Open(dir, quiet)
	if err != nil {
		t.Fatal(err)
	}
	if err := beat(second, "2"); err != nil {
		t.Fatal(err)
	}
	for range 2 { // it stays a fault
		if err := beat(first, "3"); err == nil || errors.Is(err, ErrHeld) || !strings.Contains(err.Error(), "the folder was taken away: ") {
			t.Errorf("the first process writes: %v", err)
		}
	}
	second.Close()
	if err := beat(first, "4"); err != nil {
		t.Errorf("when the second one has ended: %v", err)
	}
}
