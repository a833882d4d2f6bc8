package clouddnstest

import (
	"fmt"
	"net/http"
	"slices"
)

// check refuses a change that Cloud DNS would, before anything is made of it.
func (z *managedZone) check(q Quota, c Change) *failure {
	if len(c.Additions)+len(c.Deletions) == 0 {
		return fail(http.StatusBadRequest, "required", "The 'entity.change' parameter is required but was missing.")
	}
	for _, try := range []func() *failure{
		func() *failure { return quotas(q, c) },
		func() *failure { return z.additions(q, c) },
		func() *failure { return z.deletions(c) },
		func() *failure { return z.outcome(q, c) },
	} {
		if failed := try(); failed != nil {
			return failed
		}
	}
	return nil
}

// quotas are those of one change.
func quotas(q Quota, c Change) *failure {
	var failed *failure
	size := 0
	for _, r := range slices.Concat(c.Additions, c.Deletions) {
		for d := range r.data {
			size += len(d)
		}
	}
	for _, over := range []struct {
		is   bool
		what string
	}{
		{len(c.Additions) > q.AdditionsPerChange, "additions per change"},
		{len(c.Deletions) > q.DeletionsPerChange, "deletions per change"},
		{size > q.RRDataSizePerChange, "total rrdata size per change"},
	} {
		if !over.is {
			continue
		}
		if failed == nil {
			failed = &failure{code: http.StatusForbidden}
		}
		failed.add("quotaExceeded", "The change would exceed quota for %s.", over.what)
	}
	return failed
}

// additions checks each for itself.
func (z *managedZone) additions(q Quota, c Change) *failure {
	for i, r := range c.Additions {
		if failed := z.valid(q, r, fmt.Sprintf("entity.change.additions[%d]", i)); failed != nil {
			return failed
		}
	}
	return nil
}

// deletions have to be exactly what there is.
func (z *managedZone) deletions(c Change) *failure {
	var missing, differing *failure
	seen := map[key]bool{}
	for i, r := range c.Deletions {
		k := key{r.Name, r.Type}
		have, ok := z.rrsets[k]
		switch {
		case !ok || seen[k]:
			if missing == nil {
				missing = &failure{code: http.StatusNotFound}
			}
			missing.add("notFound", "The 'entity.change.deletions[%d]' resource named '%s (%s)' does not exist.", i, r.Name, r.Type)
		case !same(have, r):
			if differing == nil {
				differing = &failure{code: http.StatusPreconditionFailed}
			}
			differing.add("conditionNotMet", "Precondition not met for 'entity.change.deletions[%d]'", i)
		}
		seen[k] = true
	}
	if missing != nil {
		return missing
	}
	return differing
}

// outcome checks what the zone would hold.
func (z *managedZone) outcome(q Quota, c Change) *failure {
	gone, added := map[key]bool{}, map[key]bool{}
	for _, r := range c.Deletions {
		gone[key{r.Name, r.Type}] = true
	}
	var double *failure
	for i, r := range c.Additions {
		k := key{r.Name, r.Type}
		_, there := z.rrsets[k]
		if there && !gone[k] || added[k] {
			if double == nil {
				double = &failure{code: http.StatusConflict}
			}
			double.add("alreadyExists", "The resource 'entity.change.additions[%d]' named '%s (%s)' already exists", i, r.Name, r.Type)
		}
		added[k] = true
	}
	if double != nil {
		return double
	}
	for _, typ := range []string{"SOA", "NS"} {
		if k := (key{z.about.DNSName, typ}); gone[k] && !added[k] {
			return fail(http.StatusBadRequest, "invalidZoneApex", "The resource record set 'entity.change.deletions[%s][%s]' is invalid because a zone must contain exactly one resource record set of type '%s' at the apex.", k.name, typ, typ)
		}
	}
	holds := func(k key) bool {
		_, there := z.rrsets[k]
		return added[k] || there && !gone[k]
	}
	for _, r := range c.Additions {
		for _, other := range types {
			if other == r.Type || other != "CNAME" && r.Type != "CNAME" || !holds(key{r.Name, other}) {
				continue
			}
			return fail(http.StatusBadRequest, "cnameResourceRecordSetConflict", "The resource record set 'entity.change.additions[%s][%s]' is invalid because the DNS name '%s' has a resource record set of the type '%s'. A DNS name may have either one CNAME resource record set or resource record sets of other types, but not both.", r.Name, r.Type, r.Name, other)
		}
	}
	if n := len(z.rrsets) - len(gone) + len(added); n > q.RRsetsPerZone && len(added) > len(gone) {
		return fail(http.StatusForbidden, "quotaExceeded", "The change would exceed quota for resource record sets per managed zone.")
	}
	return nil
}
