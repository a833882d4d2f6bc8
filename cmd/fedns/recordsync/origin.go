package recordsync

import (
	"slices"

	"github.com/fedns/fedns/cmd/fedns/config"
	"github.com/fedns/fedns/discovery"
	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/providers"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/plan"
)

// Discovery is what is asked where records come from. It is discovery's Engine.
type Discovery interface {
	Origin(owner dnsname.Name) (discovery.Origin, bool)
}

// origins tells of which Service and clusters a name is, and whether a provider is
// to have it.
func origins(p config.Provider, from Discovery, limits hosted.Limits) func(dnsname.Name) (providers.Origin, bool) {
	return func(owner dnsname.Name) (providers.Origin, bool) {
		if !named(p, owner) {
			return providers.Origin{}, false
		}
		o, ok := from.Origin(owner)
		level := config.LevelOther
		if ok {
			level = string(o.Level)
		}
		if len(p.Levels) > 0 && !slices.Contains(p.Levels, level) {
			return providers.Origin{}, false
		}
		if !ok {
			return providers.Origin{Object: "static"}, true
		}
		object := "Service/" + o.Service.Namespace + "/" + o.Service.Name
		if o.Service.IsHost() {
			object = "Host/" + o.Service.Name
		}
		out := providers.Origin{Object: object, Routing: routing(o.Policy, limits)}
		for _, s := range o.Shards {
			out.Shards = append(out.Shards, plan.Shard{
				Cluster: string(s.Cluster), Object: object, Region: s.Region, Weight: uint16(min(s.Weight, 65535)),
				Addrs: s.Addresses, Hostnames: s.Hostnames,
			})
		}
		return out, true
	}
}

// named says that an owner name is among those that a provider is to have.
func named(p config.Provider, owner dnsname.Name) bool {
	under := func(n dnsname.Name) bool { return owner.Under(n) }
	return (len(p.Names) == 0 || slices.ContainsFunc(p.Names, under)) && !slices.ContainsFunc(p.Except, under)
}

// routing is the provider's policy for a Service's fedns.io/policy; nil: the
// provider's default.
func routing(policy string, limits hosted.Limits) *hosted.Policy {
	for _, p := range map[string][]hosted.Policy{
		"All": {hosted.PolicySimple}, "Weighted": {hosted.PolicyWeighted}, "Failover": {hosted.PolicyFailover},
		"Nearest": {hosted.PolicyLatency, hosted.PolicyGeo},
	}[policy] {
		if limits.Has(p) {
			return &p
		}
	}
	return nil
}
