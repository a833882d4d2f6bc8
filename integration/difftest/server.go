package difftest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/integration/harness/process"
)

// server is a name server that serves all zones.
type server struct {
	name string // fedns, BIND, Knot, NSD
	port string // on 127.0.0.1, UDP and TCP
	proc *process.Process
}

func (s *server) addr() string { return net.JoinHostPort("127.0.0.1", s.port) }

// program is how a name server is started.
type program struct {
	name   string
	tool   string // executable
	pkg    string // Debian package that has it
	config func(c *configData) string
	args   func(config string) []string
}

// configData is what configurations are made of.
type configData struct {
	dir   string
	port  string
	http  string // a second port
	zones []*zone
	files []string // one for each zone
}

// lines writes one piece for each zone.
func (c *configData) lines(format func(apex, file string) string) string {
	var b strings.Builder
	for i, z := range c.zones {
		b.WriteString(format(z.apex.String(), c.files[i]))
	}
	return b.String()
}

// start runs p with the zones in files, and returns when it answers all of them.
func (p *program) start(ctx context.Context, sp *process.Spawner, dir string, zones []*zone, files []string) (*server, error) {
	dir = filepath.Join(dir, p.name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	second, err := freePort()
	if err != nil {
		return nil, err
	}
	c := &configData{dir: dir, port: port, http: second, zones: zones, files: files}
	config := filepath.Join(dir, "config")
	if err := os.WriteFile(config, []byte(p.config(c)), 0o644); err != nil {
		return nil, err
	}
	proc, err := sp.Start(process.Command{
		Name: p.name, Path: p.tool, Args: p.args(config), Log: filepath.Join(dir, "log"),
	})
	if err != nil {
		return nil, err
	}
	s := &server{name: p.name, port: port, proc: proc}
	if err := s.waitReady(ctx, zones); err != nil {
		return nil, errors.Join(err, proc.Kill())
	}
	return s, nil
}

// waitReady waits until every zone is answered with authority.
func (s *server) waitReady(ctx context.Context, zones []*zone) error {
	c := newClient(s.addr())
	defer c.close()
	next := 0
	return s.proc.WaitReady(ctx, func(context.Context) error {
		for ; next < len(zones); next++ {
			q := &query{zone: zones[next], name: zones[next].apex, typ: dns.TypeSOA, class: dns.ClassINET, how: transport{}}
			msg, err := q.msg(c.id + 1).Pack()
			if err != nil {
				return err
			}
			c.id++
			wire, err := c.datagram(msg, time.Second)
			if err != nil {
				c.close()
				return err
			}
			a := normalise(wire)
			if a.rcode != dns.RcodeSuccess || !a.has("aa") {
				return fmt.Errorf("zone %s, %d of %d: %s", q.name, next+1, len(zones), a.String())
			}
		}
		return nil
	})
}

// freePort is a port of 127.0.0.1 that nobody has, for UDP nor TCP.
func freePort() (string, error) {
	addr, err := process.FreeAddr("127.0.0.1")
	return strconv.Itoa(int(addr.Port())), err
}
