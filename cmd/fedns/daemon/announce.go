package daemon

import (
	"k8s.io/client-go/rest"

	"github.com/fedns/fedns/cmd/fedns/config"
	"github.com/fedns/fedns/discovery"
	"github.com/fedns/fedns/discovery/announce"
)

// announce has what the operator should hear of written as Events into the host
// cluster; nil: there is none.
func (d *Daemon) announce(cfg *config.Config) func(discovery.Notice) {
	if !cfg.Host.Configured() {
		return nil
	}
	d.announcer = announce.New(announce.Config{
		Connect:   func() (*rest.Config, error) { return hostAccess(cfg.Host) },
		Namespace: cfg.Host.Namespace, Replica: identity(cfg.Replica), Log: d.log,
	})
	return func(n discovery.Notice) {
		d.announcer.Tell(announce.Notice{Warning: n.Warning, Reason: n.Reason, Message: n.Message})
	}
}
