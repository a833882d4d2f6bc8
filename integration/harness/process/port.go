package process

import (
	"errors"
	"net"
	"net/netip"
)

// FreeAddr is an address of an IP of this machine whose port nobody has, for UDP nor
// TCP. Somebody may take it until the child does.
func FreeAddr(ip string) (netip.AddrPort, error) {
	for range 50 {
		l, err := net.Listen("tcp", net.JoinHostPort(ip, "0"))
		if err != nil {
			return netip.AddrPort{}, err
		}
		addr := l.Addr().String()
		u, err := net.ListenPacket("udp", addr)
		l.Close()
		if err != nil {
			continue
		}
		u.Close()
		return netip.ParseAddrPort(addr)
	}
	return netip.AddrPort{}, errors.New("no port is free for both UDP and TCP")
}
