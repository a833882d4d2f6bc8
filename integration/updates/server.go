package updates

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"github.com/fedns/fedns/integration/harness/process"
)

// The keys that servers know, by what they may do; "stranger" is unknown to all.
const (
	writer   = "writer.updates.test."
	reader   = "reader.updates.test."
	stranger = "stranger.updates.test."
	secret   = "dXBkYXRlcyBoYXZlIG5vIHNlY3JldHMgaGVyZSwgbm9uZSE="
)

// apex is the zone that is written to.
const apex = "hosted.test."

// program is a name server that takes updates.
type program struct {
	name, tool, pkg string
	config          func(dir, addr, port, secondary string) string
	args            func(config string) []string
}

// server is one that runs.
type server struct {
	*program
	addr netip.AddrPort
	dir  string
	proc *process.Process
}

// zoneText is the zone as it begins. A long refresh: who follows was told by NOTIFY.
const zoneText = `$TTL 300
@ SOA ns.example.net. hostmaster.example.net. 1 7200 7200 1209600 60
@ NS ns.example.net.
`

// start writes the configuration and files, by name, and starts the server.
func start(sp *process.Spawner, p *program, dir, secondary string, files map[string][]byte) (*server, error) {
	addr, err := process.FreeAddr("127.0.0.1")
	if err != nil {
		return nil, err
	}
	s := &server{program: p, addr: addr, dir: filepath.Join(dir, p.name)}
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return nil, err
	}
	config := filepath.Join(s.dir, "config")
	text := p.config(s.dir, addr.Addr().String(), fmt.Sprint(addr.Port()), secondary)
	for _, key := range []string{writer, reader} {
		text = strings.ReplaceAll(text, strings.ToUpper(strings.SplitN(key, ".", 2)[0]), key)
	}
	if err := os.WriteFile(config, []byte(strings.ReplaceAll(text, "SECRET", secret)), 0o600); err != nil {
		return nil, err
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(s.dir, name), text, 0o600); err != nil {
			return nil, err
		}
	}
	if err := os.WriteFile(filepath.Join(s.dir, "zone"), []byte(zoneText), 0o600); err != nil {
		return nil, err
	}
	s.proc, err = sp.Start(process.Command{Name: s.name, Path: s.tool, Args: p.args(config), Log: filepath.Join(s.dir, "log")})
	return s, err
}

// keyFile writes a key as tsig-keygen does.
func keyFile(dir, name string) (string, error) {
	file := filepath.Join(dir, name+"key")
	return file, os.WriteFile(file, fmt.Appendf(nil, "key %q {\n\talgorithm hmac-sha256;\n\tsecret %q;\n};\n", name, secret), 0o600)
}
