package recordsync

import (
	"context"
	"fmt"

	"github.com/fedns/fedns/cmd/fedns/config"
	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/providers/ownership"
)

// Check reaches the hosted zone of a provider: it makes what the daemon would, reads one
// record, the fence, and writes nothing. It says who wrote last, or what is wrong, in the
// provider's words; ctx sets the deadline.
func Check(ctx context.Context, p config.Provider, apex dnsname.Name) (string, error) {
	o, _, err := prepare(p, apex, accounts{})
	if err != nil {
		return "", err
	}
	fence, err := ownership.FenceKey(p.Owner, apex)
	if err != nil {
		return "", err
	}
	found, err := o.zone.Read(ctx, fence)
	if err != nil {
		return "", err
	}
	for _, e := range found {
		f, err := ownership.ParseFence(e)
		if err != nil && e.Key == fence {
			return "", fmt.Errorf("%w; nothing is written until it is deleted", err)
		}
		if e.Key == fence {
			return fmt.Sprintf("can be read; %s wrote last of the owner %s, generation %d", f.Holder, p.Owner, f.Generation), nil
		}
	}
	return fmt.Sprintf("can be read; the owner %s has written nothing there yet", p.Owner), nil
}
