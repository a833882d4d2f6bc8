package join

import (
	"math"
	"net/netip"
	"slices"
	"testing"
)

func TestParseTTL(t *testing.T) {
	for text, want := range map[string]uint32{
		"1": 1, "30": 30, " 30 ": 30, "2147483647": math.MaxInt32, "1m30s": 90, "1h": 3600, "1000ms": 1,
		"0": 0, "-1": 0, "2147483648": 0, "99999999999999999999": 0, "500ms": 0, "1.5s": 0, "": 0, "soon": 0, "0s": 0, "-5s": 0, "600000h": 0,
	} {
		got, err := ParseTTL(text)
		if got != want || (err == nil) != (want != 0) {
			t.Errorf("ParseTTL(%q) = %d, %v; want %d", text, got, err, want)
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
	for _, s := range []string{"30", "1m", "192.0.2.1, ::ffff:192.0.2.1", "fe80::1%eth0,0.0.0.0,224.0.0.1,,", "Nearest", "true"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if ttl, err := ParseTTL(text); err == nil && (ttl < 1 || ttl > math.MaxInt32) {
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
			if a.Is4In6() || a.Zone() != "" || a.IsUnspecified() || a.IsMulticast() {
				t.Errorf("%v is no host's address, out of %q", a, text)
			}
		}
		var s Service
		s.annotate(map[string]string{AnnotationExport: text, AnnotationPolicy: text, AnnotationTTL: text, AnnotationWeight: text, AnnotationAddresses: text})
		if len(s.Warnings) < 3 { // a number is a TTL and a weight; nothing else is two of them
			t.Errorf("%q is right for %d of five annotations", text, 5-len(s.Warnings))
		}
	})
}
