package config

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
)

// serving reads the sections that say how queries are answered.
func (r *reader) serving(name string, f value, s *Serving) {
	switch name {
	case "server":
		r.server(f, s)
	case "access":
		r.access(f, &s.Access)
	case "tsigKeys":
		for item := range r.items(f, "a list of paths") {
			s.Keys = append(s.Keys, r.file(item))
		}
	case "secondaries":
		for item := range r.items(f, "a list of secondaries") {
			s.Secondaries = append(s.Secondaries, r.secondary(item))
		}
	case "catalog":
		s.Catalog = r.domain(f)
	case "forward":
		r.forward(f, &s.Forward)
	case "dnssec":
		r.dnssec(f, &s.DNSSEC)
	case "dnstap":
		r.dnstap(f, &s.Dnstap)
	case "queryLog":
		for name, f := range r.fields(f) {
			if name == "sample" {
				s.QueryLog.Sample = r.number(f, 0, maxSample)
			}
		}
	}
}

func (r *reader) certificate(v value, c *Certificate) {
	for name, f := range r.fields(v) {
		switch name {
		case "file":
			c.File = r.file(f)
		case "key":
			c.Key = r.file(f)
		}
	}
	for _, name := range []string{"file", "key"} {
		if _, given := r.seen[below(v.path, name)]; !given {
			r.lack(v.path, name, "a path")
		}
	}
}

func (r *reader) server(v value, s *Serving) {
	for name, f := range r.fields(v) {
		switch name {
		case "id":
			s.ID = r.words(f)
		case "version":
			s.Version = r.words(f)
		case "cookies":
			for name, f := range r.fields(f) {
				switch name {
				case "enabled":
					s.Cookies.Enabled = r.truth(f)
				case "secrets":
					s.Cookies.Secrets = r.file(f)
				}
			}
		case "rateLimit":
			r.rateLimit(f, &s.RateLimit)
		}
	}
}

// words is text that is shown to clients.
func (r *reader) words(v value) string {
	const want = "text of at most 128 printable ASCII characters"
	text, ok := r.text(v, want)
	if ok && (len(text) > 128 || strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c > '~' })) {
		r.want(v, want)
	}
	return text
}

func (r *reader) rateLimit(v value, l *RateLimit) {
	for name, f := range r.fields(v) {
		switch name {
		case "responses":
			l.Responses = r.number(f, 0, 32767)
		case "negatives":
			l.Negatives = r.number(f, 1, 32767)
		case "errors":
			l.Errors = r.number(f, 1, 32767)
		case "slip":
			l.Slip = r.number(f, 0, 1000)
		case "exempt":
			l.Exempt = r.prefixes(f)
		}
	}
}

func (r *reader) access(v value, a *Access) {
	for name, f := range r.fields(v) {
		switch name {
		case "query":
			a.Query = r.prefixes(f)
		case "transfer":
			for item := range r.items(f, "a list of grants") {
				a.Transfer = append(a.Transfer, r.grant(item))
			}
		case "recurse":
			a.Recurse = r.prefixes(f)
		}
	}
}

func (r *reader) grant(v value) Grant {
	var g Grant
	for name, f := range r.fields(v) {
		switch name {
		case "from":
			g.From = r.prefixes(f)
		case "key":
			g.Key = r.domain(f).String()
		}
	}
	if m, ok := r.mappings[v.path]; ok && g.From == nil && g.Key == "" {
		r.fault(m, "empty, want from, key or both")
	}
	return g
}

func (r *reader) secondary(v value) Secondary {
	var s Secondary
	for name, f := range r.fields(v) {
		switch name {
		case "address":
			s.Address = r.resolver(f)
		case "key":
			s.Key = r.domain(f).String()
		}
	}
	if _, given := r.seen[below(v.path, "address")]; !given {
		r.lack(v.path, "address", "an address or address:port")
	}
	return s
}

func (r *reader) forward(v value, w *Forward) {
	for name, f := range r.fields(v) {
		switch name {
		case "to":
			for item := range r.items(f, "a list of resolvers") {
				w.To = append(w.To, r.upstream(item))
			}
			r.some(f, "one resolver")
		case "everything":
			w.Everything = r.truth(f)
		case "cacheSize":
			w.CacheSize = r.number(f, 1, 10_000_000)
		case "stale":
			w.Stale = time.Duration(r.seconds(f, staleTakes, 0, maxTTL)) * time.Second
		}
	}
	if _, given := r.seen[below(v.path, "to")]; !given {
		r.lack(v.path, "to", "a list of resolvers")
	}
}

func (r *reader) upstream(v value) Upstream {
	var u Upstream
	for name, f := range r.fields(v) {
		switch name {
		case "address":
			u.Address = r.resolver(f)
		case "tlsName":
			u.TLSName = strings.TrimSuffix(r.domain(f).String(), ".")
		}
	}
	switch _, given := r.seen[below(v.path, "address")]; {
	case !given:
		r.lack(v.path, "address", "an address or address:port")
	case u.TLSName != "" && u.Address.Port() == 53 && !strings.HasSuffix(r.seen[below(v.path, "address")].node.Value, ":53"):
		u.Address = netip.AddrPortFrom(u.Address.Addr(), 853)
	}
	return u
}

func (r *reader) dnssec(v value, d *DNSSEC) {
	for name, f := range r.fields(v) {
		switch name {
		case "keys":
			d.Keys = r.file(f)
		case "zones":
			for item := range r.items(f, "a list of zones") {
				zone := r.domain(item)
				if !zone.IsZero() && slices.Contains(d.Zones, zone) {
					r.want(item, "a zone that is not listed before")
				}
				d.Zones = append(d.Zones, zone)
			}
		case "generate":
			d.Generate = r.truth(f)
		}
	}
	for _, field := range [][2]string{{"keys", "the path of a folder"}, {"zones", "a list of zones"}} {
		if _, given := r.seen[below(v.path, field[0])]; !given {
			r.lack(v.path, field[0], field[1])
		}
	}
}

// maxSample is past one message a second of the busiest server.
const maxSample = 100_000_000

func (r *reader) dnstap(v value, d *Dnstap) {
	for name, f := range r.fields(v) {
		switch name {
		case "socket":
			d.Socket = r.file(f)
		case "file":
			d.File = r.file(f)
		case "sample":
			d.Sample = r.number(f, 1, maxSample)
		case "identity":
			d.Identity = r.words(f)
		case "queries":
			d.Queries = r.truth(f)
		}
	}
	_, socket := r.seen[below(v.path, "socket")]
	switch f, file := r.seen[below(v.path, "file")]; {
	case socket && file:
		r.fault(f, "second place to write to, want exactly one of socket, file")
	case !socket && !file:
		r.lack(v.path, "socket", "exactly one of socket, file")
	}
}

// checkServing: what the sections name has to be there.
func (r *reader) checkServing(c *Config) {
	secure := []struct {
		name  string
		addrs []netip.AddrPort
	}{{"tls", c.Listen.TLS}, {"https", c.Listen.HTTPS}, {"quic", c.Listen.QUIC}}
	for i, l := range secure {
		if f, given := r.seen["listen."+l.name]; given && len(l.addrs) > 0 && r.seen["listen.certificate"].node == nil {
			r.fault(f, "given without listen.certificate, want both")
		}
		taken := append(slices.Clone(c.Listen.DNS), c.Listen.HTTP)
		if l.name == "quic" {
			taken = c.Listen.DNS // UDP: TLS and HTTP have TCP
		} else if i > 0 {
			taken = append(taken, c.Listen.TLS...)
		}
		for j, a := range l.addrs {
			if a.IsValid() && slices.Contains(taken, a) {
				r.want(r.seen["listen."+l.name], fmt.Sprintf("addresses of its own: [%d] is listened on already", j))
			}
		}
	}
	served := c.ZoneNames()
	for i, z := range c.Serving.DNSSEC.Zones {
		if !z.IsZero() && !slices.Contains(served, z) {
			r.faultAt(r.seen["dnssec.zones"].node.Line, fmt.Sprintf("dnssec.zones[%d]", i), "got %s, want a zone that is served", z)
		}
	}
	if cat := c.Serving.Catalog; !cat.IsZero() && slices.Contains(served, cat) {
		r.want(r.seen["catalog"], "a name that no other zone has")
	}
	if f, given := r.seen["access.recurse"]; given && len(c.Serving.Forward.To) == 0 {
		r.fault(f, "given without forward, want both")
	}
}

// ZoneNames lists the apexes of the zones that are served, catalog left out.
func (c *Config) ZoneNames() []dnsname.Name {
	var names []dnsname.Name
	for _, n := range []dnsname.Name{c.Federation.Name, c.Federation.Domain, c.Federation.ClusterSet} {
		if !n.IsZero() {
			names = append(names, n)
		}
	}
	for _, z := range c.Zones {
		if !z.Name.IsZero() && !slices.Contains(names, z.Name) {
			names = append(names, z.Name)
		}
	}
	return names
}

// prefixes is a list of networks, never nil.
func (r *reader) prefixes(v value) []netip.Prefix {
	const want = "an address or a network such as 192.0.2.0/24 or 2001:db8::/32"
	all := []netip.Prefix{}
	for item := range r.items(v, "a list of networks") {
		text, ok := r.text(item, want)
		if !ok {
			continue
		}
		if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
			all = append(all, netip.PrefixFrom(a, a.BitLen()))
			continue
		}
		p, err := netip.ParsePrefix(text)
		switch {
		case err != nil:
			r.want(item, want)
		case p != p.Masked():
			r.want(item, "a network without bits set behind its length, such as "+p.Masked().String())
		default:
			all = append(all, p)
		}
	}
	return all
}

func (r *reader) number(v value, least, most int) int {
	want := fmt.Sprintf("a number from %d to %d", least, most)
	text, ok := r.text(v, want)
	if !ok {
		return least
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		r.want(v, want)
		return least
	}
	return n
}
