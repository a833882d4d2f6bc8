package state

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/fedns/fedns/discovery/cluster"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shared is a world that several goroutines use.
type shared struct {
	mu sync.Mutex
	*world
}

func (s *shared) Memos() map[cluster.ID]Memo {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.world.Memos()
}

func (s *shared) Hosts() map[string][]netip.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.world.Hosts()
}

func (s *shared) Packed(r Ref) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.world.Packed(r)
}

func (s *shared) All() iter.Seq2[Ref, string] {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.All(maps.Clone(s.groups))
}

func (s *shared) set(k *Keeper, r Ref, octets string) {
	s.mu.Lock()
	s.groups[r] = octets
	s.mu.Unlock()
	k.Changed(r.Cluster, r.Service)
}

var web = Ref{"eu-1", cluster.ServiceKey{Namespace: "shop", Name: "web"}}

// TestDiskFull: it is told once, tried again ever less often, and good when it can be.
func TestDiskFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		m := newMemory()
		k, err := open(m, view{m}, noLock{}, Config{Log: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		now := &shared{world: newWorld()}
		now.memos["eu-1"] = Memo{}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { k.Run(ctx, now); close(done) }()
		now.set(k, web, "1")
		time.Sleep(1500 * time.Millisecond)
		m.full.Store(true)
		now.set(k, web, "2")
		time.Sleep(5 * time.Minute)
		s := k.Stats()
		if s.Errors < 3 || s.Errors > 20 || s.Fault != errFull.Error() || strings.Count(log.String(), "cannot be kept on disk") != 1 {
			t.Errorf("%+v\n%s", s, &log)
		}
		if _, known := opened(t, m); known.Clusters["eu-1"].Groups[web.Service] != "1" {
			t.Errorf("%+v", known)
		}
		m.full.Store(false)
		if err := k.Flush(t.Context()); err != nil {
			t.Error(err)
		}
		if s := k.Stats(); s.Fault != "" || !s.LastWrite.Equal(time.Now()) || strings.Count(log.String(), "is kept on disk again") != 1 {
			t.Errorf("%+v\n%s", s, &log)
		}
		now.set(k, web, "3")
		cancel() // the end writes what is left
		<-done
		if _, known := opened(t, m); known.Clusters["eu-1"].Groups[web.Service] != "3" {
			t.Errorf("%+v", known)
		}
	})
}

// TestWritesFollowChanges: one change of many Groups writes about one Group, and
// nothing is written when nothing changes.
func TestWritesFollowChanges(t *testing.T) {
	m := newMemory()
	k, _ := opened(t, m)
	now := newWorld()
	now.memos["eu-1"] = Memo{LastSync: time.Unix(1e9, 0)}
	for i := range 10_000 {
		r := Ref{"eu-1", cluster.ServiceKey{Namespace: "shop", Name: fmt.Sprint(i)}}
		now.groups[r] = strings.Repeat("x", 100)
		k.Changed(r.Cluster, r.Service)
	}
	if err := k.beat(now); err != nil {
		t.Fatal(err)
	}
	base := k.Stats().Bytes
	if err := k.beat(now); err != nil || k.Stats().Bytes != base {
		t.Errorf("%v: %d octets, then %d", err, base, k.Stats().Bytes)
	}
	ops := m.ops
	if err := k.beat(now); err != nil || m.ops != ops {
		t.Errorf("%d operations for nothing", m.ops-ops)
	}
	written, previous := int64(0), base
	const changes = 5000
	for i := range changes {
		r := Ref{"eu-1", cluster.ServiceKey{Namespace: "shop", Name: fmt.Sprint(i % 7)}}
		now.groups[r] = fmt.Sprintf("%0100d", i)
		k.Changed(r.Cluster, r.Service)
		if err := k.beat(now); err != nil {
			t.Fatal(err)
		}
		if b := k.Stats().Bytes; b > previous {
			written += b - previous
			previous = b
		} else {
			written, previous = written+b, b
		}
	}
	if each := written / changes; each > 300 {
		t.Errorf("a change of a Group of 100 octets writes %d octets", each)
	}
	if b := k.Stats().Bytes; b > 2*base+spare+1000 {
		t.Errorf("%d octets are kept for %d", b, base)
	}
}

// TestManyMarks: past the bound everything is written anew, with nothing lost.
func TestManyMarks(t *testing.T) {
	m := newMemory()
	k, _ := opened(t, m)
	now := newWorld()
	now.memos["eu-1"] = Memo{}
	for i := range 3 * spareMarks {
		r := Ref{"eu-1", cluster.ServiceKey{Namespace: "shop", Name: fmt.Sprint(i)}}
		now.groups[r] = "x"
		k.Changed(r.Cluster, r.Service)
		if len(k.marks) > spareMarks {
			t.Fatalf("%d marks", len(k.marks))
		}
	}
	if err := k.beat(now); err != nil {
		t.Fatal(err)
	}
	if _, known := opened(t, m); len(known.Clusters["eu-1"].Groups) != 3*spareMarks {
		t.Errorf("%d Groups are kept", len(known.Clusters["eu-1"].Groups))
	}
}

// TestReadOnlyFolder: what is there is known, and what cannot be written is told.
func TestReadOnlyFolder(t *testing.T) {
	dir := t.TempDir()
	k, err := Open(dir, quiet)
	if err != nil {
		t.Fatal(err)
	}
	now := newWorld()
	now.memos["eu-1"], now.groups[web] = Memo{LastSync: time.Unix(1e9, 0)}, "1"
	k.Changed(web.Cluster, web.Service)
	if err := k.beat(now); err != nil {
		t.Fatal(err)
	}
	k.Close()
	refused := errors.New("read-only file system")
	k, err = open(failing{refused}, os.DirFS(dir), noLock{}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	if known := k.Restore(); known.Clusters["eu-1"].Groups[web.Service] != "1" || !known.Whole {
		t.Errorf("%+v", known)
	}
	k.Changed(web.Cluster, web.Service)
	if err := k.beat(now); !errors.Is(err, refused) {
		t.Errorf("got %v", err)
	}
}

// failing is a Disk that cannot be written.
type failing struct{ err error }

func (f failing) Create(string) (File, error) { return nil, f.err }
func (f failing) Rename(string, string) error { return f.err }
func (f failing) Remove(string) error         { return f.err }
func (f failing) Sync(string) error           { return nil }

// TestOneWriter: a second process is turned away; one beside reads, and writes
// when the first has ended.
func TestOneWriter(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "groups")
	first, err := Open(dir, quiet)
	if err != nil {
		t.Fatal(err)
	}
	now := newWorld()
	now.memos["eu-1"], now.groups[web] = Memo{}, "1"
	first.Changed(web.Cluster, web.Service)
	if err := first.beat(now); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, quiet); !errors.Is(err, ErrHeld) || !strings.Contains(err.Error(), fmt.Sprintf("(process %d)", os.Getpid())) {
		t.Errorf("a second one: %v", err)
	}
	beside := quiet
	beside.Beside = true
	second, err := Open(dir, beside)
	if err != nil {
		t.Fatal(err)
	}
	if known := second.Restore(); known.Clusters["eu-1"].Groups[web.Service] != "1" {
		t.Errorf("beside it %+v is known", known)
	}
	if err := second.beat(now); !errors.Is(err, ErrHeld) {
		t.Errorf("the one beside writes: %v", err)
	}
	beside.Old = true
	if old, err := Open(dir, beside); err != nil || old.Restore().Whole {
		t.Errorf("what is old is whole, %v", err)
	}
	now.groups[web] = "2"
	first.Changed(web.Cluster, web.Service)
	if err := first.beat(now); err != nil {
		t.Fatal(err)
	}
	first.Close()
	now.groups[web] = "3"
	if err := second.beat(now); err != nil {
		t.Fatal(err)
	}
	second.Close()
	third, err := Open(dir, quiet)
	if err != nil {
		t.Fatal(err)
	}
	defer third.Close()
	if known := third.Restore(); known.Clusters["eu-1"].Groups[web.Service] != "3" || !known.Whole {
		t.Errorf("in the end %+v is known", known)
	}
}
