package route53

import (
	"strings"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/providers/hosted"
)

// AliasFor is the alias for a load balancer's hostname: Route 53 answers with the
// addresses of the target itself, at the apex too, and asks no other name. It is
// false for names that are not Amazon's, or of a region that is not known here;
// those get a CNAME. The target's health is evaluated where it can be.
func AliasFor(hostname dnsname.Name) (hosted.Alias, bool) {
	suffix, rest := hostname, 0
	for ; !suffix.IsZero() && suffix != dnsname.Root; suffix, rest = suffix.Parent(), rest+1 {
		id, ok := canonicalZones[strings.TrimSuffix(suffix.String(), ".")]
		if ok && rest > 0 {
			return hosted.Alias{Target: hostname, ZoneID: id, Evaluate: id != zoneCloudFront}, true
		}
	}
	return hosted.Alias{}, false
}

// loadBalancers are the hosted zones of load balancers in a region: Classic and
// Application ones are <name>.<region>.elb.amazonaws.com, Network ones
// <name>.elb.<region>.amazonaws.com.
type loadBalancers struct{ region, application, network string }

// byName spreads the tables to one map of suffixes.
func byName() map[string]string {
	zones := map[string]string{
		"cloudfront.net":           zoneCloudFront,
		"awsglobalaccelerator.com": zoneGlobalAccelerator,
	}
	for _, r := range regions {
		amazon := "amazonaws.com"
		if strings.HasPrefix(r.region, "cn-") {
			amazon = "amazonaws.com.cn"
		}
		zones[r.region+".elb."+amazon] = r.application
		zones["elb."+r.region+"."+amazon] = r.network
	}
	for region, id := range endpoints {
		zones[region+".vpce.amazonaws.com"] = id
	}
	return zones
}

var canonicalZones = byName()
