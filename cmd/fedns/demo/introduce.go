package demo

import (
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"
)

// questions are those that Introduce shows, by path.
var questions = []struct{ name, typ, text string }{
	{"web.shop.prod", "A", "the short name: what a pod types"},
	{"web.shop.prod", "AAAA", ""},
	{"_http._tcp.web.shop.prod", "SRV", ""},
	{"web.shop.prod.svc.example.com", "A", "the federation's ladder: anywhere"},
	{"web.shop.prod.svc.eu-west.example.com", "AAAA", "  a region"},
	{"web.shop.prod.svc.eu-west-1a.eu-west.example.com", "A", "  a zone"},
	{"_http._tcp.web.shop.prod.svc.example.com", "SRV", ""},
	{"web.shop.prod.svc.us-east.example.com", "A", "  a region without the Service falls back"},
	{"web.shop.svc.clusterset.local", "A", "the ClusterSet name of the MCS API"},
	{"web.shop.svc.clusterset.local", "AAAA", ""},
	{"_http._tcp.web.shop.svc.clusterset.local", "SRV", ""},
	{"db.shop.svc.clusterset.local", "A", "a headless Service"},
	{"db-0.eu-1.db.shop.svc.clusterset.local", "A", "  one of its endpoints"},
	{"1.1.111.10.in-addr.arpa", "PTR", "  and back"},
	{"www.example.com", "A", "a record from a zone file"},
}

// plain is what a shell takes as it stands.
var plain = regexp.MustCompile(`^[-+=@%:,./_A-Za-z0-9]+$`)

// Quote is a word that a shell takes as one.
func Quote(word string) string {
	if plain.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// Introduce prints what runs and what it can be asked, ready to paste. The
// daemon answers DNS at dns and HTTP at http, both host:port; where says what
// the clusters are and how to change something in them, in whole lines.
func Introduce(w io.Writer, dns, http, where string) {
	host, port, err := net.SplitHostPort(dns)
	if err != nil {
		host, port = dns, "53" // as dig would take it
	}
	fmt.Fprintf(w, "Three member clusters are up: eu-1 and eu-2 in eu-west, us-1 in us-east.\n%s\nWhat it answers, ready to paste:\n", where)
	for _, q := range questions {
		line := fmt.Sprintf("  dig @%s -p %s %s %s", host, port, q.name, q.typ)
		if q.text != "" {
			line = fmt.Sprintf("%-82s # %s", line, q.text)
		}
		fmt.Fprintln(w, line)
	}
	fmt.Fprintf(w, `
What it knows:
  curl http://%[1]s/api/v1/clusters
  curl http://%[1]s/api/v1/services
  curl http://%[1]s/api/v1/zones
  curl http://%[1]s/metrics
`, http)
}
