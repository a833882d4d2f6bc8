package ingress

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"
)

// TestObserve walks a hostname through what can happen to it.
func TestObserve(t *testing.T) {
	limits := timing{5 * time.Second, 5 * time.Minute}
	a := func(ttl time.Duration, list ...string) outcome {
		o := outcome{kind: found, ttl: ttl}
		for _, s := range list {
			o.addrs = append(o.addrs, netip.MustParseAddr(s))
		}
		return o
	}
	no := outcome{kind: none, ttl: time.Minute}
	fail := outcome{}
	var s state
	steps := []struct {
		name  string
		got   [2]outcome
		again time.Duration
		addrs string
	}{
		{"no such name yet", [2]outcome{no, no}, time.Minute, "[]"},
		{"an address", [2]outcome{a(30*time.Second, "192.0.2.1"), no}, 30 * time.Second, "[192.0.2.1]"},
		{"TTL 0", [2]outcome{a(0, "192.0.2.1"), no}, 5 * time.Second, "[192.0.2.1]"},
		{"TTL of a day", [2]outcome{a(24*time.Hour, "192.0.2.2"), a(24*time.Hour, "2001:db8::1")}, 5 * time.Minute, "[192.0.2.2 2001:db8::1]"},
		{"failure", [2]outcome{fail, fail}, 5 * time.Second, "[192.0.2.2 2001:db8::1]"},
		{"failure again", [2]outcome{fail, fail}, 10 * time.Second, "[192.0.2.2 2001:db8::1]"},
		{"one family fails: the other's TTL still counts", [2]outcome{a(7*time.Second, "192.0.2.3"), fail}, 7 * time.Second, "[192.0.2.3 2001:db8::1]"},
		{"denied once: kept, heard again soon", [2]outcome{no, no}, 5 * time.Second, "[192.0.2.3 2001:db8::1]"},
		{"failure is no second denial", [2]outcome{fail, fail}, 5 * time.Second, "[192.0.2.3 2001:db8::1]"},
		{"denied twice: AAAA is back", [2]outcome{no, a(time.Minute, "2001:db8::2")}, time.Minute, "[2001:db8::2]"},
		{"denied once", [2]outcome{no, no}, 5 * time.Second, "[2001:db8::2]"},
		{"back", [2]outcome{no, a(time.Minute, "2001:db8::2")}, time.Minute, "[2001:db8::2]"},
		{"denied once more: counted anew", [2]outcome{no, no}, 5 * time.Second, "[2001:db8::2]"},
		{"denied twice: gone", [2]outcome{no, no}, time.Minute, "[]"},
	}
	for _, step := range steps {
		again := s.observe(step.got, nil, limits)
		if got := fmt.Sprint(s.addrs()); again != step.again || got != step.addrs {
			t.Errorf("%s: %s, again after %s; want %s, %s", step.name, got, again, step.addrs, step.again)
		}
	}
	for range 100 {
		if again := s.observe([2]outcome{}, errors.New("x"), limits); again > maxRetry {
			t.Fatalf("failure waits %s", again)
		}
	}
	for range 1000 {
		if d := jitter(10 * time.Second); d < 10*time.Second || d > 11*time.Second {
			t.Fatalf("jitter %s", d)
		}
	}
}
