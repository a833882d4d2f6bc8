package tap

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	dnstap "github.com/dnstap/golang-dnstap"
	"github.com/miekg/dns"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"github.com/fedns/fedns/dnsserver/answer"
	"github.com/fedns/fedns/dnsserver/policy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// observed is a query for name from a client, and its answer.
func observed(t *testing.T, name string, answered bool) answer.Observed {
	t.Helper()
	q := new(dns.Msg).SetQuestion(name, dns.TypeA)
	q.SetEdns0(1232, true)
	query, err := q.Pack()
	if err != nil {
		t.Fatal(err)
	}
	o := answer.Observed{
		Transport: policy.TLS, Client: netip.MustParseAddrPort("[::ffff:192.0.2.1]:4711"), Local: netip.MustParseAddrPort("198.51.100.1:853"),
		Asked: time.Unix(1700000000, 5), Answered: time.Unix(1700000000, 9), Query: query,
	}
	if answered {
		if o.Response, err = new(dns.Msg).SetRcode(q, dns.RcodeNameError).Pack(); err != nil {
			t.Fatal(err)
		}
	}
	return o
}

// take reads frames from r until it ends.
func take(r io.Reader, bi bool, frame func(*dnstap.Dnstap)) error {
	in, err := dnstap.NewReader(r, &dnstap.ReaderOptions{Bidirectional: bi})
	if err != nil {
		return err
	}
	buf := make([]byte, dnstap.MaxPayloadSize)
	for {
		n, err := in.ReadFrame(buf)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		var d dnstap.Dnstap
		if err := proto.Unmarshal(buf[:n], &d); err != nil {
			return err
		}
		frame(&d)
	}
}

// run runs a tap until the test calls what it returns.
func run(f func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { f(ctx) })
	return func() { cancel(); running.Wait() }
}

func TestDnstapFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "fedns.dnstap")
	want := observed(t, "www.example.com.", true)
	for range 2 { // the second time a file is there
		d, err := NewDnstap(Config{File: file, Identity: "ns1", Version: "fedns 1", Queries: true, Failed: func(err error) { t.Error(err) }})
		if err != nil {
			t.Fatal(err)
		}
		stop := run(d.Run)
		d.Observe(want)
		d.Observe(observed(t, "dropped.example.com.", false))
		stop()
		if s := d.Stats(); s != (Stats{2, 0}) {
			t.Errorf("got %+v", s)
		}
	}
	files, err := filepath.Glob(file + "*")
	if err != nil || len(files) != 2 {
		t.Fatalf("got %q, %v, want the file and the one before", files, err)
	}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var frames []*dnstap.Dnstap
		if err := take(bytes.NewReader(data), false, func(d *dnstap.Dnstap) { frames = append(frames, d) }); err != nil || len(frames) != 2 {
			t.Fatalf("%s: %d frames, %v", f, len(frames), err)
		}
		m := frames[0].Message
		if string(frames[0].Identity) != "ns1" || string(frames[0].Version) != "fedns 1" || m.GetType() != dnstap.Message_AUTH_RESPONSE ||
			m.GetSocketFamily() != dnstap.SocketFamily_INET || m.GetSocketProtocol() != dnstap.SocketProtocol_DOT ||
			!bytes.Equal(m.QueryAddress, []byte{192, 0, 2, 1}) || m.GetQueryPort() != 4711 ||
			!bytes.Equal(m.ResponseAddress, []byte{198, 51, 100, 1}) || m.GetResponsePort() != 853 ||
			m.GetQueryTimeSec() != 1700000000 || m.GetQueryTimeNsec() != 5 || m.GetResponseTimeNsec() != 9 ||
			!bytes.Equal(m.QueryMessage, want.Query) || !bytes.Equal(m.ResponseMessage, want.Response) {
			t.Errorf("got %v", frames[0])
		}
		if m := frames[1].Message; m.GetType() != dnstap.Message_AUTH_QUERY || m.QueryMessage == nil || m.ResponseMessage != nil {
			t.Errorf("without response: got %v", frames[1])
		}
	}
}

// TestDnstapSocket: whoever listens gets what is observed, also one that comes
// later, or again.
func TestDnstapSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	told := make(chan error, 10)
	d, err := NewDnstap(Config{Socket: path, Failed: func(err error) { told <- err }, retry: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	stop := run(d.Run)
	defer stop()
	if err := <-told; err == nil {
		t.Error("that nobody listens was not told")
	}
	for range 2 {
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", path)
		if err != nil {
			t.Fatal(err)
		}
		conn, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		_ = l.Close()
		got := make(chan *dnstap.Dnstap, 10)
		var taking sync.WaitGroup
		taking.Go(func() { _ = take(conn, true, func(d *dnstap.Dnstap) { got <- d }) })
		if err := <-told; err != nil {
			t.Errorf("told %v, want that it works again", err)
		}
		d.Observe(observed(t, "www.example.com.", true))
		if m := (<-got).Message; m.QueryMessage != nil || len(m.ResponseMessage) == 0 {
			t.Errorf("got %v", m)
		}
		_ = conn.Close()
		taking.Wait()
		for broken := false; !broken; {
			d.Observe(observed(t, "lost.example.com.", true))
			select {
			case err := <-told:
				broken = err != nil
			case <-time.After(time.Millisecond):
			}
		}
	}
}

// TestQueueDropsRatherThanWaits: when nothing is written, what does not fit is counted.
func TestQueueDropsRatherThanWaits(t *testing.T) {
	o := observed(t, "www.example.com.", true)
	q := newQueue()
	for range maxQueued + 7 {
		q.Observe(o)
	}
	if s := q.Stats(); s.Dropped != 7 {
		t.Errorf("%d dropped, want 7", s.Dropped)
	}
	q = newQueue()
	o.Response = make([]byte, 1<<16)
	for range 1000 {
		q.Observe(o)
	}
	if kept := len(q.records); kept > maxOctets>>16 || kept < maxOctets>>17 {
		t.Errorf("%d messages of 64 KiB are kept", kept)
	}
	if n := testing.AllocsPerRun(100, func() { q.Observe(o) }); n != 0 {
		t.Errorf("%v allocations to drop one", n)
	}
}

func TestQueryLog(t *testing.T) {
	var out bytes.Buffer
	l := NewQueryLog(slog.New(slog.NewTextHandler(&out, nil)))
	for _, o := range []answer.Observed{observed(t, "www.Example.com.", true), observed(t, "a\\032b.example.", false), {Query: []byte("runt"), Client: netip.MustParseAddrPort("192.0.2.9:1")}} {
		l.Observe(o)
	}
	stop := run(l.Run)
	stop()
	for i, want := range []string{
		`msg=query client=192.0.2.1:4711 transport=tls name=www.example.com. type=A flags="rd edns do" rcode=NXDOMAIN size=33`,
		`name=a\032b.example. type=A flags="rd edns do" rcode=none size=0`,
		`msg=query client=192.0.2.9:1 transport=udp rcode=none size=0`,
	} {
		if lines := strings.Split(out.String(), "\n"); !strings.Contains(lines[i], want) {
			t.Errorf("line %d is\n%s\nwant\n%s", i, lines[i], want)
		}
	}
}
