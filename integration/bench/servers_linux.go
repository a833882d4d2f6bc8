package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/sys/unix"

	"github.com/fedns/fedns/integration/harness/process"
)

// loading is how long a server may take to read a zone.
const loading = 5 * time.Minute

// server is one that runs.
type server struct {
	name    string
	addr    string            // UDP and TCP
	secure  map[string]string // addresses by how queries travel there, of those that are not addr
	proc    *process.Process
	echoing bool
}

// fleet starts servers on one core, and the generator on another.
type fleet struct {
	dir                  string // for files of the run
	self                 string // this program
	serverCore, loadCore int
	spawner              *process.Spawner
	started              int
	running              []*server
}

// pin is the role between: it ties itself to a core and becomes another program.
func pin(args []string) error {
	if len(args) < 2 {
		return errors.New("usage: pin CORE PROGRAM [ARGUMENT...]")
	}
	core, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	runtime.LockOSThread()
	var set unix.CPUSet
	set.Set(core)
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return os.NewSyscallError("sched_setaffinity", err)
	}
	return os.NewSyscallError("exec", unix.Exec(args[1], args[1:], os.Environ()))
}

// start runs a program that serves at s, on the servers' core.
func (f *fleet) start(ctx context.Context, name string, s site, path string, args []string, ready func(context.Context) error) (*server, error) {
	proc, err := f.spawner.Start(process.Command{
		Name: name, Path: f.self, Log: filepath.Join(s.dir, "log"),
		Args: append([]string{rolePin, strconv.Itoa(f.serverCore), path}, args...),
		Env:  []string{"GOMAXPROCS=1"},
	})
	if err != nil {
		return nil, err
	}
	srv := &server{name: name, addr: net.JoinHostPort("127.0.0.1", s.port), proc: proc}
	if s.tls != "" {
		srv.secure = map[string]string{overTLS: net.JoinHostPort("127.0.0.1", s.tls), overHTTPS: net.JoinHostPort("127.0.0.1", s.https)}
	}
	f.running = append(f.running, srv)
	ctx, cancel := context.WithTimeout(ctx, loading)
	defer cancel()
	if ready == nil {
		ready = func(ctx context.Context) error { return srv.authoritative(ctx, s.signed) }
	}
	return srv, proc.WaitReady(ctx, ready)
}

// serve starts a name server with a zone file.
func (f *fleet) serve(ctx context.Context, p program, zone string) (*server, error) {
	s, err := f.site(p.name)
	if err != nil {
		return nil, err
	}
	return f.serveAt(ctx, p, zone, s)
}

// serveSigned is serve for one that signs the zone.
func (f *fleet) serveSigned(ctx context.Context, p program, zone string) (*server, error) {
	s, err := f.site(p.name)
	if err != nil {
		return nil, err
	}
	s.signed = true
	return f.serveAt(ctx, p, zone, s)
}

// serveSecure is serve for one that takes TLS and HTTPS, too.
func (f *fleet) serveSecure(ctx context.Context, p program, zone string) (*server, error) {
	s, err := f.site(p.name)
	if err != nil {
		return nil, err
	}
	if s.certificate, s.key, err = writeCertificate(s.dir); err != nil {
		return nil, err
	}
	for _, p := range []*string{&s.tls, &s.https} {
		if *p, err = freePort(); err != nil {
			return nil, err
		}
	}
	return f.serveAt(ctx, p, zone, s)
}

func (f *fleet) serveAt(ctx context.Context, p program, zone string, s site) (*server, error) {
	if err := os.Symlink(zone, s.zone); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(s.dir, "config"), []byte(p.config(s)), 0o600); err != nil {
		return nil, err
	}
	return f.start(ctx, p.name, s, p.tool, p.args(s), nil)
}

// serveEcho starts the floor.
func (f *fleet) serveEcho(ctx context.Context, path string) (*server, error) {
	s, err := f.site(nameEcho)
	if err != nil {
		return nil, err
	}
	srv, err := f.start(ctx, nameEcho, s, path, []string{s.port}, func(ctx context.Context) error {
		_, err := ask(ctx, net.JoinHostPort("127.0.0.1", s.port))
		return err
	})
	if srv != nil {
		srv.echoing = true
	}
	return srv, err
}

// site makes a folder and finds ports for a server.
func (f *fleet) site(name string) (site, error) {
	f.started++
	dir := filepath.Join(f.dir, fmt.Sprintf("%d-%s", f.started, name))
	for _, d := range []string{dir, filepath.Join(dir, "zones"), filepath.Join(dir, "run"), filepath.Join(dir, "state")} {
		if err := os.Mkdir(d, 0o700); err != nil {
			return site{}, err
		}
	}
	s := site{dir: dir, zone: filepath.Join(dir, "zones", strings.TrimSuffix(apex, "."))}
	for _, p := range []*string{&s.port, &s.http} {
		var err error
		if *p, err = freePort(); err != nil {
			return site{}, err
		}
	}
	return s, nil
}

// freePort is a port of 127.0.0.1 that is free for both UDP and TCP.
func freePort() (string, error) {
	addr, err := process.FreeAddr("127.0.0.1")
	return strconv.Itoa(int(addr.Port())), err
}

// authoritative wants the zone's SOA: the zone is there, whole, and signed if it is to be.
func (s *server) authoritative(ctx context.Context, signed bool) error {
	answer, err := ask(ctx, s.addr)
	if err != nil {
		return err
	}
	if answer.Rcode != dns.RcodeSuccess || !answer.Authoritative || len(answer.Answer) == 0 {
		return fmt.Errorf("%s: no authoritative answer yet: %s", s.name, dns.RcodeToString[answer.Rcode])
	}
	if signed && len(answer.Answer) < 2 {
		return fmt.Errorf("%s: no signed answer yet", s.name)
	}
	return nil
}

func ask(ctx context.Context, addr string) (*dns.Msg, error) {
	c := dns.Client{Timeout: time.Second}
	answer, _, err := c.ExchangeContext(ctx, new(dns.Msg).SetQuestion(apex, dns.TypeSOA).SetEdns0(1232, true), addr)
	return answer, err
}

// stop ends servers, all of them when none is named.
func (f *fleet) stop(servers ...*server) {
	if len(servers) == 0 {
		servers = f.running
	}
	for _, s := range servers {
		if s != nil {
			_ = s.proc.Signal(syscall.SIGTERM) // all at once; what is left is killed
		}
	}
	var left []*server
	for _, s := range f.running {
		if !contains(servers, s) {
			left = append(left, s)
			continue
		}
		_ = s.proc.Stop(5 * time.Second)
	}
	f.running = left
}

func contains(all []*server, s *server) bool {
	for _, o := range all {
		if o == s {
			return true
		}
	}
	return false
}

// drive runs the generator against a server and tells how both did.
func (f *fleet) drive(ctx context.Context, s *server, r run) (sample, error) {
	r.Addr, r.Echo = s.addr, s.echoing
	if secure, ok := s.secure[r.Over]; ok {
		r.Addr = secure
	}
	what, err := json.Marshal(r)
	if err != nil {
		return sample{}, err
	}
	before, err := cpuTime(s.proc.PID())
	if err != nil {
		return sample{}, err
	}
	cmd := exec.CommandContext(ctx, f.self, rolePin, strconv.Itoa(f.loadCore), f.self, roleBlast, string(what))
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	cmd.SysProcAttr = process.Attributes()
	runtime.LockOSThread() // the kernel ties the child's life to this thread
	defer runtime.UnlockOSThread()
	said, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = fmt.Errorf("%w: %s", err, strings.TrimSpace(string(exit.Stderr)))
		}
		return sample{}, errors.Join(err, s.proc.Err())
	}
	after, err := cpuTime(s.proc.PID())
	if err != nil {
		return sample{}, err
	}
	var o outcome
	if err := json.Unmarshal(said, &o); err != nil {
		return sample{}, fmt.Errorf("read the generator's outcome: %w", err)
	}
	if o.Example != "" {
		fmt.Fprintf(os.Stderr, "        %s answered wrongly, such as %s\n", s.name, o.Example)
	}
	return o.sample(after - before), nil
}
