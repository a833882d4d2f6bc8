package join

import (
	"cmp"
	"strings"

	"github.com/fedns/fedns/discovery/cluster"
)

// comparePorts orders ports by name, protocol, number.
func comparePorts(a, b cluster.Port) int {
	return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Protocol, b.Protocol), cmp.Compare(a.Number, b.Number))
}

// compareIngress puts addresses before hostnames.
func compareIngress(a, b cluster.Ingress) int {
	return cmp.Or(strings.Compare(a.Hostname, b.Hostname), a.Addr.Compare(b.Addr))
}

// compareEndpoints orders by address; of one address the endpoint that should
// win comes first: ready before serving before the rest, and one that has a
// hostname before one that has none. Ports are not compared.
func compareEndpoints(a, b cluster.Endpoint) int {
	if c := a.Addr.Compare(b.Addr); c != 0 { // nearly always, and the rest takes ten times as long
		return c
	}
	return cmp.Or(
		trueFirst(a.Ready, b.Ready),
		trueFirst(a.Serving, b.Serving),
		trueFirst(b.Terminating, a.Terminating),
		trueFirst(a.Hostname != "", b.Hostname != ""),
		strings.Compare(a.Hostname, b.Hostname),
		trueFirst(a.Zone != "", b.Zone != ""),
		strings.Compare(a.Zone, b.Zone),
	)
}

func trueFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}
