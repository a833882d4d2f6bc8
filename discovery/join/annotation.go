package join

import (
	"fmt"
	"log/slog"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
)

// Annotations of a Service that discovery reads.
const (
	AnnotationExport    = "fedns.io/export"
	AnnotationPolicy    = "fedns.io/policy"
	AnnotationWeight    = "fedns.io/weight"
	AnnotationTTL       = "fedns.io/ttl"
	AnnotationAddresses = "fedns.io/addresses"
)

// policies are the values fedns.io/policy may have.
var policies = []string{"Nearest", "All", "Weighted", "Failover"}

// maxWeight is what an SRV record can carry (RFC 2782).
const maxWeight = math.MaxUint16

// Warning says that an annotation's value cannot be used and was left out.
type Warning struct {
	Annotation string
	Value      string // as written, cut at 64 octets
	Want       string // what it should have been
}

// warn logs w for the operator of the cluster.
func (w Warning) warn(log *slog.Logger, id cluster.ID, key cluster.ServiceKey) {
	log.Warn("annotation value is ignored", "cluster", string(id), "service", key.String(),
		"annotation", w.Annotation, "value", w.Value, "want", w.Want)
}

// annotate sets s from a Service's annotations; what does not parse is left as
// if it were not there and told in s.Warnings.
func (s *Service) annotate(annotations map[string]string) {
	read := func(name string, parse func(string) error) {
		value, ok := annotations[name]
		if !ok {
			return
		}
		if err := parse(value); err != nil {
			s.Warnings = append(s.Warnings, Warning{Annotation: name, Value: strings.ToValidUTF8(value[:min(len(value), 64)], "?"), Want: strings.TrimPrefix(err.Error(), "want ")})
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
}

// ParseTTL reads a TTL in seconds: "30", or a Go duration of whole seconds,
// "1m30s". RFC 2181 §8 bounds it to 31 bits; 0 is not allowed, since the
// annotation is there to set one.
func ParseTTL(text string) (uint32, error) {
	want := fmt.Errorf("want 1 to %d seconds, or a duration of whole seconds such as 1m30s", math.MaxInt32)
	text = strings.TrimSpace(text)
	if n, err := strconv.ParseUint(text, 10, 64); err == nil {
		if n < 1 || n > math.MaxInt32 {
			return 0, want
		}
		return uint32(n), nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < time.Second || d%time.Second != 0 || d/time.Second > math.MaxInt32 {
		return 0, want
	}
	return uint32(d / time.Second), nil
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
		return addrs, fmt.Errorf("want comma-separated IP addresses of hosts; not usable: %s", strings.Join(bad, ", "))
	}
	if len(addrs) == 0 {
		return nil, fmt.Errorf("want comma-separated IP addresses of hosts")
	}
	return addrs, nil
}

// parseAddr reads an address that an A or AAAA record can carry to a host: no
// zone, not unspecified, not multicast. An IPv4-mapped address is IPv4.
func parseAddr(text string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(text)
	a = a.Unmap()
	if err != nil || a.Zone() != "" || a.IsUnspecified() || a.IsMulticast() {
		return netip.Addr{}, false
	}
	return a, true
}
