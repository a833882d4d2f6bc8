package forward_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/forward"
	"github.com/fedns/fedns/dnsserver/zone"
)

// node is one of several upstreams without sockets.
type node struct {
	delay time.Duration
	says  []string // nil: silent
}

// several is a Resolver with these upstreams. Asked tells and forgets which were
// asked, in order; "+" marks a stream.
func several(t *testing.T, nodes ...*node) (resolve func(name string) (string, time.Duration), asked func() string) {
	t.Helper()
	cfg := forward.Config{Timeout: time.Second, Hedge: 250 * time.Millisecond, Upstreams: to(dead(t))}
	for len(cfg.Upstreams) < len(nodes) {
		cfg.Upstreams = append(cfg.Upstreams, cfg.Upstreams[0])
	}
	r := run(t, cfg)
	var mu sync.Mutex
	log := ""
	r.SetExchange(func(ctx context.Context, i int, key zone.Key, stream bool) ([]byte, error) {
		mu.Lock()
		log += fmt.Sprint(i)
		if stream {
			log += "+"
		}
		n := *nodes[i]
		mu.Unlock()
		if n.says == nil {
			n.delay = time.Second
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(n.delay):
		}
		if n.says == nil {
			return nil, forward.ErrTimeout
		}
		return records(new(dns.Msg).SetQuestion(key.Owner.String(), key.Type), n.says...).Pack()
	})
	resolve = func(name string) (string, time.Duration) {
		begin := time.Now()
		return get(t, r, name, dns.TypeA), time.Since(begin)
	}
	asked = func() string {
		mu.Lock()
		defer mu.Unlock()
		defer func() { log = "" }()
		return log
	}
	return resolve, asked
}

// TestUpstreams is whom each question goes to, and how long its answer takes.
func TestUpstreams(t *testing.T) {
	const ms = time.Millisecond
	denied := []string{"NXDOMAIN"} // which is not kept, so that every question is asked
	type question struct {
		sleep time.Duration // before it
		want  string
		asked string
		took  time.Duration
	}
	for _, c := range []struct {
		name  string
		nodes []*node
		ask   []question
	}{
		{"each gets its chance, then the quickest", []*node{{20 * ms, denied}, {5 * ms, denied}, {9 * ms, denied}}, []question{
			{0, "NXDOMAIN", "0", 20 * ms}, {0, "NXDOMAIN", "1", 5 * ms}, {0, "NXDOMAIN", "2", 9 * ms}, {0, "NXDOMAIN", "1", 5 * ms}}},
		{"a slow one is overtaken", []*node{{800 * ms, denied}, {5 * ms, denied}}, []question{
			{0, "NXDOMAIN", "01", 255 * ms}, {0, "NXDOMAIN", "1", 5 * ms}}},
		{"two at a time", []*node{{800 * ms, denied}, {900 * ms, denied}, {5 * ms, denied}}, []question{
			{0, "NXDOMAIN", "01", 800 * ms}}},
		{"SERVFAIL: the next", []*node{{5 * ms, []string{"SERVFAIL"}}, {5 * ms, denied}}, []question{
			{0, "NXDOMAIN", "01", 10 * ms}}},
		{"SERVFAIL everywhere is not asked for twice", []*node{{5 * ms, []string{"SERVFAIL"}}, {5 * ms, []string{"SERVFAIL"}}}, []question{
			{0, "SERVFAIL", "01", 10 * ms}}},
		{"REFUSED: the next, and the last for a while", []*node{{1 * ms, []string{"REFUSED"}}, {5 * ms, denied}}, []question{
			{0, "NXDOMAIN", "01", 6 * ms}, {0, "NXDOMAIN", "1", 5 * ms}, {time.Second, "NXDOMAIN", "01", 6 * ms},
			{1500 * ms, "NXDOMAIN", "1", 5 * ms}, {500 * ms, "NXDOMAIN", "01", 6 * ms}}},
		{"silent: once more over a stream", []*node{{0, nil}}, []question{{0, "SERVFAIL", "00+", 2000 * ms}}},
		{"all silent", []*node{{0, nil}, {0, nil}}, []question{{0, "SERVFAIL", "010+1+", 2250 * ms}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				resolve, asked := several(t, c.nodes...)
				for i, q := range c.ask {
					time.Sleep(q.sleep)
					got, took := resolve("www.test.")
					if log := asked(); got != q.want || log != q.asked || took != q.took {
						t.Errorf("question %d: %s from %s after %v; want %s from %s after %v", i+1, got, log, took, q.want, q.asked, q.took)
					}
				}
			})
		})
	}
}
