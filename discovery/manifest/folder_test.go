package manifest

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// held is a folder whose only file a.yaml holds the Services a and b.
func held(t *testing.T) (f *folder, path string) {
	t.Helper()
	f = newFolder(t.TempDir(), slog.New(slog.DiscardHandler))
	path = filepath.Join(f.dir, "a.yaml")
	put(t, path, service("a")+service("b"))
	expect(t, f, "a", "b")
	return f, path
}

func put(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// expect reads the folder and compares the names of the objects that stand.
func expect(t *testing.T, f *folder, want ...string) {
	t.Helper()
	if _, err := f.read(); err != nil {
		t.Fatal(err)
	}
	objects, _ := f.objects()
	got := []string{}
	for _, o := range objects {
		got = append(got, o.id[strings.LastIndexByte(o.id, '/')+1:])
	}
	if !slices.Equal(got, want) {
		t.Fatalf("objects %v, want %v; faults %v", got, want, faults(f))
	}
}

func faults(f *folder) (out []error) {
	for _, file := range f.inOrder() {
		out = append(out, file.faults...)
	}
	return out
}

// What is listed but cannot be read stands, with a fault that says why, until it
// can be read again or is really gone.
func TestUnreadableIsNotGone(t *testing.T) {
	tests := []struct {
		name  string
		place func(path string) error
		fault string
	}{
		{"a dangling link", func(path string) error { return os.Symlink("nowhere", path) }, "link to nowhere: no such file or directory"},
		{"a link in a loop", func(path string) error { return os.Symlink(filepath.Base(path), path) }, "link to a.yaml: too many levels of symbolic links"},
		{"a folder", func(path string) error { return os.Mkdir(path, 0o755) }, "is d---------, want a regular file"},
		{"a pipe", func(path string) error { return syscall.Mkfifo(path, 0o600) }, "is p---------, want a regular file"},
		{"a device", func(path string) error { return os.Symlink("/dev/zero", path) }, "is Dc---------, want a regular file"},
		{"a file that must not be read", func(path string) error { return os.WriteFile(path, nil, 0) }, "permission denied"},
		{"a file that fails to be read", func(path string) error { return os.Symlink("/proc/self/mem", path) }, "input/output error"},
		{"a file too large", func(path string) error {
			if err := os.WriteFile(path, nil, 0o644); err != nil {
				return err
			}
			return os.Truncate(path, maxFile+1)
		}, "holds 67108865 bytes or more, want at most 67108864 (64 MiB)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, path := held(t)
				must := func(err error) {
					t.Helper()
					if err != nil {
						t.Fatal(err)
					}
				}
				must(os.Remove(path))
				must(tt.place(path))
				if tt.fault == "permission denied" && os.Geteuid() == 0 {
					t.Skip("root may read everything")
				}
				for range 10 {
					expect(t, f, "a", "b")
					if got := faults(f); len(got) != 1 || !strings.Contains(got[0].Error(), path) || !strings.Contains(got[0].Error(), tt.fault) {
						t.Fatalf("faults %v, want %s", got, tt.fault)
					}
					time.Sleep(settle)
				}
				must(os.Remove(path))
				put(t, path, service("a")+service("b")+service("c"))
				expect(t, f, "a", "b", "c")
				if got := faults(f); len(got) > 0 {
					t.Fatalf("faults %v of a file that can be read again", got)
				}
				must(os.Remove(path))
				must(tt.place(path))
				expect(t, f, "a", "b", "c")
				must(os.Remove(path))
				expect(t, f, "a", "b", "c") // a save may have removed it
				time.Sleep(settle)
				expect(t, f)
			})
		})
	}
}

// A folder that is gone, is no folder, or is another one and empty, says nothing.
func TestFolderThatCannotBeSeenStands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _ := held(t)
		steps := []struct {
			do   func() error
			want string
		}{
			{func() error { return os.Rename(f.dir, f.dir+".away") }, "no such file"},
			{func() error { return os.Symlink("nowhere", f.dir) }, "no such file"},
			{func() error { os.Remove(f.dir); return os.WriteFile(f.dir, nil, 0o644) }, "not a directory"},
			{func() error { os.Remove(f.dir); return os.Mkdir(f.dir, 0o755) }, "not mounted"},
		}
		for _, step := range steps {
			if err := step.do(); err != nil {
				t.Fatal(err)
			}
			for range 10 {
				if _, err := f.read(); err == nil || !strings.Contains(err.Error(), step.want) {
					t.Fatalf("error %v, want %s", err, step.want)
				}
				if objects, _ := f.objects(); len(objects) != 2 {
					t.Fatalf("%d objects stand", len(objects))
				}
				time.Sleep(settle)
			}
		}
		if err := os.Remove(f.dir); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(f.dir+".away", f.dir); err != nil {
			t.Fatal(err)
		}
		expect(t, f, "a", "b")
	})
}

// A file that is rewritten all the time is read all the same, and what none of
// its versions held is gone.
func TestRewrittenWithoutPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, path := held(t)
		begin := time.Now()
		for i := 0; time.Since(begin) < maxSettle; i++ {
			content := service("a") + slice("a", fmt.Sprintf("10.0.0.%d", i))
			if i%3 == 1 {
				content = content[:len(content)-3] // torn: malformed
			}
			put(t, path, content)
			expect(t, f, "a", "b")
			time.Sleep(100 * time.Millisecond)
		}
		put(t, path, service("a")+slice("a", "10.0.1.1"))
		expect(t, f, "a", "a-1")
	})
}

// What some version held while the file changed stands, and so does everything
// while all that can be seen is a file not written yet.
func TestRewrittenInParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, path := held(t)
		for i := range 100 {
			put(t, path, fmt.Sprintf("# %d\n", i))
			expect(t, f, "a", "b")
			time.Sleep(100 * time.Millisecond)
		}
		for i := range 100 {
			put(t, path, fmt.Sprintf("# %d\n", i)+service([]string{"a", "b"}[i%2]))
			if _, err := f.read(); err != nil {
				t.Fatal(err)
			}
			if objects, _ := f.objects(); len(objects) != 2 {
				t.Fatalf("%d objects stand after %d versions", len(objects), i)
			}
			time.Sleep(100 * time.Millisecond)
		}
		put(t, path, service("b"))
		_, _ = f.read()
		time.Sleep(settleInPlace)
		expect(t, f, "b") // it stays as it is: that is its word
	})
}

// A version that lacks objects is believed once it stays, not because another
// one did long ago.
func TestOldDoubtDoesNotCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, path := held(t)
		put(t, path, service("a"))
		expect(t, f, "a", "b")
		put(t, path, "][")
		expect(t, f, "a", "b")
		time.Sleep(time.Hour)
		put(t, path, service("a")+"# being written")
		expect(t, f, "a", "b")
		time.Sleep(settleInPlace)
		expect(t, f, "a")
	})
}
