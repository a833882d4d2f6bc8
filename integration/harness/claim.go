package harness

import (
	"fmt"
	"net"
	"net/netip"
	"sync"
)

// A machine has one set of ports, of interface names and of addresses. Each
// fleet claims a number, and what it takes of them follows from the number:
//
//	ports       firstPort + 128·number …   (below the range that Linux gives clients)
//	interfaces  fedns<number>, fedns<number>p<pod>
//	namespaces  fedns-<number>-<cluster>-<pod>
//	network     198.18.<number>.0/24       (RFC 2544: for tests, routed nowhere)
//	files       $TMPDIR/fedns-<number>-*
//
// The claim is a listening socket on the number's first port: the kernel lets
// one process have it and takes it back when the process dies, however it dies.
const (
	firstPort     = 16000
	portsPerClaim = 128
	claims        = 128
)

// claim is a number of this fleet's own.
type claim struct {
	number int
	socket *net.TCPListener

	mu   sync.Mutex
	next int // offset of the first port that was not handed out
}

// newClaim takes the lowest number that nobody has, or the highest.
func newClaim(highest bool) (*claim, error) {
	for number := range claims {
		if highest {
			number = claims - 1 - number
		}
		address := &net.TCPAddr{IP: loopback, Port: firstPort + portsPerClaim*number}
		socket, err := net.ListenTCP("tcp4", address)
		if err == nil {
			return &claim{number: number, socket: socket, next: 1}, nil
		}
	}
	return nil, fmt.Errorf("all %d fleets that fit on this machine are taken", claims)
}

var loopback = net.IPv4(127, 0, 0, 1)

// port returns a port on 127.0.0.1 that nobody listens on, for UDP nor TCP, and
// that no fleet will hand out again while this one lives.
func (c *claim) port() (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.next < portsPerClaim {
		port := firstPort + portsPerClaim*c.number + c.next
		c.next++
		if free(port) {
			return port, nil
		}
	}
	return 0, fmt.Errorf("fleet %d has used up its %d ports", c.number, portsPerClaim)
}

func free(port int) bool {
	stream, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: loopback, Port: port})
	if err != nil {
		return false
	}
	defer stream.Close()
	packets, err := net.ListenUDP("udp4", &net.UDPAddr{IP: loopback, Port: port})
	if err != nil {
		return false
	}
	return packets.Close() == nil
}

// gateway is the address of this host on the fleet's network.
func (c *claim) gateway() netip.Addr { return c.address(1) }

// address is a host of the fleet's network.
func (c *claim) address(host int) netip.Addr {
	return netip.AddrFrom4([4]byte{198, 18, byte(c.number), byte(host)})
}
