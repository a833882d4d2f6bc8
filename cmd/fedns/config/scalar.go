package config

import (
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
)

// dnsLabel is the form that Kubernetes' names of clusters and namespaces have
// (RFC 1123 §2.1, lower case).
var dnsLabel = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)

// label is a DNS label in lower case; empty when it is none.
func (r *reader) label(v value) string {
	const want = "a DNS label: at most 63 of a-z, 0-9 and -, no - at either end"
	text, ok := r.text(v, want)
	if ok && !dnsLabel.MatchString(text) {
		r.want(v, want)
		return ""
	}
	return text
}

// domain is a domain name of DNS labels, final dot or not; zero when it is none.
func (r *reader) domain(v value) dnsname.Name {
	const want = "a domain name such as example.com"
	text, ok := r.text(v, want)
	if !ok {
		return dnsname.Name{}
	}
	folded := strings.ToLower(strings.TrimSuffix(text, "."))
	for label := range strings.SplitSeq(folded, ".") {
		// Reverse zones of less than an octet (RFC 2317) have names like 0/25.
		if !dnsLabel.MatchString(strings.ReplaceAll(label, "/", "0")) {
			r.want(v, want)
			return dnsname.Name{}
		}
	}
	n, err := dnsname.Parse(folded)
	if err != nil {
		r.want(v, want+", at most 255 octets long")
	}
	return n
}

// addrPort is an address and a port to listen on.
func (r *reader) addrPort(v value) netip.AddrPort {
	const want = "address:port, such as 127.0.0.1:5353 or [::1]:5353"
	text, ok := r.text(v, want)
	if !ok {
		return netip.AddrPort{}
	}
	return r.parseAddrPort(v, text, want)
}

func (r *reader) parseAddrPort(v value, text, want string) netip.AddrPort {
	a, err := netip.ParseAddrPort(text)
	if err != nil {
		r.want(v, want)
		return netip.AddrPort{}
	}
	if a.Port() == 0 {
		// The kernel would choose a port, and another for UDP than for TCP.
		r.want(v, "a port from 1 to 65535")
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// maxTTL is a week: RFC 8767 §4 has resolvers cap TTLs there.
const maxTTL = 7 * 24 * 3600

// ttl is a time to live in seconds. 0 is none: it would say "not set" in other
// places, and turn caching off.
func (r *reader) ttl(v value) uint32 { return r.seconds(v, ttlTakes, 1, maxTTL) }

// maxWait is a day: who waits longer has taken the cluster out of service.
const maxWait = 24 * 3600

// wait is for how long something is put off, or not at all.
func (r *reader) wait(v value) time.Duration {
	return time.Duration(r.seconds(v, waitTakes, 0, maxWait)) * time.Second
}

// seconds is a number of seconds, given as such or as a Go duration.
func (r *reader) seconds(v value, takes string, least, most uint32) uint32 {
	want := strings.ReplaceAll(takes, "`", "")
	text, ok := r.text(v, want)
	if !ok {
		return 0
	}
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		var d time.Duration
		d, err = time.ParseDuration(text)
		if d < 0 || d%time.Second != 0 {
			r.want(v, want)
			return 0
		}
		n = uint64(d / time.Second)
	}
	if err != nil || n < uint64(least) || n > uint64(most) {
		r.want(v, want)
		return 0
	}
	return uint32(n)
}

// share is a part of 1.
func (r *reader) share(v value) float64 {
	const want = "a number from 0 to 1"
	text, ok := r.text(v, want)
	if !ok {
		return 0
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || !(n >= 0 && n <= 1) { // NaN, too
		r.want(v, want)
		return 0
	}
	return n
}
