package join

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
)

// TestRecord: what is packed comes back as it was, and takes little.
func TestRecord(t *testing.T) {
	key := cluster.ServiceKey{Namespace: "shop", Name: "cart"}
	a, b := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("fd00::1")
	full := Service{
		Key: key, created: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), typ: cluster.LoadBalancer,
		external: true, optIn: true, optOut: true, publishNotReady: true,
		clusterIPs: []netip.Addr{a, b}, ingress: []cluster.Ingress{{Addr: a}, {Hostname: "lb.example.net"}},
		ports: []cluster.Port{{Name: "dns", Protocol: "udp", Number: 53}, {Protocol: "sctp", Number: 65535}},
		ttl:   cluster.MaxTTL, weight: 1<<32 - 1, policy: "Nearest", addresses: []netip.Addr{b},
		hosts: []string{"a.example.com", "b.example.com"}, alias: "basket", withoutEndpoints: true,
		findings: findings{[]string{"one", strings.Repeat("x", 300)}, true}, misannotated: findings{[]string{"two"}, false},
	}
	plain := Service{Key: key, created: time.Unix(1, 0).UTC(), clusterIPs: []netip.Addr{a}, ports: []cluster.Port{{Name: "http", Protocol: "tcp", Number: 80}}}
	for name, s := range map[string]Service{"nothing": {Key: key}, "full": full, "plain": plain} {
		r := recordOf(&s)
		if got := r.service(key, strings.Clone); !reflect.DeepEqual(got, s) {
			t.Errorf("%s:\n got %+v\nwant %+v", name, got, s)
		}
		if cap(r) > len(r)+16 {
			t.Errorf("%s: %d octets are in %d", name, len(r), cap(r))
		}
		if r.flag(recordMisannotated) != (name == "full") {
			t.Errorf("%s: flags %b", name, r[0])
		}
	}
	if n := len(recordOf(&plain)); n > 48 {
		t.Errorf("a plain Service takes %d octets", n)
	}
}

// TestEveryFieldIsRecorded: whoever adds a field to Service has to add it to the
// record, and to TestRecord.
func TestEveryFieldIsRecorded(t *testing.T) {
	if n := reflect.TypeFor[Service]().NumField(); n != 19 {
		t.Errorf("Service has %d fields; are all in record?", n)
	}
}
