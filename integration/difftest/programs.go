package difftest

import (
	"fmt"
	"strings"
)

// The peers are set to answer as fedns does where they let us choose: answers
// of 1232 octets over UDP, minimal, no cookies, nothing limited, checks off that
// would keep a zone from being served that DNS allows.

var bind = program{
	name: "BIND", tool: "named", pkg: "bind9",
	args: func(config string) []string { return []string{"-f", "-n", "1", "-c", config} },
	config: func(c *configData) string {
		return fmt.Sprintf(`
options {
	directory %q;
	pid-file none; session-keyfile none; managed-keys-directory %q;
	listen-on port %s { 127.0.0.1; }; listen-on-v6 { none; };
	recursion no; allow-query { any; }; allow-transfer { none; };
	minimal-responses yes; minimal-any yes; rrset-order { order none; };
	notify no; empty-zones-enable no; zero-no-soa-ttl no; dnssec-validation no;
	edns-udp-size 1232; max-udp-size 1232; nocookie-udp-size 1232; answer-cookie no;
	check-names primary ignore; check-integrity no; check-mx ignore; check-wildcard no;
	max-records-per-type 0; max-types-per-name 0;
	version none; hostname none; server-id none;
	tcp-idle-timeout 300; tcp-keepalive-timeout 300; tcp-clients 100;
};
controls { };
logging { channel errors { stderr; severity warning; }; category default { errors; }; };
view in IN {
%s};
// In the place of the built-in view, which limits the rate of answers.
view ch CHAOS { allow-query { none; }; };
`, c.dir, c.dir, c.port, c.lines(func(apex, file string) string {
			return fmt.Sprintf("zone %q { type primary; file %q; };\n", apex, file)
		}))
	},
}

var knot = program{
	name: "Knot", tool: "knotd", pkg: "knot",
	args: func(config string) []string { return []string{"-c", config} },
	config: func(c *configData) string {
		return fmt.Sprintf(`
server:
    rundir: %q
    listen: 127.0.0.1@%s
    udp-max-payload: 1232
    answer-rotation: off
    tcp-idle-timeout: 300
    udp-workers: 1
    tcp-workers: 1
    background-workers: 2
database:
    storage: %q
log:
  - target: stderr
    any: warning
template:
  - id: default
    storage: %q
    zonefile-sync: -1
    zonefile-load: whole
    journal-content: none
    semantic-checks: off
zone:
%s`, c.dir, c.port, c.dir, c.dir, c.lines(func(apex, file string) string {
			return fmt.Sprintf("  - domain: %q\n    file: %q\n", apex, file)
		}))
	},
}

var nsd = program{
	name: "NSD", tool: "nsd", pkg: "nsd",
	args: func(config string) []string { return []string{"-d", "-c", config} },
	config: func(c *configData) string {
		return fmt.Sprintf(`
server:
	server-count: 1
	ip-address: 127.0.0.1@%s
	do-ip6: no
	username: ""
	chroot: ""
	zonesdir: %q
	database: ""
	pidfile: ""
	zonelistfile: %q
	xfrdfile: ""
	xfrdir: %q
	hide-version: yes
	identity: ""
	minimal-responses: yes
	refuse-any: no
	round-robin: no
	rrl-ratelimit: 0
	rrl-whitelist-ratelimit: 0
	ipv4-edns-size: 1232
	tcp-count: 100
	tcp-timeout: 300
	zonefiles-check: no
remote-control:
	control-enable: no
%s`, c.port, c.dir, c.dir+"/zone.list", c.dir, c.lines(func(apex, file string) string {
			return fmt.Sprintf("zone:\n\tname: %q\n\tzonefile: %q\n", apex, file)
		}))
	},
}

// fedns has its tool filled in once it is built.
var fedns = program{
	name: "fedns",
	args: func(config string) []string { return []string{"serve", "--config", config} },
	config: func(c *configData) string {
		return fmt.Sprintf(`apiVersion: fedns.io/v1alpha1
kind: Config
listen:
  dns: ["127.0.0.1:%s"]
  http: "127.0.0.1:%s"
zones:
%s`, c.port, c.http, c.lines(func(apex, file string) string {
			return fmt.Sprintf("- name: %q\n  files: [%q]\n", strings.TrimSuffix(apex, "."), file)
		}))
	},
}

var peers = []program{bind, knot, nsd}
