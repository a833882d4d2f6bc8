package dnsserver_test

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver"
)

// TestListenersCountForThemselves: each address, and over UDP each socket, has
// numbers of its own, which add up to the transport's.
func TestListenersCountForThemselves(t *testing.T) {
	s := dnsserver.New(dnsserver.Config{Readers: 2, Listen: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0"), netip.MustParseAddrPort("127.0.0.2:0")}})
	serve(t, s, txt("a", "1"))
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ask := func(network, owner string, addr netip.AddrPort) {
		t.Helper()
		if _, _, err := (&dns.Client{Net: network, Timeout: time.Minute}).Exchange(new(dns.Msg).SetQuestion(owner, dns.TypeTXT), addr.String()); err != nil {
			t.Fatal(err)
		}
	}
	for range 10 {
		ask("udp", "a.example.", s.Addrs()[0])
	}
	ask("udp", "b.example.", s.Addrs()[0])
	ask("udp", "b.other.", s.Addrs()[1])
	ask("tcp", "a.example.", s.Addrs()[1])
	type row struct {
		transport                string
		responses, good, refused uint64
	}
	var got []row
	for _, l := range s.Listeners() {
		got = append(got, row{l.Transport, l.Responses, l.Rcodes["NOERROR"], l.Rcodes["REFUSED"]})
		if udp := l.Transport == "udp"; udp != (l.KernelDrops != nil) || udp == (l.Accepted != nil) || udp && (len(l.Sockets) != 2 || l.Sockets[0]+l.Sockets[1] != l.Responses) {
			t.Errorf("got %+v", l)
		}
	}
	if want := []row{{"tcp", 0, 0, 0}, {"udp", 11, 10, 0}, {"tcp", 1, 1, 0}, {"udp", 1, 0, 1}}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
