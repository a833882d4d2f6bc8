package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fedns/fedns/integration/harness/process"
)

const (
	// slowStep is how long such a client waits before its next octet, and before it
	// comes back when it was sent away.
	slowStep = 5 * time.Second
	// slowPerAddress is how many share an address, as behind a translator.
	slowPerAddress = 100
)

// crawl is who is slow, and towards whom.
type crawl struct {
	Addr    string
	Clients int
}

// slow is the role of clients that send a query an octet at a time, over TCP, and
// never come to its end before they are sent away. It says "up" once all have
// tried, and ends with SIGTERM.
func slow(args []string, stdout io.Writer) error {
	if len(args) != 1 {
		return errors.New("usage: slow CRAWL")
	}
	var c crawl
	if err := json.Unmarshal([]byte(args[0]), &c); err != nil {
		return fmt.Errorf("read who is slow: %w", err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), unix.SIGTERM)
	defer stop()
	var open, tried atomic.Int64
	for i := range c.Clients {
		go crawlOn(ctx, c.Addr, i, &open, &tried)
	}
	for said := false; ; {
		select {
		case <-ctx.Done():
			fmt.Fprintln(stdout, "open", open.Load())
			return nil
		case <-time.After(100 * time.Millisecond):
			if !said && int(tried.Load()) == c.Clients {
				said = true
				fmt.Fprintln(stdout, "up")
			}
		}
	}
}

// crawlOn is one client. All begin within one step, one after the other.
func crawlOn(ctx context.Context, addr string, i int, open, tried *atomic.Int64) {
	from := net.IPv4(127, 1, byte(i/slowPerAddress/250), byte(1+i/slowPerAddress%250))
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: from}, Timeout: slowStep}
	message := append([]byte{0, 40}, make([]byte, 40)...)
	wait := time.Duration(i%1000) * slowStep / 1000
	for first := true; pause(ctx, wait) == nil; first = false {
		conn, err := d.DialContext(ctx, "tcp", addr)
		if first {
			tried.Add(1)
		}
		if wait = slowStep; err != nil {
			continue
		}
		open.Add(1)
		for at := 0; err == nil && at < len(message)-1; at++ {
			if _, err = conn.Write(message[at : at+1]); err == nil {
				err = pause(ctx, slowStep)
			}
		}
		open.Add(-1)
		conn.Close()
	}
}

// beset starts slow clients, on the generator's core and behind it, and tells how
// many of them the server held when they ended.
func (f *fleet) beset(ctx context.Context, s *server, do func() error) (held int64, err error) {
	what, err := json.Marshal(crawl{s.addr, slowClients})
	if err != nil {
		return 0, err
	}
	f.started++
	log := filepath.Join(f.dir, fmt.Sprintf("%d-slow", f.started))
	p, err := f.spawner.Start(process.Command{
		Name: "slow clients", Path: f.self, Log: log,
		Args: []string{rolePin, strconv.Itoa(f.loadCore), f.self, roleSlow, string(what)},
		Env:  []string{"GOMAXPROCS=1"},
	})
	if err != nil {
		return 0, err
	}
	up := func(context.Context) error {
		if p.Tail(1) != "up" {
			return errors.New("not all have tried yet")
		}
		return nil
	}
	waiting, cancel := context.WithTimeout(ctx, 12*slowStep)
	defer cancel()
	if err = p.WaitReady(waiting, up); err == nil {
		err = errors.Join(syscall.Setpriority(syscall.PRIO_PROCESS, p.PID(), 10), pause(ctx, slowStep), do())
	}
	if serr := p.Signal(syscall.SIGTERM); serr != nil {
		return 0, errors.Join(err, serr)
	}
	for range 50 {
		if n, _ := fmt.Sscanf(p.Tail(1), "open %d", &held); n == 1 {
			break
		}
		if perr := pause(ctx, 100*time.Millisecond); perr != nil {
			return 0, errors.Join(err, perr)
		}
	}
	_ = p.Stop(slowStep)
	if held == 0 && err == nil {
		err = errors.New("no slow client had a connection")
	}
	return held, errors.Join(err, os.Remove(log))
}

// crowd measures UDP beside slow TCP clients, and without them.
func (b *bench) crowd(ctx context.Context) error {
	s := shape{Services: 10_000, Endpoints: 3, Seed: b.seed}
	file, err := b.zoneFile(s)
	if err != nil {
		return err
	}
	srv, err := b.serve(ctx, b.fedns, file)
	if err != nil {
		return err
	}
	r := b.asking(s, plain, overUDP)
	return b.compete(ctx, stageSlow, fmt.Sprintf("Standard mix over UDP, beside %d clients that send a query over TCP, an octet every %v", slowClients, slowStep),
		[]contestant{{name: alone, server: srv, run: r}, {name: beset, server: srv, run: r, slow: true}})
}
