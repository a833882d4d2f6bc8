package faults

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/integration/harness"
)

// answer is what a name's A records are, and whether they are marked as stale.
type answer struct {
	text  string // sorted addresses, or an RCODE
	stale bool
}

// ask asks the daemon, with EDNS.
func ask(ctx context.Context, d *harness.Daemon, name string) (answer, error) {
	q := new(dns.Msg).SetQuestion(name+".shop.prod.", dns.TypeA).SetEdns0(1232, false)
	r, _, err := new(dns.Client).ExchangeContext(ctx, q, d.DNSAddr)
	if err != nil {
		return answer{}, err
	}
	var a answer
	if opt := r.IsEdns0(); opt != nil {
		for _, o := range opt.Option {
			e, ok := o.(*dns.EDNS0_EDE)
			a.stale = a.stale || ok && e.InfoCode == dns.ExtendedErrorCodeStaleAnswer
		}
	}
	if r.Rcode != dns.RcodeSuccess {
		a.text = dns.RcodeToString[r.Rcode]
		return a, nil
	}
	var addrs []string
	for _, rr := range r.Answer {
		if a, ok := rr.(*dns.A); ok {
			addrs = append(addrs, a.A.String())
		}
	}
	slices.Sort(addrs)
	a.text = strings.Join(addrs, " ")
	return a, nil
}

// answers waits until a name is answered so; "stale " in front: and marked.
func (w *world) answers(what, name, want string) {
	w.t.Helper()
	began := time.Now()
	harness.Eventually(w.t, time.Minute, func(ctx context.Context) error {
		a, err := ask(ctx, w.daemon, name)
		if err != nil {
			return err
		}
		got := map[bool]string{true: "stale "}[a.stale] + a.text
		if got != want {
			return fmt.Errorf("%s: %s: got %q, want %q", what, name, got, want)
		}
		return nil
	})
	w.t.Logf("%s: %s is %q after %v", what, name, want, time.Since(began).Round(10*time.Millisecond))
}

// witness asks for names all the time and takes down each answer that lacks what
// has to be there.
type witness struct {
	stop context.CancelFunc
	done sync.WaitGroup

	mu    sync.Mutex
	needs map[string]string // by name, an address that must be answered
	asked int
	wrong []string
}

func (w *world) watch(needs map[string]string) *witness {
	ctx, cancel := context.WithCancel(context.Background())
	x := &witness{stop: cancel, needs: needs}
	x.done.Go(func() {
		for ctx.Err() == nil {
			x.look(ctx, w.daemon)
			select {
			case <-time.After(10 * time.Millisecond): // between two looks
			case <-ctx.Done():
			}
		}
	})
	w.t.Cleanup(func() { x.end(w.t) })
	return x
}

func (x *witness) look(ctx context.Context, d *harness.Daemon) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for name, need := range x.needs {
		asking, cancel := context.WithTimeout(ctx, 2*time.Second)
		a, err := ask(asking, d, name)
		cancel()
		switch {
		case ctx.Err() != nil:
		case err != nil:
			x.wrong = append(x.wrong, fmt.Sprintf("%s: %s: %v", time.Now().Format(time.StampMilli), name, err))
		case !slices.Contains(strings.Fields(a.text), need):
			x.wrong = append(x.wrong, fmt.Sprintf("%s: %s lacks %s: %q", time.Now().Format(time.StampMilli), name, need, a.text))
		}
		x.asked++
	}
}

// need changes what has to be answered; an empty address: nothing.
func (x *witness) need(name, addr string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.needs[name] = addr; addr == "" {
		delete(x.needs, name)
	}
}

func (x *witness) end(t *testing.T) {
	x.stop()
	x.done.Wait()
	if x.asked < 100 {
		t.Errorf("the witness asked %d times only", x.asked)
	}
	t.Logf("the witness asked %d times", x.asked)
	for _, w := range x.wrong[:min(len(x.wrong), 10)] {
		t.Error("something that works was withdrawn: ", w)
	}
}
