package simulator

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// token is where a list goes on: the version it is of, and behind which object.
type token struct {
	version uint64
	after   place
}

func (t token) String() string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d %d %d", t.version, t.after.i, t.after.n))
}

func parseToken(text string) (t token, err error) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		_, err = fmt.Sscanf(string(raw), "%d %d %d", &t.version, &t.after.i, &t.after.n)
	}
	return t, err
}

// list answers one page.
func (c *Cluster) list(w http.ResponseWriter, q *http.Request, resource string) {
	v := q.URL.Query()
	limit, _ := strconv.Atoi(v.Get("limit"))
	var from *token
	if text := v.Get("continue"); text != "" {
		t, err := parseToken(text)
		if err != nil {
			status(w, metav1.Status{Code: http.StatusBadRequest, Reason: metav1.StatusReasonBadRequest, Message: "continue key is not valid: " + err.Error()})
			return
		}
		from = &t
	}
	asked, _ := strconv.ParseUint(v.Get("resourceVersion"), 10, 64)
	page, fault := c.page(resource, limit, asked, from)
	if fault != nil {
		status(w, *fault)
		return
	}
	e := c.encodings.negotiate(q)
	octets, err := e.encode(page)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", e.media)
	w.Header().Set("Content-Length", strconv.Itoa(len(octets)))
	if c.cut(resource) {
		_, _ = w.Write(octets[:len(octets)/2]) // it breaks anyhow
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(octets) // a client that went away
}

// page is a list's page with its objects as they are now, or why there is none.
func (c *Cluster) page(resource string, limit int, asked uint64, from *token) (runtime.Object, *metav1.Status) {
	c.mu.Lock()
	defer c.mu.Unlock()
	version := c.version
	all := c.faults.omitted(resource, c.model.places(resource))
	switch {
	case from != nil && (from.version < c.compacted || from.version > c.version):
		return nil, new(expired("The provided continue parameter is too old to display a consistent list result."))
	case from != nil:
		version = from.version
		all = behind(all, from.after)
	case asked > c.version:
		return nil, new(tooLarge(asked, c.version))
	}
	m := metav1.ListMeta{ResourceVersion: strconv.FormatUint(version, 10)}
	if limit > 0 && len(all) > limit {
		m.Continue, m.RemainingItemCount = token{version, all[limit-1]}.String(), new(int64(len(all)-limit))
		all = all[:limit]
	}
	return c.pageOf(resource, m, all), nil
}

func behind(all []place, last place) []place {
	for k, at := range all {
		if at.i > last.i || at.i == last.i && at.n > last.n {
			return all[k:]
		}
	}
	return nil
}

func (c *Cluster) pageOf(resource string, m metav1.ListMeta, all []place) runtime.Object {
	switch resource {
	case services:
		return &corev1.ServiceList{TypeMeta: listOf(serviceType), ListMeta: m, Items: items[corev1.Service](c.model, resource, all)}
	case endpointSlices:
		return &discoveryv1.EndpointSliceList{TypeMeta: listOf(sliceType), ListMeta: m, Items: items[discoveryv1.EndpointSlice](c.model, resource, all)}
	case exports:
		return &metav1.PartialObjectMetadataList{TypeMeta: listOf(metadataType), ListMeta: m, Items: items[metav1.PartialObjectMetadata](c.model, resource, all)}
	case nodes:
		return &corev1.NodeList{TypeMeta: listOf(nodeType), ListMeta: m, Items: items[corev1.Node](c.model, resource, all)}
	}
	return &coordinationv1.LeaseList{TypeMeta: listOf(leaseType), ListMeta: m, Items: items[coordinationv1.Lease](c.model, resource, all)}
}

func listOf(t metav1.TypeMeta) metav1.TypeMeta {
	t.Kind += "List"
	return t
}

func items[T any](m *model, resource string, all []place) []T {
	out := make([]T, len(all))
	for k, at := range all {
		out[k] = *any(m.object(resource, at)).(*T)
	}
	return out
}
