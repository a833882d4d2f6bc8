package main

import (
	"fmt"
	"path/filepath"
	"strings"
)

// site is what a server's configuration is made of.
type site struct {
	dir              string // the server's own; its configuration is the file config in it
	zone             string // zone file, below dir/zones, named as the zone
	port, http       string // on 127.0.0.1
	tls, https       string // likewise; empty where they are not wanted
	certificate, key string // files, where those are given
	signed           bool   // whether the server is to sign the zone
}

// program is how a server is configured and started, so that it uses one core
// and does nothing but answer: no limits of rate, no logs of queries, no
// notifies. Everything else is as its package has it.
type program struct {
	name, tool string
	install    string // how to get it
	// slow ones take part in few measurements, for the sake of time.
	slow   bool
	signs  bool // can be told to sign its zone itself
	config func(s site) string
	args   func(s site) []string
}

const (
	nameEcho  = "echo"
	nameFedns = "fedns"
)

var fednsProgram = program{
	name: nameFedns, signs: true,
	config: func(s site) string {
		secure := ""
		if s.tls != "" {
			secure = fmt.Sprintf("  tls: [\"127.0.0.1:%s\"]\n  https: [\"127.0.0.1:%s\"]\n  certificate: {file: %q, key: %q}\n",
				s.tls, s.https, s.certificate, s.key)
		}
		if s.signed {
			secure += fmt.Sprintf("dnssec: {keys: %q, zones: [%s], generate: true}\n", filepath.Join(s.dir, "state"), apex)
		}
		return fmt.Sprintf(`apiVersion: fedns.io/v1alpha1
kind: Config
listen:
  dns: ["127.0.0.1:%s"]
  http: "127.0.0.1:%s"
%szones:
- name: %s
  files: [%q]
`, s.port, s.http, secure, strings.TrimSuffix(apex, "."), s.zone)
	},
	args: func(s site) []string { return []string{"serve", "--config", filepath.Join(s.dir, "config")} },
}

// peers in the order of the table.
var peers = []program{gdnsd, nsd, knot, bind, powerDNS, coreDNS}

var gdnsd = program{
	name: "gdnsd", tool: "gdnsd", install: "apt-get install gdnsd",
	config: func(s site) string {
		return fmt.Sprintf("options => { listen => 127.0.0.1:%s, udp_threads => 1, tcp_threads => 1, run_dir => %q, state_dir => %q }\n",
			s.port, filepath.Join(s.dir, "run"), filepath.Join(s.dir, "state"))
	},
	args: func(s site) []string { return []string{"-c", s.dir, "start"} },
}

var nsd = program{
	name: "nsd", tool: "nsd", install: "apt-get install nsd",
	config: func(s site) string {
		return fmt.Sprintf(`server:
	ip-address: 127.0.0.1@%s
	server-count: 1
	rrl-ratelimit: 0 # the package's 200 a second would be measured otherwise
	rrl-whitelist-ratelimit: 0
	database: ""
	username: ""
	chroot: ""
	pidfile: ""
	zonesdir: %q
	xfrdir: %q
	xfrdfile: ""
	zonelistfile: %q
remote-control:
	control-enable: no
zone:
	name: %s
	zonefile: %q
`, s.port, s.dir, s.dir, filepath.Join(s.dir, "list"), apex, s.zone)
	},
	args: func(s site) []string { return []string{"-d", "-c", filepath.Join(s.dir, "config")} },
}

var knot = program{
	name: "knotd", tool: "knotd", signs: true, install: "apt-get install knot",
	config: func(s site) string {
		return fmt.Sprintf(`server:
    listen: 127.0.0.1@%s
    rundir: %q
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: %q
log:
  - target: stderr
    any: warning
zone:
  - domain: %s
    file: %q
    zonefile-sync: -1
    journal-content: none
    dnssec-signing: %v
`, s.port, s.dir, s.dir, apex, s.zone, s.signed)
	},
	args: func(s site) []string { return []string{"-c", filepath.Join(s.dir, "config")} },
}

var bind = program{
	name: "named", tool: "named", signs: true, install: "apt-get install bind9",
	config: func(s site) string {
		sign := ""
		if s.signed {
			// Signed in large steps: the usual ones, of ten, take minutes.
			sign = "dnssec-policy default; inline-signing yes; sig-signing-nodes 20000; sig-signing-signatures 20000;"
		}
		return fmt.Sprintf(`options {
	directory %q; pid-file none; session-keyfile none;
	listen-on port %s { 127.0.0.1; }; listen-on-v6 { none; };
	recursion no; minimal-responses yes; notify no; querylog no; dnssec-validation no;
};
controls { };
zone %q { type primary; file %q; check-names ignore; %s };
`, s.dir, s.port, apex, s.zone, sign)
	},
	args: func(s site) []string { return []string{"-f", "-n", "1", "-c", filepath.Join(s.dir, "config")} },
}

var powerDNS = program{
	name: "pdns_server", tool: "pdns_server", slow: true, install: "apt-get install pdns-server pdns-backend-bind",
	config: func(s site) string {
		return fmt.Sprintf("zone %q { type master; file %q; };\n", strings.TrimSuffix(apex, "."), s.zone)
	},
	args: func(s site) []string {
		return []string{"--no-config", "--launch=bind", "--bind-config=" + filepath.Join(s.dir, "config"), "--socket-dir=" + s.dir,
			"--local-address=127.0.0.1:" + s.port, "--receiver-threads=1", "--distributor-threads=1",
			"--daemon=no", "--guardian=no", "--setuid=", "--setgid=", "--security-poll-suffix="}
	},
}

var coreDNS = program{
	name: "coredns", slow: true, install: "go run ./bench -coredns, which builds it (3 minutes, once)",
	config: func(s site) string {
		return fmt.Sprintf("%s:%s {\n    bind 127.0.0.1\n    file %s\n}\n", strings.TrimSuffix(apex, "."), s.port, s.zone)
	},
	args: func(s site) []string { return []string{"-conf", filepath.Join(s.dir, "config")} },
}
