package route53

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
)

// protocolForeign is the Protocol of a health check that is none of fedns's kinds,
// or does not check what its Set holds. Path is its identifier.
const protocolForeign = "route53"

// content is what distinguishes a health check from another.
func content(h types.HealthCheckConfig) string {
	children := slices.Sorted(slices.Values(h.ChildHealthChecks))
	return fmt.Sprintf("%s %s %d %s %s %d %d %t %t %t %d %s %q %d", h.Type, aws.ToString(h.IPAddress), aws.ToInt32(h.Port),
		aws.ToString(h.ResourcePath), aws.ToString(h.FullyQualifiedDomainName), aws.ToInt32(h.RequestInterval),
		aws.ToInt32(h.FailureThreshold), aws.ToBool(h.EnableSNI), aws.ToBool(h.Inverted), aws.ToBool(h.Disabled),
		aws.ToInt32(h.HealthThreshold), aws.ToString(h.SearchString), h.Regions, len(children)) + strings.Join(children, " ")
}

// leaves are the health checks that a Set's Health stands for: one for each
// address, or one for the name that a CNAME or an alias leads to.
func leaves(h hosted.Health, s hosted.Set) ([]types.HealthCheckConfig, error) {
	base := types.HealthCheckConfig{
		Type: types.HealthCheckType(h.Protocol), Port: aws.Int32(int32(h.Port)),
		RequestInterval: aws.Int32(int32(h.Interval)), FailureThreshold: aws.Int32(int32(h.Threshold)),
		EnableSNI: aws.Bool(h.Protocol == "HTTPS"),
	}
	if h.Protocol != "TCP" {
		base.ResourcePath, base.FullyQualifiedDomainName = optional(h.Path), optional(h.Host)
	}
	target := ""
	switch {
	case s.Alias.IsSet():
		target = s.Alias.Target.String()
	case s.Records.Type == zone.TypeCNAME:
		target, _ = rdataText(zone.TypeCNAME, s.Records.First())
	case s.Records.Type != zone.TypeA && s.Records.Type != zone.TypeAAAA:
		return nil, errors.New("only addresses and names that lead to some can be checked for health")
	}
	if target != "" {
		target = strings.TrimSuffix(target, ".")
		if h.Host != "" && h.Host != target {
			return nil, fmt.Errorf("a health check of the name %s cannot ask for host %s", target, h.Host)
		}
		base.FullyQualifiedDomainName = &target
		return []types.HealthCheckConfig{base}, nil
	}
	var all []types.HealthCheckConfig
	for d := range s.Records.RDATA() {
		a, ok := netip.AddrFromSlice([]byte(d))
		if !ok {
			return nil, errors.New("there is no address to check for health")
		}
		one := base
		one.IPAddress = aws.String(a.String())
		all = append(all, one)
	}
	return all, nil
}

// several is the health check of a Set with several addresses: it works while one
// of them does, as an answer that holds all of them does.
func several(children []string) types.HealthCheckConfig {
	return types.HealthCheckConfig{Type: types.HealthCheckTypeCalculated, HealthThreshold: aws.Int32(1), ChildHealthChecks: children}
}

// read turns a health check back into the Health that it was made of, if it is
// exactly that. c.mu is held.
func (c *checks) read(s hosted.Set, id string) hosted.Health {
	foreign := hosted.Health{Protocol: protocolForeign, Path: id}
	h := c.byID[id].HealthCheckConfig
	if h == nil {
		return foreign
	}
	parts := []types.HealthCheckConfig{*h}
	if h.Type == types.HealthCheckTypeCalculated {
		if content(*h) != content(several(h.ChildHealthChecks)) {
			return foreign
		}
		parts = nil
		for _, child := range h.ChildHealthChecks {
			p := c.byID[child].HealthCheckConfig
			if p == nil {
				return foreign
			}
			parts = append(parts, *p)
		}
	}
	if len(parts) == 0 {
		return foreign
	}
	p := parts[0]
	was := hosted.Health{
		Protocol: string(p.Type), Port: uint16(aws.ToInt32(p.Port)), Path: aws.ToString(p.ResourcePath),
		Interval: uint16(aws.ToInt32(p.RequestInterval)), Threshold: uint8(aws.ToInt32(p.FailureThreshold)),
	}
	// Whether the host was asked for or is the name that is checked cannot be told
	// when they are the same; then it was not asked for.
	if p.IPAddress != nil {
		was.Host = aws.ToString(p.FullyQualifiedDomainName)
	}
	want, err := leaves(was, s)
	if err != nil || !sameContent(want, parts) {
		return foreign
	}
	return was
}

func sameContent(a, b []types.HealthCheckConfig) bool {
	list := func(all []types.HealthCheckConfig) []string {
		var keys []string
		for _, h := range all {
			keys = append(keys, content(h))
		}
		slices.Sort(keys)
		return keys
	}
	return slices.Equal(list(a), list(b))
}
