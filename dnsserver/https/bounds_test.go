package https_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/https"
	"github.com/fedns/fedns/dnsserver/transporttest"
)

// dial is a TLS connection that speaks HTTP/1.1, and whose reads fail after a minute.
func (s site) dial(t *testing.T) net.Conn {
	t.Helper()
	c, err := (&tls.Dialer{Config: s.client}).DialContext(t.Context(), "tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	return c
}

// Slow clients lose their connection in time, whatever they are slow in.
func TestSlowClients(t *testing.T) {
	s := listen(t, https.Config{Idle: 2 * time.Second, Transfer: 2 * time.Second}) // a busy machine shakes hands slowly
	const post = "POST /dns-query HTTP/1.1\r\nHost: x\r\nContent-Type: application/dns-message\r\nContent-Length: 29\r\n"
	t.Run("asking", func(t *testing.T) { // all of them, before the rest
		for name, part := range map[string]string{
			"nothing": "", "half a header": post, "no content": post + "\r\n", "half a content": post + "\r\nhalf",
			"a wish to go on": post + "Expect: 100-continue\r\n\r\n",
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				c := s.dial(t)
				if _, err := io.WriteString(c, part); err != nil {
					t.Fatal(err)
				}
				if _, err := io.Copy(io.Discard, c); errors.Is(err, os.ErrDeadlineExceeded) {
					t.Error("the connection was not closed")
				}
			})
		}
	})
	t.Run("reading", func(t *testing.T) {
		// So many answers of 64 KiB that no buffer on the way holds them.
		c := s.dial(t)
		query := string(question(t, dns.TypeMX))
		go func() {
			for range 500 {
				if _, err := io.WriteString(c, post+"\r\n"+query); err != nil {
					return
				}
			}
		}()
		waitFor(t, func() bool { return s.Open() == 0 })
	})
	waitFor(t, func() bool { return s.Open() == 0 })
}

func waitFor(t *testing.T, what func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !what(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited in vain")
		}
	}
}

func TestBounds(t *testing.T) {
	release := make(chan struct{})
	s := listen(t, https.Config{MaxPerClient: 2, MaxRequests: 24, Finish: func(ctx context.Context, query []byte, _ netip.AddrPort, send func([]byte) error) {
		select {
		case <-release:
		case <-ctx.Done():
		}
		_ = send(transporttest.Reply(query))
	}})
	c := s.http(t, true)
	do(t, c, http.MethodPost, s.url, mediaType, bytes.NewReader(question(t, dns.TypeA))) // it is connected then
	statuses := make(chan int, 10)
	var asking sync.WaitGroup
	for range 10 { // on one connection; a client has three requests at once
		asking.Go(func() {
			status := 0
			defer func() { statuses <- status }()
			status = do(t, c, http.MethodPost, s.url, mediaType, bytes.NewReader(question(t, dns.TypeAXFR))).status
		})
	}
	for range 7 {
		if status := <-statuses; status != http.StatusServiceUnavailable {
			t.Errorf("got %d", status)
		}
	}
	close(release)
	asking.Wait()
	for range 3 {
		if status := <-statuses; status != 200 {
			t.Errorf("got %d", status)
		}
	}
	if s.Busy() != 7 {
		t.Errorf("%d refused", s.Busy())
	}
	s.dial(t)
	waitFor(t, func() bool { return s.Open() == 2 })
	if _, err := (&tls.Dialer{Config: s.client}).DialContext(t.Context(), "tcp", s.Addr().String()); err == nil {
		t.Error("a third connection")
	}
	if s.Refused() != 1 || s.Accepted() != 2 {
		t.Errorf("%d refused, %d accepted", s.Refused(), s.Accepted())
	}
}

// What clients leave in the middle of leaves nothing behind, and neither does Close.
func TestNobodyWaits(t *testing.T) {
	for _, two := range []bool{false, true} {
		begun, ended := make(chan struct{}), make(chan struct{}, 100)
		s := listen(t, https.Config{Finish: func(ctx context.Context, _ []byte, _ netip.AddrPort, _ func([]byte) error) {
			begun <- struct{}{}
			<-ctx.Done()
			ended <- struct{}{}
		}})
		c := s.http(t, two)
		ask := func(ctx context.Context) {
			r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(question(t, dns.TypeAXFR)))
			if err != nil {
				t.Error(err)
				return
			}
			r.Header.Set("Content-Type", mediaType)
			if res, err := c.Do(r); err == nil {
				_ = res.Body.Close()
				t.Errorf("got %d", res.StatusCode)
			}
		}
		var asking sync.WaitGroup
		ctx, cancel := context.WithCancel(t.Context())
		for range 20 {
			asking.Go(func() { ask(ctx) })
			<-begun
		}
		cancel() // resets, or closed connections
		asking.Wait()
		for range 20 {
			<-ended
		}
		for range 20 {
			asking.Go(func() { ask(t.Context()) })
			<-begun
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		asking.Wait()
		if len(ended) != 20 {
			t.Errorf("after Close %d of 20 had ended", len(ended))
		}
		waitFor(t, func() bool { return s.Open() == 0 })
	}
}
