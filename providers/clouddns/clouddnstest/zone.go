package clouddnstest

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// key names a record set within a zone.
type key struct{ name, typ string }

// managedZone is one hosted zone's content.
type managedZone struct {
	about   ManagedZone
	rrsets  map[key]RRset
	sorted  []key // nil: to be made
	changes []stored
	next    int // the next change's ID
}

func (z *managedZone) put(r RRset) {
	k := key{r.Name, r.Type}
	if _, ok := z.rrsets[k]; !ok {
		z.sorted = nil
	}
	r.Kind = "dns#resourceRecordSet"
	z.rrsets[k] = r
}

func (z *managedZone) drop(k key) {
	if _, ok := z.rrsets[k]; ok {
		delete(z.rrsets, k)
		z.sorted = nil
	}
}

// order is that of listings: by name, the zone's own first, then by type.
func (z *managedZone) order() []key {
	if z.sorted == nil {
		for k := range z.rrsets {
			z.sorted = append(z.sorted, k)
		}
		slices.SortFunc(z.sorted, z.compare)
	}
	return z.sorted
}

func (z *managedZone) compare(a, b key) int {
	apex := func(k key) int {
		if k.name == z.about.DNSName {
			return 0
		}
		return 1
	}
	return cmp.Or(cmp.Compare(apex(a), apex(b)), strings.Compare(a.name, b.name), strings.Compare(a.typ, b.typ))
}

// zone finds the zone of a request, by its name or its number.
func (s *Server) zone(r *request) (*managedZone, *failure) {
	name := r.path["managedZone"]
	if z, ok := s.zones[name]; ok {
		return z, nil
	}
	for _, z := range s.zones {
		if strconv.FormatUint(z.about.ID, 10) == name {
			return z, nil
		}
	}
	return nil, fail(http.StatusNotFound, "notFound", "The 'parameters.managedZone' resource named '%s' does not exist.", name)
}

func (s *Server) getZone(r *request) (any, *failure) {
	z, failed := s.zone(r)
	if failed != nil {
		return nil, failed
	}
	return z.about, nil
}

func (s *Server) listZones(r *request) (any, *failure) {
	page := zonesPage{Kind: "dns#managedZonesListResponse"}
	var all []ManagedZone
	for _, z := range s.zones {
		if want := r.query.Get("dnsName"); want == "" || want == z.about.DNSName {
			all = append(all, z.about)
		}
	}
	slices.SortFunc(all, func(a, b ManagedZone) int { return strings.Compare(a.Name, b.Name) })
	from, to, next, failed := window(r, len(all), func(i int) string { return all[i].Name }, func(token string) int {
		return slices.IndexFunc(all, func(m ManagedZone) bool { return m.Name > token })
	})
	if failed != nil {
		return nil, failed
	}
	page.ManagedZones, page.NextPageToken = all[from:to], next
	return page, nil
}

func (s *Server) listRRsets(r *request) (any, *failure) {
	z, failed := s.zone(r)
	if failed != nil {
		return nil, failed
	}
	name, typ := r.query.Get("name"), r.query.Get("type")
	if typ != "" && name == "" {
		return nil, fail(http.StatusBadRequest, "required", "The 'parameters.name' parameter is required but was missing.")
	}
	keys := z.order()
	if name != "" {
		from, _ := slices.BinarySearchFunc(keys, key{name, typ}, z.compare)
		to := from
		for to < len(keys) && keys[to].name == name && (typ == "" || keys[to].typ == typ) {
			to++
		}
		keys = keys[from:to]
	}
	from, to, next, failed := window(r, len(keys), func(i int) string { return keys[i].name + " " + keys[i].typ }, func(token string) int {
		n, t, ok := strings.Cut(token, " ")
		if !ok {
			return -1
		}
		at, there := slices.BinarySearchFunc(keys, key{n, t}, z.compare)
		if there {
			at++
		}
		return at
	})
	if failed != nil {
		return nil, failed
	}
	page := rrsetsPage{Kind: "dns#resourceRecordSetsListResponse", NextPageToken: next}
	for _, k := range keys[from:to] {
		page.RRsets = append(page.RRsets, z.rrsets[k])
	}
	return page, nil
}

// maxPage is how many results a page has at most, and when nothing is asked for.
// The documentation leaves it to the server.
const maxPage = 1000

// window cuts the page that a request asks for out of n results. A token is the
// last result of the page before, and follows finds what comes after it, though
// it may be gone; -1: it is no token.
func window(r *request, n int, token func(int) string, follows func(token string) int) (from, to int, next string, failed *failure) {
	size := maxPage
	if text := r.query.Get("maxResults"); text != "" {
		v, err := strconv.Atoi(text)
		if err != nil || v < 0 {
			return 0, 0, "", invalid("parameters.maxResults", text)
		}
		if v > 0 {
			size = min(v, maxPage)
		}
	}
	if after := r.query.Get("pageToken"); after != "" {
		if from = follows(after); from < 0 {
			return 0, 0, "", invalid("parameters.pageToken", after)
		}
	}
	to = min(from+size, n)
	if to < n {
		next = token(to - 1)
	}
	return from, to, next, nil
}
