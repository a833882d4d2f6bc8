package config

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fedns/fedns/discovery/probe"
)

// maxProbes bounds a cluster's targets: each is a goroutine, and a connection
// every few seconds.
const maxProbes = 16

// host is the cluster through which replicas agree.
func (r *reader) host(v value, h *Host) {
	for name, f := range r.fields(v) {
		switch name {
		case "kubeconfig":
			h.Kubeconfig = r.file(f)
		case "context":
			h.Context, _ = r.text(f, "the name of a context")
		case "allowExec":
			h.AllowExec = r.truth(f)
		case "inCluster":
			h.InCluster = r.truth(f)
		case "namespace":
			h.Namespace = r.label(f)
		}
	}
}

// probes are a cluster's targets, none twice; with template those of any cluster
// of an inventory, which may have placeholders.
func (r *reader) probes(v value, template bool) []probe.Target {
	var all []probe.Target
	for item := range r.items(v, "a list of probes") {
		t := r.probe(item, template)
		if t.Address != "" && slices.Contains(all, t) {
			r.fault(item, "got %s, want a probe that is not listed before", t)
		}
		if all = append(all, t); len(all) == maxProbes+1 {
			r.fault(item, "one too many, want at most %d probes", maxProbes)
		}
	}
	return all
}

// probe is one target: exactly one of its three ways.
func (r *reader) probe(v value, template bool) probe.Target {
	var t probe.Target
	ways := 0
	for name, f := range r.fields(v) {
		switch name {
		case "tcp", "http", "https":
			if ways++; ways == 2 {
				r.fault(f, "second way to probe, want exactly one of tcp, http, https")
			}
			t.Kind, t.Address = probe.Kind(name), r.target(probe.Kind(name), f, template)
		case "serverName":
			t.ServerName = strings.TrimSuffix(r.domain(f).String(), ".")
		case "caFile":
			t.CAFile = r.file(f)
		case "insecure":
			t.Insecure = r.truth(f)
		}
	}
	if ways == 0 {
		r.lack(v.path, "tcp", "exactly one of tcp, http, https")
	}
	for _, name := range []string{"serverName", "caFile", "insecure"} {
		if f, given := r.seen[below(v.path, name)]; given && ways == 1 && t.Kind != probe.HTTPS {
			r.fault(f, "got %s without https, want both", describe(f.node))
		}
	}
	return t
}

// target is what is probed; empty when it is none.
func (r *reader) target(kind probe.Kind, v value, template bool) string {
	want := map[probe.Kind]string{
		probe.TCP:   "host:port, such as 10.1.0.1:443 or [2001:db8::1]:443",
		probe.HTTP:  "a URL such as http://10.1.0.2/healthz",
		probe.HTTPS: "a URL such as https://gw.eu-1.example.com/healthz",
	}[kind]
	sample := map[string]string{}
	if template {
		for _, name := range probe.Placeholders() {
			sample[name] = "a"
		}
		want += ", in which {cluster}, {region} and {server} may stand"
	}
	text, ok := r.text(v, want)
	if !ok {
		return ""
	}
	if _, err := (probe.Target{Kind: kind, Address: text}).Fill(sample); err != nil {
		r.want(v, want)
		return ""
	}
	return text
}

// pace is how a cluster's targets are probed.
func (r *reader) pace(v value, p *probe.Pace) {
	for name, f := range r.fields(v) {
		switch name {
		case "interval":
			p.Interval = r.between(f, intervalTakes, 500*time.Millisecond, time.Hour)
		case "timeout":
			p.Timeout = r.between(f, timeoutTakes, 50*time.Millisecond, time.Minute)
		case "failures":
			p.Failures = r.number(f, 1, maxTries)
		case "successes":
			p.Successes = r.number(f, 1, maxTries)
		}
	}
}

// maxTries in a row; who wants more wants a longer interval.
const maxTries = 100

// between is a duration, given in seconds or as Go writes it, parts of a second too.
func (r *reader) between(v value, takes string, least, most time.Duration) time.Duration {
	want := strings.ReplaceAll(takes, "`", "")
	text, ok := r.text(v, want)
	if !ok {
		return 0
	}
	d, err := time.ParseDuration(text)
	if n, bare := strconv.ParseUint(text, 10, 16); bare == nil {
		d, err = time.Duration(n)*time.Second, nil
	}
	if err != nil || d < least || d > most {
		r.want(v, want)
		return 0
	}
	return d
}

const (
	intervalTakes = "a duration from `500ms` to `1h`, or seconds"
	timeoutTakes  = "a duration from `50ms` to `1m`, or seconds"
)
