package updates

import "strings"

// Each program is set up as its manual's example of dynamic updates is: one key
// may write and transfer, another may transfer alone. Knot knows SECONDARY as who
// is to be told.

var bind = program{
	name: "BIND", tool: "named", pkg: "bind9",
	args: func(config string) []string { return []string{"-f", "-n", "1", "-c", config} },
	config: func(dir, _, port, secondary string) string {
		follow := "type primary; file \"zone\"; allow-update { key WRITER; }; allow-transfer { key WRITER; key READER; };"
		if primary, ok := strings.CutPrefix(secondary, "of "); ok {
			follow = "type secondary; file \"copy\"; primaries { 127.0.0.1 port " + primary + " key READER; }; allow-notify { 127.0.0.1; };"
		} else if secondary != "" {
			follow += " notify explicit; also-notify { 127.0.0.1 port " + secondary + "; };"
		}
		return strings.NewReplacer("DIR", dir, "PORT", port, "FOLLOW", follow).Replace(`
key WRITER { algorithm hmac-sha256; secret "SECRET"; };
key READER { algorithm hmac-sha256; secret "SECRET"; };
options {
	directory "DIR";
	pid-file none; session-keyfile none; managed-keys-directory "DIR";
	listen-on port PORT { 127.0.0.1; }; listen-on-v6 { none; };
	recursion no; allow-query { any; }; notify no; notify-delay 0;
	empty-zones-enable no; dnssec-validation no;
};
controls { };
logging { channel all { stderr; severity info; print-category yes; print-severity yes; print-time yes; }; category default { all; }; };
zone "` + apex + `" { FOLLOW };
`)
	},
}

// bindTLS answers by TLS alone, with the certificate in its folder.
var bindTLS = program{
	name: "BIND with TLS", tool: bind.tool, pkg: bind.pkg, args: bind.args,
	config: func(dir, addr, port, secondary string) string {
		return strings.ReplaceAll(bind.config(dir, addr, port, secondary), "listen-on port "+port+" {", "listen-on port "+port+" tls own {") + `
tls own { cert-file "` + dir + `/cert"; key-file "` + dir + `/key"; };
`
	},
}

// bindPolicy lets the writer change all but the names at and below private.
var bindPolicy = program{
	name: "BIND with update-policy", tool: bind.tool, pkg: bind.pkg, args: bind.args,
	config: func(dir, addr, port, secondary string) string {
		return strings.ReplaceAll(bind.config(dir, addr, port, secondary), "allow-update { key WRITER; };",
			"update-policy { deny WRITER subdomain private."+apex+"; grant WRITER zonesub ANY; };")
	},
}

// lenient has BIND take what it refuses or changes by default in an update, and
// others take: TestChecks tells of these.
func lenient(p program) program {
	config := p.config
	p.config = func(dir, addr, port, secondary string) string {
		return strings.Replace(config(dir, addr, port, secondary), "options {", "options {\n\tcheck-names primary ignore; check-integrity no;", 1)
	}
	return p
}

// bindSigned signs the zone by itself. Its policy's max-zone-ttl would cut TTLs to
// a day, in silence.
var bindSigned = program{
	name: "BIND that signs", tool: bind.tool, pkg: bind.pkg, args: bind.args,
	config: func(dir, addr, port, secondary string) string {
		return strings.ReplaceAll(bind.config(dir, addr, port, secondary), `file "zone";`,
			`file "zone"; dnssec-policy quick; key-directory "`+dir+`"; inline-signing no;`) + `
dnssec-policy quick { keys { csk lifetime unlimited algorithm ecdsap256sha256; }; max-zone-ttl 0; };
`
	},
}

var knot = program{
	name: "Knot", tool: "knotd", pkg: "knot",
	args: func(config string) []string { return []string{"-c", config} },
	config: func(dir, _, port, secondary string) string {
		remote, notify := "", ""
		if secondary != "" {
			remote = "remote:\n  - id: secondary\n    address: 127.0.0.1@" + secondary + "\n"
			notify = "    notify: secondary\n"
		}
		return strings.NewReplacer("DIR", dir, "PORT", port, "REMOTE", remote, "NOTIFY", notify).Replace(`
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
  - id: WRITER
    algorithm: hmac-sha256
    secret: SECRET
  - id: READER
    algorithm: hmac-sha256
    secret: SECRET
REMOTEacl:
  - id: write
    key: WRITER
    action: [update, transfer]
  - id: read
    key: READER
    action: transfer
zone:
  - domain: ` + apex + `
    storage: "DIR"
    file: zone
    acl: [write, read]
NOTIFY`)
	},
}

// knotOwners lets the writer change names below open alone.
var knotOwners = program{
	name: "Knot with update-owner", tool: knot.tool, pkg: knot.pkg, args: knot.args,
	config: func(dir, addr, port, secondary string) string {
		return strings.ReplaceAll(knot.config(dir, addr, port, secondary), "action: [update, transfer]",
			"action: [update, transfer]\n    update-owner: name\n    update-owner-match: sub-or-equal\n    update-owner-name: [open."+apex+"]")
	},
}

// knotSigned signs the zone by itself.
var knotSigned = program{
	name: "Knot that signs", tool: knot.tool, pkg: knot.pkg, args: knot.args,
	config: func(dir, addr, port, secondary string) string {
		return knot.config(dir, addr, port, secondary) + "    dnssec-signing: on\n"
	},
}
