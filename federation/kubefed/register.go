package kubefed

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/fedns/fedns/federation/finding"
)

// putDomain takes in a Domain.
func (d *desk) putDomain(o *unstructured.Unstructured) {
	d.mu.Lock()
	defer d.mu.Unlock()
	key := referenceTo(o)
	of, findings := readDomain(o, d.domains[key])
	d.domains[key] = of
	d.findIn(key, findings, of.err)
	d.markReferring(key.name)
}

// deleteDomain forgets a Domain.
func (d *desk) deleteDomain(o *unstructured.Unstructured) {
	d.mu.Lock()
	defer d.mu.Unlock()
	key := referenceTo(o)
	delete(d.domains, key)
	delete(d.findings, key.String())
	d.markReferring(key.name)
}

// markReferring marks the records that refer to Domains of a name; mu is held.
func (d *desk) markReferring(name string) {
	for key, n := range d.records {
		if n.says.domain == name {
			d.markRecord(key, n)
		}
	}
	d.rouse()
}

// putRecord takes in a ServiceDNSRecord or an IngressDNSRecord.
func (d *desk) putRecord(o *unstructured.Unstructured) {
	d.mu.Lock()
	defer d.mu.Unlock()
	key := referenceTo(o)
	n, findings := readNaming(o, d.records[key])
	d.records[key] = n
	d.findIn(key, findings, n.err)
	d.markRecord(key, n)
	d.rouse()
}

// deleteRecord forgets a record: what it named loses the names that it had by it.
func (d *desk) deleteRecord(o *unstructured.Unstructured) {
	d.mu.Lock()
	defer d.mu.Unlock()
	key := referenceTo(o)
	n := d.records[key]
	delete(d.records, key)
	delete(d.findings, key.String())
	if n != nil {
		d.markRecord(key, n)
	}
	d.rouse()
}

// markRecord marks a record and what it names; mu is held.
func (d *desk) markRecord(key reference, n *naming) {
	d.due[key] = true
	for kind, t := range d.types {
		if of := (reference{kind, key.namespace, key.name}); t.target.GroupKind() == n.target() && d.objects[of] != nil {
			d.dirty[of] = true
		}
	}
}

// findIn is find for an error that leaves what was said before; mu is held.
func (d *desk) findIn(key reference, findings []finding.Finding, err error) {
	d.find(key.String(), findings, nil)
	if err != nil {
		d.findings[key.String()] = append(d.findings[key.String()], finding.Finding{Object: key.String(), Text: err.Error() + "; what it said before stands"})
	}
}

// putEndpoint takes in a DNSEndpoint.
func (d *desk) putEndpoint(o *unstructured.Unstructured) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.endpoints[referenceTo(o)] = o
	d.dueOf(o)
}

// deleteEndpoint forgets a DNSEndpoint.
func (d *desk) deleteEndpoint(o *unstructured.Unstructured) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.endpoints, referenceTo(o))
	d.dueOf(o)
}

// dueOf marks the record that a DNSEndpoint is of, if there is one; mu is held.
func (d *desk) dueOf(o *unstructured.Unstructured) {
	for prefix, kind := range map[string]schema.GroupVersionKind{servicePrefix: serviceRecordKind, ingressPrefix: ingressRecordKind} {
		name, ok := strings.CutPrefix(o.GetName(), prefix)
		if key := (reference{kind, o.GetNamespace(), name}); ok && d.records[key] != nil {
			d.due[key] = true
			d.rouse()
		}
	}
}

// nameable says that an object can be ordered: that, if records could name it, they
// are known. Else it would lose its names for as long as they are not. mu is held.
func (d *desk) nameable(key reference) bool {
	t := d.types[key.kind]
	if t == nil || recordKindOf(t.target.GroupKind()).Empty() {
		return true
	}
	for _, kind := range []schema.GroupVersionKind{domainKind, serviceRecordKind, ingressRecordKind} {
		if !d.read[kind] && !d.absent[kind] {
			return false
		}
	}
	return true
}

// named says that there is what a record names; mu is held.
func (d *desk) named(key reference, n *naming) bool {
	for kind, t := range d.types {
		if t.target.GroupKind() == n.target() && d.objects[reference{kind, key.namespace, key.name}] != nil {
			return true
		}
	}
	return false
}

// unnamed is why a record's names are not there, or not all of them; mu is held.
func (d *desk) unnamed(key reference, n *naming) (all []finding.Finding) {
	if !d.named(key, n) {
		all = append(all, finding.Finding{Object: key.String(), Text: fmt.Sprintf("there is no federated %s of its name here: it adds no names to what is placed otherwise", n.target().Kind)})
	}
	if n.kind != serviceRecordKind || n.says.domain == "" {
		return all
	}
	of := d.domainOf(n)
	switch {
	case of == nil:
		all = append(all, finding.Finding{Object: key.String(), Field: "spec.domainRef", Text: fmt.Sprintf("there is no Domain %s", n.says.domain)})
	case !slices.Contains(d.zones, Zone{of.name, of.zone}):
		all = append(all, finding.Finding{Object: key.String(), Field: "spec.domainRef", Text: fmt.Sprintf("names of federation %s in %s are not answered: it is neither federation, nor one of federation.others, of the configuration", of.name, of.zone)})
	}
	return all
}
