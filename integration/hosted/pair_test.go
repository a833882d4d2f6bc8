package hosted

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fedns/fedns/integration/harness"
	"github.com/fedns/fedns/providers"
)

// Each endpoint of these headless Services has a name of its own. They all change at
// once, and take several UPDATEs. BIND takes 100 records of a name and type unless it
// is told otherwise (max-records-per-type).
const (
	services = 8
	each     = 60
	many     = services * each
)

// leaseName is the Lease of whoever writes to providers.
const leaseName = "fedns-providers"

// busy is the zone that their names are in.
const busy = "clusterset.local."

// pair are two daemons that write to one BIND, and agree in host who does.
type pair struct {
	*testing.T
	host      *harness.Cluster
	namespace string
	bind      *bind
	fedns     map[string]*harness.Daemon // by replica
}

func newPair(t *testing.T, f *harness.Fleet, namespace string) *pair {
	t.Helper()
	p := &pair{T: t, host: f.Cluster("host"), namespace: namespace, bind: hosting(t), fedns: map[string]*harness.Daemon{}}
	must(t, p.host.Apply(t.Context(), "apiVersion: v1\nkind: Namespace\nmetadata: {name: "+namespace+"}\n"))
	p.endpoints(1)
	for i := range services {
		must(t, p.host.Apply(t.Context(), fmt.Sprintf(`{apiVersion: v1, kind: Service, metadata: {name: s%d, namespace: %s, annotations: {fedns.io/export: "true"}},
			spec: {clusterIP: None, ports: [{name: http, port: 80}]}}`, i, namespace)))
	}
	for _, replica := range []string{"one", "two"} {
		// Two UPDATEs a second: what is written at once takes long enough to be caught at it.
		p.fedns[namespace+replica] = daemon(t, f, configuration(f, fmt.Sprintf("replica: %s\nhost: {kubeconfig: %s, namespace: %s}\n", namespace+replica, p.host.Kubeconfig, namespace)+
			toBIND(p.bind, fmt.Sprintf("  names: [%s.svc.clusterset.local]\n  rates: [{action: UPDATE, burst: 1, perSecond: 2}]\n", namespace)), "host"))
	}
	return p
}

// address is an endpoint's in a generation.
func address(generation, service, endpoint int) string {
	return fmt.Sprintf("10.%d.%d.%d", generation, service, endpoint+1)
}

// endpoints gives a headless Service so many, each with a hostname, by an EndpointSlice.
func endpoints(ctx context.Context, c *harness.Cluster, namespace, service string, n int, address func(int) string) error {
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Name: service, Namespace: namespace, Labels: map[string]string{discoveryv1.LabelServiceName: service}},
		AddressType: discoveryv1.AddressTypeIPv4, Ports: []discoveryv1.EndpointPort{{Name: new("http"), Port: new(int32(80))}},
	}
	for e := range n {
		slice.Endpoints = append(slice.Endpoints, discoveryv1.Endpoint{
			Addresses: []string{address(e)}, Hostname: new(fmt.Sprint("e", e)), Conditions: discoveryv1.EndpointConditions{Ready: new(true)},
		})
	}
	client := c.Client().DiscoveryV1().EndpointSlices(namespace)
	_, err := client.Update(ctx, slice, metav1.UpdateOptions{})
	if apierrors.IsNotFound(err) {
		_, err = client.Create(ctx, slice, metav1.CreateOptions{})
	}
	return err
}

// endpoints gives all Services addresses of a generation.
func (p *pair) endpoints(generation int) {
	p.Helper()
	for s := range services {
		must(p.T, endpoints(p.Context(), p.host, p.namespace, fmt.Sprint("s", s), each, func(e int) string { return address(generation, s, e) }))
	}
}

// holder is the replica whom the Lease names.
func (p *pair) holder(ctx context.Context) (string, error) {
	lease, err := p.host.Client().CoordinationV1().Leases(p.namespace).Get(ctx, leaseName, metav1.GetOptions{})
	if err != nil {
		return "", err
	}
	if lease.Spec.HolderIdentity == nil {
		return "", nil
	}
	return *lease.Spec.HolderIdentity, nil
}

// serial is BIND's of the busy zone.
func (p *pair) serial() uint32 {
	p.Helper()
	_, serial, err := holds(p.Context(), p.bind.addr, busy, true)
	must(p.T, err)
	return serial
}

// written waits until so many UPDATEs came after a serial.
func (p *pair) written(since uint32, n uint32) {
	p.Helper()
	harness.Eventually(p, 60*time.Second, func(ctx context.Context) error {
		_, serial, err := holds(ctx, p.bind.addr, busy, true)
		if err == nil && serial-since < n {
			err = fmt.Errorf("%d UPDATEs came, want %d", serial-since, n)
		}
		return err
	})
}

// follows waits until a replica other than the one holds the Lease.
func (p *pair) follows(other string) (next string) {
	p.Helper()
	harness.Eventually(p, 40*time.Second, func(ctx context.Context) (err error) {
		if next, err = p.holder(ctx); err == nil && (next == "" || next == other) {
			err = fmt.Errorf("%q holds the Lease", next)
		}
		return err
	})
	return next
}

// settles waits until BIND has, at the names that are written, what a daemon answers
// of a generation, and all its strangers, and the daemon has nothing to do.
func (p *pair) settles(replica string, generation int) {
	p.Helper()
	d := p.fedns[replica]
	fedns, err := netip.ParseAddrPort(d.DNSAddr)
	must(p.T, err)
	harness.Eventually(p, 60*time.Second, func(ctx context.Context) error {
		for _, apex := range apexes {
			want, err := foreign(apex)
			if err != nil {
				return err
			}
			if apex == busy {
				if err := p.generation(ctx, fedns, generation, want); err != nil {
					return err
				}
			}
			got, _, err := holds(ctx, p.bind.addr, apex, true)
			if err != nil {
				return err
			}
			maps.DeleteFunc(got, func(q question, _ []string) bool { return q.registry() })
			if diff := difference(got, want); diff != "" {
				return fmt.Errorf("%s at BIND:\n%s", apex, diff[:min(len(diff), 2000)])
			}
		}
		all, err := status(ctx, d)
		if err == nil && (all[busy].Phase != providers.PhaseInSync || all[busy].Owned < many) {
			err = fmt.Errorf("%s is %+v", replica, all[busy])
		}
		return err
	})
}

// generation puts what a daemon answers at the names that are written into c. It is an
// error unless all endpoints' addresses are of that generation.
func (p *pair) generation(ctx context.Context, fedns netip.AddrPort, generation int, c content) error {
	ours, _, err := holds(ctx, fedns, busy, false)
	if err != nil {
		return err
	}
	below := "." + p.namespace + ".svc." + busy
	for q, rrs := range ours {
		if name, _, _ := strings.Cut(string(q), " "); strings.HasSuffix(name, below) {
			c[q] = rrs
		}
	}
	for s := range services {
		for e := range each {
			q := question(fmt.Sprintf("e%d.host.s%d%s A", e, s, below))
			if want := address(generation, s, e); len(c[q]) != 1 || !strings.HasSuffix(c[q][0], "\t"+want) {
				return fmt.Errorf("fedns at %s: %s: %q, want %s", fedns, q, c[q], want)
			}
		}
	}
	return nil
}

// history holds, of all UPDATEs since a serial, that none touched a stranger, and that
// no name went back to what it was before, by whoever wrote: each record came at most
// once and went at most once.
func (p *pair) history(since uint32) []update {
	p.Helper()
	theirs, err := foreign(busy)
	must(p.T, err)
	all, err := p.bind.updates(p.Context(), busy, since)
	must(p.T, err)
	came, went := map[string]int{}, map[string]int{}
	for _, u := range all {
		for _, rr := range slices.Concat(u.deleted, u.additions) {
			if theirs[questionOf(rr)] != nil {
				p.Errorf("serial %d touches %s", u.serial, rr)
			}
		}
		for _, rr := range u.deleted {
			went[rr.String()]++
		}
		for _, rr := range u.additions {
			came[rr.String()]++
		}
	}
	for _, counts := range []map[string]int{came, went} {
		for rr, n := range counts {
			if n > 1 {
				p.Errorf("%s came or went %d times", rr, n)
			}
		}
	}
	return all
}

// leads waits until just this replica says that it leads.
func (p *pair) leads(leader string) {
	p.Helper()
	harness.Eventually(p, 30*time.Second, func(ctx context.Context) error {
		for replica, d := range p.fedns {
			if !d.Process.Running() {
				continue
			}
			all, err := status(ctx, d)
			if err != nil {
				return err
			}
			if leads := all[busy].Phase != providers.PhaseStandby; leads != (replica == leader) {
				return fmt.Errorf("%s is %s: %s", replica, all[busy].Phase, all[busy].Error)
			}
		}
		return nil
	})
}
