package join

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/fedns/fedns/discovery/cluster"
)

func TestParseTTL(t *testing.T) {
	for text, want := range map[string]uint32{
		"1": 1, "30": 30, " 30 ": 30, "604800": cluster.MaxTTL, "168h": cluster.MaxTTL, "1m30s": 90, "1h": 3600, "1000ms": 1,
		"0": 0, "-1": 0, "500ms": 0, "1.5s": 0, "": 0, "soon": 0, "0s": 0, "-5s": 0, "9999999h": 0,
	} {
		got, err := ParseTTL(text)
		if got != want || (err == nil) != (want != 0) {
			t.Errorf("ParseTTL(%q) = %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"604801", "168h0m1s", "2147483647", "2147483648", "99999999999999999999", "600000h"} {
		if got, err := ParseTTL(text); got != cluster.MaxTTL || err == nil {
			t.Errorf("ParseTTL(%q) = %d, %v; want it cut", text, got, err)
		}
	}
}

func TestParseWeight(t *testing.T) {
	for text, want := range map[string]uint32{"1": 1, "65535": 65535, "65536": 0, "0": 0, "-1": 0, "a": 0, "": 0} {
		got, err := ParseWeight(text)
		if got != want || (err == nil) != (want != 0) {
			t.Errorf("ParseWeight(%q) = %d, %v; want %d", text, got, err, want)
		}
	}
}

func FuzzAnnotations(f *testing.F) {
	for _, s := range []string{"30", "1m", "192.0.2.1, ::ffff:192.0.2.1", "fe80::1%eth0,0.0.0.0,224.0.0.1,127.0.0.1,::1,169.254.169.254,255.255.255.255,,", "Nearest", "true"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if ttl, err := ParseTTL(text); err == nil && (ttl < 1 || ttl > cluster.MaxTTL) {
			t.Errorf("TTL %d out of %q", ttl, text)
		}
		if w, err := ParseWeight(text); err == nil && (w < 1 || w > maxWeight) {
			t.Errorf("weight %d out of %q", w, text)
		}
		addrs, err := ParseAddresses(text)
		if err == nil && len(addrs) == 0 {
			t.Errorf("no address and no error out of %q", text)
		}
		if !slices.IsSortedFunc(addrs, netip.Addr.Compare) || len(slices.Compact(slices.Clone(addrs))) != len(addrs) {
			t.Errorf("not sorted and unique: %v", addrs)
		}
		for _, a := range addrs {
			if !cluster.Usable(a) {
				t.Errorf("%v is no host's address, out of %q", a, text)
			}
		}
		var s Service
		s.annotate("Service a/b", map[string]string{AnnotationExport: text, AnnotationPolicy: text, AnnotationTTL: text, AnnotationWeight: text, AnnotationAddresses: text})
		if n := len(s.misannotated.list); n < 3 { // a number is a TTL and a weight; nothing else is two of them
			t.Errorf("%q is right for %d of five annotations", text, 5-n)
		}
	})
}
