package protocol

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/fedns/fedns/integration/harness"
)

// What the daemon lets in, as stream.Config has it.
const (
	perClient   = 128
	connections = 4096
)

// crowd is clients that keep connections open, on each of which they have sent
// the first octet of a message and say no more. What is closed they open again.
type crowd struct {
	to    string
	slots sync.WaitGroup
}

// join has the client at 127.0.0.host keep so many connections.
func (c *crowd) join(ctx context.Context, host, many int) {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(host))}, Timeout: 5 * time.Second}
	for range many {
		c.slots.Go(func() {
			for ctx.Err() == nil {
				if conn, err := d.DialContext(ctx, "tcp", c.to); err == nil {
					stop := context.AfterFunc(ctx, func() { conn.Close() })
					conn.Write([]byte{0})
					io.Copy(io.Discard, conn) // until it is closed
					stop()
					conn.Close()
				}
				select {
				case <-ctx.Done():
				case <-time.After(20 * time.Millisecond):
				}
			}
		})
	}
}

// TestCrowd: as many slow TCP connections as there may be, of one client or of
// all, are one transport's trouble: others are turned away at once, UDP is answered.
func TestCrowd(t *testing.T) {
	d := probed(t, listenPlain)
	ctx, cancel := context.WithCancel(t.Context())
	c := &crowd{to: d.DNSAddr}
	defer c.slots.Wait()
	defer cancel()

	c.join(ctx, 2, perClient)
	turnedAway(t, d, 2, perClient)
	if err := served(d, 1); err != nil {
		t.Errorf("while another client has all it may: %v", err)
	}
	for host := 3; host < 2+connections/perClient; host++ {
		c.join(ctx, host, perClient)
	}
	turnedAway(t, d, 1, connections)
	for i := range 500 {
		if got := summary(byUDP(d.DNSAddr, message(0, 1, 0, 0, 0, www))); got != "NOERROR aa answers:1" {
			t.Fatalf("UDP, question %d: %s", i, got)
		}
	}
	if n := metric(t, d, "fedns_dns_connections"); n > connections {
		t.Errorf("%d connections are open, want at most %d", n, connections)
	}
	cancel()
	c.slots.Wait()
	harness.Eventually(t, 20*time.Second, func(context.Context) error { return served(d, 1) })
}

// turnedAway waits until so many connections are open that a new one of
// 127.0.0.host has no place, and wants it to be closed at once. The crowd's own come
// and go, so that one may find a place now and then; and on a busy machine the crowd
// takes a while to come back when the time of many is up together.
func turnedAway(t *testing.T, d *harness.Daemon, host, want int) {
	t.Helper()
	harness.Eventually(t, time.Minute, func(context.Context) error {
		if n := metric(t, d, "fedns_dns_connections"); n < want {
			return fmt.Errorf("%d connections are open, want %d", n, want)
		}
		before, away := metric(t, d, "fedns_dns_connections_refused_total"), 0
		const tries = 50
		for range tries {
			began := time.Now()
			if err := served(d, host); err == nil {
				continue
			}
			if took := time.Since(began); took > time.Second {
				t.Errorf("a connection was left open for %v before it was closed", took)
			}
			away++
		}
		if after := metric(t, d, "fedns_dns_connections_refused_total"); after < before+away {
			t.Errorf("%d connections are told to have been refused, want %d", after-before, away)
		}
		if away < tries/2 {
			return fmt.Errorf("%d of %d connections more than there may be were turned away", away, tries)
		}
		return nil
	})
}

// served says whether a client at 127.0.0.host is answered over TCP.
func served(d *harness.Daemon, host int) error {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(host))}, Timeout: 5 * time.Second}
	conn, err := dialer.Dial("tcp", d.DNSAddr)
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = byStream(conn, message(0, 1, 0, 0, 0, www))
	return err
}

// metric reads a metric of TCP's.
func metric(t *testing.T, d *harness.Daemon, name string) int {
	t.Helper()
	r, err := http.Get("http://" + d.HTTPAddr + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^` + name + `\{transport="tcp"\} (\S+)$`).FindSubmatch(text)
	if m == nil {
		t.Fatalf("%s is not among the metrics", name)
	}
	v, err := strconv.ParseFloat(string(m[1]), 64)
	if err != nil {
		t.Fatal(err)
	}
	return int(v)
}
