package daemon

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"syscall"
)

// anyIPv6 is every address of a host that has IPv6.
var anyIPv6 = netip.IPv6Unspecified()

// hasIPv6 is false on a host whose kernel has IPv6 switched off.
func hasIPv6(ctx context.Context) bool {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp6", "[::]:0")
	if err == nil {
		_ = l.Close()
	}
	return !errors.Is(err, syscall.EAFNOSUPPORT) && !errors.Is(err, syscall.EADDRNOTAVAIL)
}

// listenable leaves [::] out of addresses on a host without IPv6, so that one
// configuration serves all hosts; but never all that there is.
func listenable(addrs []netip.AddrPort, ipv6 bool, log *slog.Logger) []netip.AddrPort {
	if ipv6 {
		return addrs
	}
	left := slices.DeleteFunc(slices.Clone(addrs), func(a netip.AddrPort) bool { return a.Addr() == anyIPv6 })
	if len(left) == 0 || len(left) == len(addrs) {
		return addrs
	}
	log.Warn("this host has no IPv6, answering over IPv4 only")
	return left
}

// listenHTTP opens the HTTP server's socket. [::] is every address of IPv4, too,
// and on a host without IPv6 these alone.
func listenHTTP(ctx context.Context, a netip.AddrPort, ipv6 bool) (net.Listener, error) {
	if a.Addr() == anyIPv6 && !ipv6 {
		a = netip.AddrPortFrom(netip.IPv4Unspecified(), a.Port())
	}
	return (&net.ListenConfig{}).Listen(ctx, "tcp", a.String())
}
