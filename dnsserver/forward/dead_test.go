package forward_test

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/forward"
)

// TestDeadAndSilent: an upstream with nobody there costs nothing, a silent one the hedge
// delay, once.
func TestDeadAndSilent(t *testing.T) {
	const hedge = 3 * time.Second // a busy machine is not as late as that
	good := serve(t, says(right))
	for what, c := range map[string]struct {
		first netip.AddrPort
		costs bool // the hedge delay
	}{
		"nobody there": {closedPort(t), false},
		"silent":       {dead(t), true},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			r := run(t, forward.Config{Upstreams: to(c.first, good.addr), Hedge: hedge, Timeout: 10 * time.Second})
			begin := time.Now()
			got := get(t, r, "www.test.", dns.TypeA)
			if took := time.Since(begin); got != "NOERROR; www.test. A 192.0.2.1" || (took >= hedge) != c.costs {
				t.Errorf("%s after %v", got, took)
			}
			begin = time.Now()
			get(t, r, "other.test.", dns.TypeA)
			if took := time.Since(begin); took >= hedge {
				t.Errorf("%v, with an upstream known to be dead", took)
			}
		})
	}
}

func closedPort(t *testing.T) netip.AddrPort {
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer pc.Close()
	return netip.MustParseAddrPort(pc.LocalAddr().String())
}
