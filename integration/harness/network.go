package harness

import (
	"context"
	"fmt"
	"net/netip"
	"os/exec"
)

// The fleet's network is a bridge in this host's own namespace. Pods hang on it
// by a pair of interfaces each; the host's end of it carries the gateway's
// address and one for every CoreDNS.
//
//	pod eu-1/web  eth0 10.101.128.1 ──┐
//	                                  ├─ bridge fedns0 ── 198.18.0.1    this host, fedns
//	pod us-1/web  eth0 10.102.128.2 ──┘                   198.18.0.101  CoreDNS of eu-1, port 53
//	                                                      198.18.0.102  CoreDNS of us-1, port 53

// bridge is the name of the fleet's bridge.
func (f *Fleet) bridge() string { return fmt.Sprintf("fedns%d", f.claim.number) }

// startNetwork makes the bridge. The janitor removes it.
func (f *Fleet) startNetwork(ctx context.Context) error {
	return ip(ctx,
		// A bridge without an address of its own takes the lowest of its ports', so
		// one more pod may change it, and the others go on sending to the old one
		// until their neighbour tables have aged.
		[]string{"link", "add", f.bridge(), "address", fmt.Sprintf("02:fe:d0:00:00:%02x", f.claim.number), "type", "bridge"},
		[]string{"address", "add", netip.PrefixFrom(f.claim.gateway(), 24).String(), "dev", f.bridge()},
		[]string{"link", "set", f.bridge(), "up"},
	)
}

// addAddress gives this host one more address on the fleet's network.
func (f *Fleet) addAddress(ctx context.Context, a netip.Addr) error {
	return ip(ctx, []string{"address", "replace", a.String() + "/32", "dev", f.bridge()})
}

// ip runs the ip command with each of these argument lists, until one fails.
func ip(ctx context.Context, commands ...[]string) error {
	for _, args := range commands {
		if _, err := output(exec.CommandContext(ctx, "ip", args...)); err != nil {
			return err
		}
	}
	return nil
}
