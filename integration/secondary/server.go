package secondary

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"github.com/fedns/fedns/integration/harness/process"
)

// program is a name server that can be a secondary.
type program struct {
	name     string
	tool     string // executable
	pkg      string // Debian package that has it
	catalogs bool   // it finds its zones in the catalog zone
	config   func(c *configData) string
	args     func(config string) []string
}

// key is the name of the TSIG key that this secondary alone has: who fetched
// what can be told by it.
func (p *program) key() string { return strings.ToLower(p.name) + ".secondary.test." }

// secret is that key's, in base64.
const secret = "c2Vjb25kYXJpZXMgaGF2ZSBubyBzZWNyZXQgaGVyZSE="

// configData is what configurations are made of.
type configData struct {
	dir     string
	port    string // of 127.0.0.1, to answer at
	primary netip.AddrPort
	key     string
	catalog string
	zones   []string // for those that know no catalog
}

func (c *configData) expand(text string) string {
	return strings.NewReplacer(
		"DIR", c.dir, "PRIMPORT", fmt.Sprint(c.primary.Port()), "PRIMARY", c.primary.Addr().String(), "PORT", c.port,
		"KEY", c.key, "SECRET", secret, "CATALOG", c.catalog,
	).Replace(text)
}

// server is a secondary that runs.
type server struct {
	*program
	addr netip.AddrPort
	dir  string
	args []string
	proc *process.Process
}

// newServer writes what p is to run with. It does not start it.
func newServer(p *program, dir string, primary netip.AddrPort, catalog string, zones []string) (*server, error) {
	addr, err := process.FreeAddr("127.0.0.1")
	if err != nil {
		return nil, err
	}
	s := &server{program: p, addr: addr, dir: filepath.Join(dir, p.name)}
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return nil, err
	}
	config := filepath.Join(s.dir, "config")
	s.args = p.args(config)
	c := &configData{dir: s.dir, port: fmt.Sprint(addr.Port()), primary: primary, key: p.key(), catalog: catalog, zones: zones}
	return s, os.WriteFile(config, []byte(p.config(c)), 0o600)
}

// start starts it; it follows as soon as it can.
func (s *server) start(sp *process.Spawner) (err error) {
	s.proc, err = sp.Start(process.Command{Name: s.name, Path: s.tool, Args: s.args, Log: filepath.Join(s.dir, "log")})
	return err
}

// pause stops the server without ending it, or has it go on.
func (s *server) pause(yes bool) error {
	if yes {
		return s.proc.Pause()
	}
	return s.proc.Resume()
}
