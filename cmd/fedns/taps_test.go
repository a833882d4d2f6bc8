package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	dnstap "github.com/dnstap/golang-dnstap"
	"github.com/miekg/dns"
	"google.golang.org/protobuf/proto"
)

// TestTaps: dnstap and the query log begin and end with the configuration, and
// what is written is what was asked.
func TestTaps(t *testing.T) {
	const rest = "federation: {name: prod}\nclusters: [{name: a, manifests: a}]\nserver: {id: ns1}\n"
	dir, err := os.MkdirTemp("", "fedns") // a socket's path may be 107 octets long only
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "s")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := serveDaemon(t, rest, map[string]string{"a/web.yaml": webManifest})
	s.answers("web.shop.prod.", dns.TypeA, "NOERROR 10.0.0.1")
	if _, metrics := s.get("/metrics"); strings.Contains(metrics, "fedns_dns_tap") || strings.Contains(s.log.String(), "msg=query") {
		t.Error("it is tapped though nobody asked for it")
	}
	s.config(rest + "dnstap: {socket: " + path + ", queries: true}\nqueryLog: {sample: 1}\n")
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	in, err := dnstap.NewReader(conn, &dnstap.ReaderOptions{Bidirectional: true})
	if err != nil {
		t.Fatal(err)
	}
	s.await("a query is logged", func() string {
		s.answers("web.shop.prod.", dns.TypeAAAA, "NOERROR")
		if !strings.Contains(s.log.String(), `transport=udp name=web.shop.prod. type=AAAA flags=rd rcode=NOERROR`) {
			return "it is not"
		}
		return ""
	})
	buf := make([]byte, dnstap.MaxPayloadSize)
	n, err := in.ReadFrame(buf)
	if err != nil {
		t.Fatal(err)
	}
	var d dnstap.Dnstap
	var query, response dns.Msg
	if err := proto.Unmarshal(buf[:n], &d); err != nil {
		t.Fatal(err)
	}
	m := d.Message
	if query.Unpack(m.QueryMessage) != nil || response.Unpack(m.ResponseMessage) != nil || query.Id != response.Id ||
		string(d.Identity) != "ns1" || !strings.HasPrefix(string(d.Version), "fedns ") || net.IP(m.ResponseAddress).String() != "127.0.0.1" || m.GetResponsePort() == 0 {
		t.Errorf("got %v", &d)
	}
	s.await("it is measured", func() string {
		if _, metrics := s.get("/metrics"); !strings.Contains(metrics, `fedns_dns_tap_dropped_total{tap="dnstap"} 0`) || !strings.Contains(metrics, `fedns_dns_tap_written_total{tap="querylog"} `) {
			return metrics
		}
		return ""
	})
	s.config(rest)
	for err == nil { // until the daemon says that it ends
		_, err = in.ReadFrame(buf)
	}
	s.answers("web.shop.prod.", dns.TypeA, "NOERROR 10.0.0.1")
	s.await("nothing is tapped", func() string { // the stream ends before all of the configuration is applied
		if _, metrics := s.get("/metrics"); strings.Contains(metrics, "fedns_dns_tap") {
			return metrics
		}
		return ""
	})
}
