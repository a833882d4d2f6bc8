package cluster

import (
	"net/netip"
	"strings"
	"testing"
)

func TestUsable(t *testing.T) {
	for text, want := range map[string]bool{
		"10.0.0.1 172.16.0.1 192.168.1.1 100.64.0.1 192.0.2.1 198.51.100.7 203.0.113.9 8.8.8.8 126.255.255.255 128.0.0.0 169.253.255.255 169.255.0.0 223.255.255.255 1.0.0.0": true,
		"2001:db8::1 fd00::1 fec0::1 2001:4860:4860::8888 64:ff9b::10.0.0.1 ::2 fe7f::1":                                                                                      true,
		"0.0.0.0 0.1.2.3 240.0.0.1 255.255.255.254 127.0.0.0 127.0.0.1 127.255.255.255 169.254.0.0 169.254.169.254 169.254.255.255 224.0.0.1 239.255.255.255 255.255.255.255": false,
		":: ::1 fe80::1 febf::1 fe80::1%eth0 fd00::1%eth0 ff02::1 ff0e::1 ::ffff:10.0.0.1 ::ffff:127.0.0.1 ::ffff:0.0.0.0":                                                    false,
	} {
		for field := range strings.FieldsSeq(text) {
			if got := Usable(netip.MustParseAddr(field)); got != want {
				t.Errorf("Usable(%s) = %t", field, got)
			}
		}
	}
	if Usable(netip.Addr{}) {
		t.Error("no address is usable")
	}
}
