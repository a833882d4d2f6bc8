package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/join"
)

// bench is a pump with its Join and health, fed by hand in fake time.
type bench struct {
	join   *join.Join
	health *health
	parts  []*part
	up     chan cluster.Update
}

func startPump(t *testing.T) *bench {
	b := &bench{join: join.New(join.Config{Cluster: "c"}), health: newHealth(), up: make(chan cluster.Update)}
	b.parts = []*part{b.health.add("services", false), b.health.add("endpointslices", false)}
	p := &pump{id: "c", join: b.join, health: b.health, up: b.up, tell: defaultTiming.tell}
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	go p.run(ctx)
	return b
}

func (b *bench) put(name, ip string) {
	b.join.PutService(join.FromService(&corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: "a", Name: name, Annotations: map[string]string{join.AnnotationExport: "true"}},
		Spec:       corev1.ServiceSpec{ClusterIP: ip},
	}))
}

func (b *bench) live() {
	for _, p := range b.parts {
		b.health.listed(p)
		b.health.mended(p, verbWatch)
	}
}

// got reads what is sent until nothing more is.
func (b *bench) got() []string {
	var out []string
	for {
		synctest.Wait()
		select {
		case u := <-b.up:
			switch {
			case u.State != nil:
				out = append(out, u.State.Phase.String())
			case len(u.Groups) == 1:
				out = append(out, u.Groups[0].Service.Name+" "+u.Groups[0].ClusterIPs[0].String())
			default:
				out = append(out, fmt.Sprint(len(u.Groups), " groups"))
			}
		default:
			return out
		}
	}
}

func (b *bench) want(t *testing.T, want ...string) {
	t.Helper()
	if got := b.got(); !slices.Equal(got, want) {
		t.Errorf("sent %q, want %q", got, want)
	}
}

func TestPumpSaysLiveBehindTheGroups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startPump(t)
		b.want(t, "syncing")
		for i := range 2*batch + 20 {
			b.put(fmt.Sprintf("s%d", i), "10.0.0.1")
		}
		b.health.listed(b.parts[0])
		b.want(t) // the slices are not there yet
		b.health.listed(b.parts[1])
		b.want(t) // nothing is new to a cluster that is not Live: it may be half
		b.live()
		b.want(t, "32 groups", "32 groups", "20 groups", "live")
		b.put("s7", "10.0.0.2")
		b.want(t, "s7 10.0.0.2")
	})
}

func TestPumpOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startPump(t)
		b.want(t, "syncing")
		b.put("old", "10.0.0.1")
		b.live()
		b.want(t, "old 10.0.0.1", "live")
		b.health.fault(b.parts[1], verbWatch, errors.New("connection refused"))
		b.put("new", "10.0.0.1")
		b.put("old", "10.0.0.2") // still heard of
		b.want(t, "unreachable", "old 10.0.0.2")
		b.live()
		b.want(t, "new 10.0.0.1", "live")
		// There and back again before anybody looked: said all the same, Since has moved.
		time.Sleep(time.Second)
		b.health.fault(b.parts[1], verbWatch, errors.New("connection refused"))
		b.live()
		b.want(t, "live")
	})
}

// A receiver that sleeps costs a set of names: what changed a thousand times
// is told once, as it is in the end.
func TestPumpSlowReceiver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startPump(t)
		b.want(t, "syncing")
		b.live()
		b.want(t, "live")
		b.put("first", "10.0.0.1")
		synctest.Wait() // the pump is blocked with it
		for i := range 1000 {
			b.put("s", fmt.Sprintf("10.0.%d.%d", i/250, i%250+1))
		}
		b.want(t, "first 10.0.0.1", "s 10.0.3.250")
	})
}

// Live must not wait for a cluster to hold still.
func TestPumpLiveAmongChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startPump(t)
		b.want(t, "syncing")
		b.put("s", "10.0.0.1")
		b.live()
		for i := range 5 {
			u := <-b.up
			if u.State != nil && u.State.Phase == cluster.Live {
				return
			}
			b.put(fmt.Sprint("t", i), "10.0.0.1")
		}
		t.Error("never live")
	})
}

func TestPumpTellsLastSyncNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startPump(t)
		b.want(t, "syncing")
		b.live()
		b.want(t, "live")
		for range 60 {
			time.Sleep(time.Second)
			b.health.evidence(b.parts[0])
		}
		if told := len(b.got()); told > 2 { // the one that was blocked and the newest
			t.Errorf("told %d times while nobody received", told)
		}
		told := 0
		for range 60 {
			time.Sleep(time.Second)
			b.health.evidence(b.parts[0])
			told += len(b.got())
		}
		if told < 6 || told > 13 {
			t.Errorf("told %d times in a minute, want about 12", told)
		}
		time.Sleep(time.Minute)
		b.got()
		time.Sleep(time.Minute)
		b.want(t) // silence is not told
	})
}

func TestHealth(t *testing.T) {
	fail := errors.New("no")
	for _, c := range []struct {
		name string
		do   func(h *health, a, b, opt *part)
		want string
	}{
		{"nothing yet", func(h *health, a, b, opt *part) {}, "syncing"},
		{"one missing", func(h *health, a, b, opt *part) { h.listed(a); h.mended(a, verbWatch); h.listed(opt) }, "syncing"},
		{"listed, not watched", func(h *health, a, b, opt *part) {
			h.listed(a)
			h.mended(a, verbWatch)
			h.listed(b)
			h.listed(opt)
		}, "syncing"},
		{"an optional one that fails does not count", func(h *health, a, b, opt *part) {
			h.listed(a)
			h.mended(a, verbWatch)
			h.absent(b)
			h.fault(opt, verbList, fail)
		}, "live"},
		{"a list does not mend a watch", func(h *health, a, b, opt *part) {
			h.absent(b)
			h.listed(opt)
			h.listed(a)
			h.fault(a, verbWatch, fail)
			h.listed(a)
		}, "unreachable watch a: no"},
		{"the first in order gives the reason", func(h *health, a, b, opt *part) {
			h.fault(b, verbDiscover, fail)
			h.fault(a, verbList, fail)
		}, "unreachable list a: no"},
		{"mended before all was listed", func(h *health, a, b, opt *part) { h.fault(a, verbList, fail); h.mended(a, verbList) }, "syncing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHealth()
			a, b, opt := h.add("a", false), h.add("b", false), h.add("nodes", true)
			c.do(h, a, b, opt)
			s, _ := h.now()
			got := s.Phase.String()
			if s.Reason != "" {
				got += " " + s.Reason
			}
			if got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}
