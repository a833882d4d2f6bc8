package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const exportGroup = "multicluster.x-k8s.io"

// handler serves the paths that fedns asks for.
func (c *Cluster) handler() http.Handler {
	mux := http.NewServeMux()
	for path, resource := range map[string]string{
		"/api/v1/services": services,
		"/api/v1/nodes":    nodes,
		"/apis/discovery.k8s.io/v1/endpointslices":                       endpointSlices,
		"/apis/" + exportGroup + "/v1beta1/serviceexports":               exports,
		"/apis/" + exportGroup + "/v1alpha1/serviceexports":              exports,
		"/apis/coordination.k8s.io/v1/leases":                            leases,
		"/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases": leases,
	} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, q *http.Request) { c.serve(w, q, resource) })
	}
	mux.HandleFunc("GET /apis/"+exportGroup, func(w http.ResponseWriter, _ *http.Request) { c.document(w, exportVersions()) })
	for _, version := range []string{"v1beta1", "v1alpha1"} {
		mux.HandleFunc("GET /apis/"+exportGroup+"/"+version, func(w http.ResponseWriter, _ *http.Request) {
			c.document(w, metav1.APIResourceList{
				TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "APIResourceList"}, GroupVersion: exportGroup + "/" + version,
				APIResources: []metav1.APIResource{{Name: exports, SingularName: "serviceexport", Namespaced: true, Kind: "ServiceExport", Verbs: metav1.Verbs{"create", "delete", "get", "list", "watch"}}},
			})
		})
	}
	for _, path := range []string{"/healthz", "/livez", "/readyz"} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") })
	}
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if c.refused(w) {
			return
		}
		c.mu.Lock()
		slow := c.faults.slow
		c.mu.Unlock()
		if slow > 0 {
			w = slowly{w, q, slow}
		}
		mux.ServeHTTP(w, q)
	})
}

func exportVersions() metav1.APIGroup {
	versions := []metav1.GroupVersionForDiscovery{
		{GroupVersion: exportGroup + "/v1beta1", Version: "v1beta1"}, {GroupVersion: exportGroup + "/v1alpha1", Version: "v1alpha1"},
	}
	return metav1.APIGroup{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "APIGroup"}, Name: exportGroup, Versions: versions, PreferredVersion: versions[0]}
}

func (c *Cluster) document(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // a client that went away
}

// serve answers a list or a watch.
func (c *Cluster) serve(w http.ResponseWriter, q *http.Request, resource string) {
	v := q.URL.Query()
	if v.Get("watch") == "true" || v.Get("watch") == "1" {
		c.watch(w, q, resource)
		return
	}
	c.list(w, q, resource)
}

// refuse answers with a Status.
func refuse(w http.ResponseWriter, code, retryAfter int) {
	reason := metav1.StatusReasonServiceUnavailable
	if code == http.StatusTooManyRequests {
		reason = metav1.StatusReasonTooManyRequests
	}
	if retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(retryAfter))
	}
	status(w, metav1.Status{Code: int32(code), Reason: reason, Message: "refused on purpose"})
}

func expired(message string) metav1.Status {
	return metav1.Status{Code: http.StatusGone, Reason: metav1.StatusReasonExpired, Message: message}
}

// tooLarge is what a server says that is asked for a version it has not come to.
func tooLarge(asked, has uint64) metav1.Status {
	return metav1.Status{Code: http.StatusGatewayTimeout, Reason: metav1.StatusReasonTimeout,
		Message: fmt.Sprintf("Too large resource version: %d, current: %d", asked, has),
		Details: &metav1.StatusDetails{Causes: []metav1.StatusCause{{Type: metav1.CauseTypeResourceVersionTooLarge, Message: "Too large resource version"}}, RetryAfterSeconds: 1}}
}

// status answers with s, which needs no Status and no type.
func status(w http.ResponseWriter, s metav1.Status) {
	s = typed(s)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(int(s.Code))
	_ = json.NewEncoder(w).Encode(s) // a client that went away
}

func typed(s metav1.Status) metav1.Status {
	s.TypeMeta, s.Status = metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, metav1.StatusFailure
	return s
}
