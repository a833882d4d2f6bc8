package forward_test

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/forward"
)

// TestDeadAndSilent: an upstream with nobody there costs nothing, a silent one the hedge delay.
func TestDeadAndSilent(t *testing.T) {
	good := serve(t, says(right))
	closed := closedPort(t)
	for what, c := range map[string]struct {
		first netip.AddrPort
		atMost,
		atLeast time.Duration
	}{
		"nobody there": {closed, 350 * time.Millisecond, 0},
		"silent":       {dead(t), 950 * time.Millisecond, 400 * time.Millisecond},
	} {
		t.Run(what, func(t *testing.T) {
			r := run(t, forward.Config{Upstreams: to(c.first, good.addr), Hedge: 400 * time.Millisecond})
			begin := time.Now()
			got := get(t, r, "www.test.", dns.TypeA)
			if took := time.Since(begin); got != "NOERROR; www.test. A 192.0.2.1" || took > c.atMost || took < c.atLeast {
				t.Errorf("%s after %v", got, took)
			}
			begin = time.Now()
			get(t, r, "other.test.", dns.TypeA)
			if took := time.Since(begin); took > 350*time.Millisecond {
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
