package quorum

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/fedns/fedns/discovery/cluster"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// host is a namespace of Leases.
type host struct {
	mu      sync.Mutex
	version int
	leases  map[string]*coordinationv1.Lease
	cut     map[string]error // by identity: what its calls get; errHang: nothing
	writes  map[string]int
	deleted []string
}

var errHang = errors.New("hangs")

func newHost() *host {
	return &host{leases: map[string]*coordinationv1.Lease{}, cut: map[string]error{}, writes: map[string]int{}}
}

// client is one replica's.
type client struct {
	*host
	who string
}

func (c client) blocked(ctx context.Context) error {
	c.mu.Lock()
	err := c.cut[c.who]
	c.mu.Unlock()
	if errors.Is(err, errHang) {
		<-ctx.Done()
		return ctx.Err()
	}
	return err
}

func (c client) List(ctx context.Context, o metav1.ListOptions) (*coordinationv1.LeaseList, error) {
	if err := c.blocked(ctx); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if o.LabelSelector != "app.kubernetes.io/name=fedns-view" {
		return nil, errors.New("lists all Leases")
	}
	list := &coordinationv1.LeaseList{}
	for _, l := range c.leases {
		list.Items = append(list.Items, *l.DeepCopy())
	}
	return list, nil
}

func (c client) Create(ctx context.Context, l *coordinationv1.Lease, _ metav1.CreateOptions) (*coordinationv1.Lease, error) {
	if err := c.blocked(ctx); err != nil {
		return nil, err
	}
	c.put(l)
	return l, nil
}

func (h *host) put(l *coordinationv1.Lease) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.version++
	l = l.DeepCopy()
	l.ResourceVersion = fmt.Sprint(h.version)
	h.leases[l.Name] = l
	h.writes[l.Name]++
}

func (c client) Patch(ctx context.Context, name string, _ types.PatchType, data []byte, _ metav1.PatchOptions, _ ...string) (*coordinationv1.Lease, error) {
	if err := c.blocked(ctx); err != nil {
		return nil, err
	}
	c.mu.Lock()
	l := c.leases[name]
	c.mu.Unlock()
	if l == nil {
		return nil, apierrors.NewNotFound(schema.GroupResource{Resource: "leases"}, name)
	}
	l = l.DeepCopy()
	if err := json.Unmarshal(data, l); err != nil {
		return nil, err
	}
	c.put(l)
	return l, nil
}

func (c client) Delete(_ context.Context, name string, o metav1.DeleteOptions) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if l := c.leases[name]; l == nil || *o.Preconditions.ResourceVersion != l.ResourceVersion {
		return errors.New("conflict")
	}
	delete(c.leases, name)
	c.deleted = append(c.deleted, name)
	return nil
}

// replica is one Agreement on cluster c.
type replica struct {
	*Agreement
	mu     sync.Mutex
	agreed Agreed
	stop   func()
}

func start(t *testing.T, h *host, name string) *replica {
	r := &replica{}
	cfg := Config{Identity: name, Log: slog.New(slog.DiscardHandler), Report: func(id cluster.ID, a Agreed) {
		r.mu.Lock()
		defer r.mu.Unlock()
		if id == "c" {
			r.agreed = a
		}
	}}
	if h != nil {
		cfg.Connect = func() (Leases, error) { return client{h, name}, nil }
	}
	r.Agreement = New(cfg)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { r.Run(ctx) })
	r.stop = func() { cancel(); running.Wait() }
	t.Cleanup(r.stop)
	return r
}

func (r *replica) see(s cluster.Signal) {
	why := ""
	if s == cluster.Down {
		why = "connection refused"
	}
	r.SetData("c", cluster.Liveness{Signal: s, Since: time.Now(), Reason: why})
}

// last is what was reported last.
func (r *replica) last() Agreed {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.agreed
}

// lease is a Lease as it stands, and how often it was written.
func (h *host) lease(name string) (*coordinationv1.Lease, int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.leases[name], h.writes[name]
}

func (h *host) buried() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.deleted)
}

// want compares after d what the replicas agree on, each by a letter: u, d, ?.
func want(t *testing.T, d time.Duration, letters string, all ...*replica) {
	t.Helper()
	time.Sleep(d) // in fake time
	synctest.Wait()
	got := ""
	for _, r := range all {
		got += string("?ud"[r.last().Data.Signal])
	}
	if got != letters {
		t.Errorf("agreed on %s, want %s", got, letters)
		for _, r := range all {
			t.Logf("%+v, %+v", r.last(), r.Stats())
		}
	}
}

func three(t *testing.T) (h *host, all []*replica) {
	h = newHost()
	for i := range 3 {
		all = append(all, start(t, h, fmt.Sprint("r", i)))
	}
	return h, all
}

func TestOneIsOutvoted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, all := three(t)
		for _, r := range all {
			r.see(cluster.Up)
		}
		want(t, 20*time.Second, "uuu", all...)
		if n := all[0].Stats().Fresh; n != 3 {
			t.Errorf("%d are fresh", n)
		}
		all[0].see(cluster.Down)
		want(t, 30*time.Second, "uuu", all...)
		for _, r := range all {
			if f := r.last().Findings; len(f) != 1 || f[0] != "replicas disagree on whether its data plane works: yes say r1, r2, no say r0, of 3 it is taken for up" {
				t.Errorf("findings are %q", f)
			}
		}
		all[1].see(cluster.Down)
		want(t, 4*time.Second, "ddd", all...)
		if l := all[0].last().Data; l.Reason != "2 of 3 replicas say so: connection refused" {
			t.Errorf("because %q", l.Reason)
		}
		all[0].see(cluster.Up)
		want(t, 4*time.Second, "uuu", all...)
	})
}

func TestTwoHaveToAgree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost()
		a, b := start(t, h, "a"), start(t, h, "b")
		a.see(cluster.Down)
		want(t, 20*time.Second, "?", a)
		b.see(cluster.Down)
		want(t, 4*time.Second, "dd", a, b)
		// One that has just begun takes nothing back.
		c := start(t, h, "c")
		d := start(t, h, "d")
		want(t, 30*time.Second, "dd", a, b)
		if n := a.Stats().Fresh; n != 4 {
			t.Errorf("%d are fresh", n)
		}
		c.see(cluster.Up)
		d.see(cluster.Up)
		want(t, 4*time.Second, "uuuu", a, b, c, d)
	})
}

// A replica that dies counts for a while, and its Lease goes after an hour.
func TestDeadReplica(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost()
		a, b := start(t, h, "a"), start(t, h, "b")
		a.see(cluster.Up)
		b.see(cluster.Up)
		want(t, 20*time.Second, "uu", a, b)
		b.stop()
		a.see(cluster.Down)
		want(t, 8*time.Second, "u", a)
		want(t, 15*time.Second, "d", a)
		if n := a.Stats().Fresh; n != 1 {
			t.Errorf("%d are fresh", n)
		}
		// Who begins now must not be misled by what the dead one said last.
		c := start(t, h, "c")
		c.see(cluster.Down)
		want(t, 4*time.Second, "d", a)
		want(t, 20*time.Second, "dd", a, c)
		time.Sleep(40 * time.Minute)
		if gone := h.buried(); len(gone) > 0 {
			t.Errorf("deleted too early: %v", gone)
		}
		time.Sleep(30 * time.Minute)
		synctest.Wait()
		if gone := h.buried(); !slices.Equal(gone, []string{"fedns-b"}) {
			t.Errorf("deleted %v", gone)
		}
	})
}

// Cut off from everything, a replica holds; from the host only, it goes by what
// it sees, and says so.
func TestCutOff(t *testing.T) {
	for _, how := range []error{errHang, errors.New("connection refused")} {
		synctest.Test(t, func(t *testing.T) {
			h, all := three(t)
			for _, r := range all {
				r.see(cluster.Up)
				r.SetAPI("other", cluster.Liveness{Signal: cluster.Up})
			}
			want(t, 20*time.Second, "uuu", all...)
			h.mu.Lock()
			h.cut["r0"] = how
			h.mu.Unlock()
			all[0].see(cluster.Down)
			all[0].SetAPI("other", cluster.Liveness{Signal: cluster.Down})
			want(t, time.Minute, "uuu", all...)
			if f := fmt.Sprint(all[0].Stats().Findings); !strings.Contains(f, "neither the host cluster nor any other can be reached") || !strings.Contains(f, "cannot be listed") {
				t.Errorf("findings are %s", f)
			}
			if n := all[1].Stats().Fresh; n != 2 {
				t.Errorf("%d are fresh", n)
			}
			all[0].SetAPI("other", cluster.Liveness{Signal: cluster.Up})
			want(t, 2*time.Second, "duu", all...)
			if f := fmt.Sprint(all[0].Stats().Findings); !strings.Contains(f, "goes by what it sees itself") {
				t.Errorf("findings are %s", f)
			}
			h.mu.Lock()
			delete(h.cut, "r0")
			h.mu.Unlock()
			want(t, 12*time.Second, "uuu", all...)
			if f := all[0].Stats().Findings; len(f) > 0 {
				t.Errorf("findings are %q", f)
			}
		})
	}
}

// What was agreed to be down stays so for one that is cut off and comes back.
func TestDownHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, all := three(t)
		for _, r := range all {
			r.see(cluster.Down)
		}
		want(t, 20*time.Second, "ddd", all...)
		h.mu.Lock()
		h.cut["r0"] = errHang
		h.mu.Unlock()
		want(t, time.Minute, "ddd", all...)
		h.mu.Lock()
		clear(h.cut)
		h.mu.Unlock()
		for range 20 {
			want(t, time.Second, "ddd", all...)
		}
	})
}

func TestAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, nil, "")
		r.see(cluster.Down)
		want(t, 0, "d", r)
		if r.last().Data.Reason != "connection refused" || r.Stats().Fresh != 1 || len(r.Stats().Findings) > 0 {
			t.Errorf("%+v, %+v", r.last(), r.Stats())
		}
		r.see(cluster.Up)
		want(t, 0, "u", r)
		r.Forget("c")
		want(t, time.Minute, "u", r) // nothing more is reported
	})
}

// Until the host was heard of nothing is down; without it for long, the own view counts.
func TestHostNeverReached(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost()
		h.cut["a"] = errors.New("connection refused")
		a := start(t, h, "a")
		a.see(cluster.Down)
		a.SetAPI("c", cluster.Liveness{Signal: cluster.Up})
		want(t, 14*time.Second, "?", a)
		want(t, 3*time.Second, "d", a)
	})
}

// A view is written every five seconds, and within one of a change.
func TestRenewals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost()
		a := start(t, h, "a")
		writes := func(d time.Duration) int {
			_, before := h.lease("fedns-a")
			time.Sleep(d)
			synctest.Wait()
			_, now := h.lease("fedns-a")
			return now - before
		}
		writes(10 * time.Second)
		if n := writes(time.Minute); n < 11 || n > 13 {
			t.Errorf("written %d times in a quiet minute", n)
		}
		a.see(cluster.Up)
		if n := writes(1200 * time.Millisecond); n < 1 || n > 2 { // one that was due may come just before
			t.Errorf("written %d times within a second of a change", n)
		}
		n := 0
		for i := range 100 {
			a.see(signals[1+i%2])
			n += writes(100 * time.Millisecond)
		}
		if n < 8 || n > 11 {
			t.Errorf("written %d times in 10 s of changes", n)
		}
		writes(2 * time.Second) // what changed last is written by then
		l, _ := h.lease("fedns-a")
		if l.Labels[Label] != LabelValue || l.Annotations[Annotation] != `{"c":{"data":"down","api":"unknown"}}` || !strings.HasPrefix(*l.Spec.HolderIdentity, "a_") || *l.Spec.LeaseDurationSeconds != 15 {
			t.Errorf("the Lease is %+v", l)
		}
	})
}

// Views that cannot be read, and two of one name, are told.
func TestFindingsOfOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost()
		a := start(t, h, "a")
		a.see(cluster.Down)
		time.Sleep(10 * time.Second)
		for i := range 10 {
			h.put(&coordinationv1.Lease{
				ObjectMeta: metav1.ObjectMeta{Name: "fedns-b", Annotations: map[string]string{Annotation: "{"}},
				Spec:       coordinationv1.LeaseSpec{RenewTime: new(metav1.NewMicroTime(time.Unix(int64(i), 0)))},
			})
			time.Sleep(3 * time.Second)
		}
		if f := fmt.Sprint(a.Stats().Findings); !strings.Contains(f, "lease fedns-b: metadata.annotations[fedns.io/view]: ") {
			t.Errorf("findings are %s", f)
		}
		// It counts, and has no opinion: one of two is no majority.
		if a.last().Data.Signal != cluster.Unknown || a.Stats().Fresh != 2 {
			t.Errorf("%+v, %+v", a.last(), a.Stats())
		}
		twin := start(t, h, "a")
		time.Sleep(20 * time.Second)
		synctest.Wait()
		if f := fmt.Sprint(a.Stats().Findings, twin.Stats().Findings); !strings.Contains(f, `another process calls itself "a" too`) {
			t.Errorf("findings are %s", f)
		}
	})
}
