package join

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
)

// Annotations of a Service that discovery reads. An Ingress has Hosts, too, and what
// says where hosts are has all up to Addresses.
const (
	AnnotationExport           = "fedns.io/export"
	AnnotationPolicy           = "fedns.io/policy"
	AnnotationWeight           = "fedns.io/weight"
	AnnotationTTL              = "fedns.io/ttl"
	AnnotationAddresses        = "fedns.io/addresses"
	AnnotationHosts            = "fedns.io/hosts"
	AnnotationAlias            = "fedns.io/alias"
	AnnotationWithoutEndpoints = "fedns.io/without-endpoints"
)

// maxHosts bounds how many hosts one object may ask for by annotation.
const maxHosts = 64

// policies are the values fedns.io/policy may have.
var policies = []string{"Nearest", "All", "Weighted", "Failover"}

// maxWeight is what an SRV record can carry (RFC 2782).
const maxWeight = math.MaxUint16

// usable is what an address has to be, in findings.
const usable = "an address that other hosts can reach"

// annotate sets s from a Service's annotations, or those of object that says where
// a host is; what does not parse is left as if it were not there and told in
// s.misannotated.
func (s *Service) annotate(object string, annotations map[string]string) {
	read := func(name string, parse func(string) error) {
		value, ok := annotations[name]
		if !ok {
			return
		}
		if err := parse(value); err != nil {
			s.misannotated.add(object, "metadata.annotations["+name+"]", strings.TrimPrefix(err.Error(), "want "), value)
		}
	}
	read(AnnotationExport, func(v string) error {
		s.optIn, s.optOut = v == "true", v == "false"
		if !s.optIn && !s.optOut {
			return fmt.Errorf(`want "true" or "false"`)
		}
		return nil
	})
	read(AnnotationPolicy, func(v string) error {
		if !slices.Contains(policies, v) {
			return fmt.Errorf("want one of %s", strings.Join(policies, ", "))
		}
		s.policy = strings.Clone(v)
		return nil
	})
	read(AnnotationTTL, func(v string) (err error) { s.ttl, err = ParseTTL(v); return err })
	read(AnnotationWeight, func(v string) (err error) { s.weight, err = ParseWeight(v); return err })
	read(AnnotationAddresses, func(v string) (err error) { s.addresses, err = ParseAddresses(v); return err })
	read(AnnotationHosts, func(v string) (err error) { s.hosts, err = parseHosts(v); return err })
	read(AnnotationAlias, func(v string) error {
		if !cluster.IsLabel(v) {
			return fmt.Errorf("want a name that a Service could have")
		}
		s.alias = strings.Clone(v)
		return nil
	})
	read(AnnotationWithoutEndpoints, func(v string) error {
		s.withoutEndpoints = v == "true"
		if v != "true" && v != "false" {
			return fmt.Errorf(`want "true" or "false"`)
		}
		return nil
	})
}

// parseHosts reads comma-separated hosts; the result is sorted and unique. Whether
// each is a domain name is for who makes records of it to say.
func parseHosts(text string) (hosts []string, err error) {
	for field := range strings.SplitSeq(text, ",") {
		if host := hostname(strings.TrimSpace(field)); host != "" {
			hosts = append(hosts, host)
		}
	}
	slices.Sort(hosts)
	if hosts = slices.Compact(hosts); len(hosts) > maxHosts {
		return hosts[:maxHosts], fmt.Errorf("want at most %d hosts, the first of which count", maxHosts)
	}
	if len(hosts) == 0 {
		return nil, fmt.Errorf("want comma-separated domain names")
	}
	return hosts, nil
}

// ParseTTL reads a TTL in seconds: "30", or a Go duration of whole seconds,
// "1m30s"; 0 is not allowed, since the annotation is there to set one. One that
// is longer than a week is a week, and an error beside it: what a resolver once
// took in for years nobody gets out again.
func ParseTTL(text string) (uint32, error) {
	want := fmt.Errorf("want 1 to %d seconds, or a duration of whole seconds such as 1m30s", cluster.MaxTTL)
	long := fmt.Errorf("want at most %d seconds, which it is cut to", cluster.MaxTTL)
	text = strings.TrimSpace(text)
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		d, err := time.ParseDuration(text)
		if err != nil || d < time.Second || d%time.Second != 0 {
			return 0, want
		}
		n = uint64(d / time.Second)
	}
	switch {
	case n < 1:
		return 0, want
	case n > cluster.MaxTTL:
		return cluster.MaxTTL, long
	}
	return uint32(n), nil
}

// ParseWeight reads a weight, 1 to 65535.
func ParseWeight(text string) (uint32, error) {
	n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 32)
	if err != nil || n < 1 || n > maxWeight {
		return 0, fmt.Errorf("want a whole number from 1 to %d", maxWeight)
	}
	return uint32(n), nil
}

// ParseAddresses reads comma-separated IP addresses; the result is sorted and
// unique. With an error the addresses that did parse are returned beside it: a
// typing error in one must not cost the others.
func ParseAddresses(text string) ([]netip.Addr, error) {
	var addrs []netip.Addr
	var bad []string
	for field := range strings.SplitSeq(text, ",") {
		field = strings.TrimSpace(field)
		if field == "" {
			continue
		}
		a, ok := parseAddr(field)
		if !ok {
			bad = append(bad, strconv.Quote(field[:min(len(field), 64)]))
			continue
		}
		addrs = append(addrs, a)
	}
	slices.SortFunc(addrs, netip.Addr.Compare)
	addrs = slices.Compact(addrs)
	if len(bad) > 0 {
		more := ""
		if n := len(bad) - maxFindings; n > 0 {
			bad, more = bad[:maxFindings], fmt.Sprintf(" and %d more", n)
		}
		return addrs, fmt.Errorf("want comma-separated addresses that other hosts can reach; not usable: %s%s", strings.Join(bad, ", "), more)
	}
	if len(addrs) == 0 {
		return nil, fmt.Errorf("want comma-separated addresses that other hosts can reach")
	}
	return addrs, nil
}

// parseAddr reads an address that a record can hold and a client be sent to.
func parseAddr(text string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(text)
	return a, err == nil && cluster.Usable(a)
}
