package secondary

import (
	"fmt"
	"strings"
)

// Each program is set up as its manual's example of a secondary is, but for
// paths and ports: what makes it follow fast is to be fedns's doing. Answers are
// minimal, and BIND leaves the TTL of the SOA in them as it is.

var bind = program{
	name: "BIND", tool: "named", pkg: "bind9", catalogs: true,
	args: func(config string) []string { return []string{"-f", "-n", "1", "-c", config} },
	config: func(c *configData) string {
		return c.expand(`
key KEY { algorithm hmac-sha256; secret "SECRET"; };
options {
	directory "DIR";
	pid-file none; session-keyfile none; managed-keys-directory "DIR";
	listen-on port PORT { 127.0.0.1; }; listen-on-v6 { none; };
	recursion no; allow-query { any; }; allow-transfer { none; }; notify no;
	allow-notify { key KEY; };
	minimal-responses yes; zero-no-soa-ttl no; empty-zones-enable no; dnssec-validation no;
	catalog-zones {
		zone "CATALOG" default-primaries { PRIMARY port PRIMPORT key KEY; } zone-directory "DIR" min-update-interval 1;
	};
};
controls { };
logging { channel all { stderr; severity info; print-category yes; print-severity yes; print-time yes; }; category default { all; }; };
zone "CATALOG" { type secondary; file "catalog"; primaries { PRIMARY port PRIMPORT key KEY; }; };
`)
	},
}

var knot = program{
	name: "Knot", tool: "knotd", pkg: "knot", catalogs: true,
	args: func(config string) []string { return []string{"-c", config} },
	config: func(c *configData) string {
		return c.expand(`
server:
    rundir: "DIR"
    listen: 127.0.0.1@PORT
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: "DIR"
log:
  - target: stderr
    any: info
key:
  - id: KEY
    algorithm: hmac-sha256
    secret: SECRET
remote:
  - id: primary
    address: PRIMARY@PRIMPORT
    key: KEY
acl:
  - id: notify
    key: KEY
    action: notify
template:
  - id: default
    storage: "DIR"
  - id: member
    storage: "DIR"
    master: primary
    acl: notify
zone:
  - domain: CATALOG
    master: primary
    acl: notify
    catalog-role: interpret
    catalog-template: member
`)
	},
}

var nsd = program{
	name: "NSD", tool: "nsd", pkg: "nsd",
	args: func(config string) []string { return []string{"-d", "-c", config} },
	config: func(c *configData) string {
		var b strings.Builder
		b.WriteString(c.expand(`
server:
	server-count: 1
	ip-address: 127.0.0.1@PORT
	do-ip6: no
	username: ""
	chroot: ""
	zonesdir: "DIR"
	database: ""
	pidfile: ""
	zonelistfile: "DIR/zone.list"
	xfrdfile: "DIR/xfrd.state"
	xfrdir: "DIR"
	minimal-responses: yes
	rrl-ratelimit: 0
	verbosity: 1
remote-control:
	control-enable: no
key:
	name: "KEY"
	algorithm: hmac-sha256
	secret: "SECRET"
`))
		for _, z := range append([]string{c.catalog}, c.zones...) {
			fmt.Fprintf(&b, c.expand("zone:\n\tname: %q\n\tzonefile: %q\n\tallow-notify: 127.0.0.0/8 KEY\n\trequest-xfr: PRIMARY@PRIMPORT KEY\n"), z, z+"zone")
		}
		return b.String()
	},
}

var programs = []program{bind, knot, nsd}
