package propagation

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fedns/fedns/federation/propagation"
	"github.com/fedns/fedns/federation/work"
	"github.com/fedns/fedns/integration/harness"
)

// hook is a mutating webhook of a member, for all ConfigMaps and Deployments of the
// namespace shop.
type hook struct {
	server *httptest.Server

	mu     sync.Mutex
	answer func(r *admissionv1.AdmissionRequest) *admissionv1.AdmissionResponse // nil: it hangs
	asked  int                                                                  // about what fedns writes
	hung   chan struct{}                                                        // closed when it is to hang no more
}

func newHook(t *testing.T) *hook {
	h := &hook{hung: make(chan struct{})}
	h.server = httptest.NewTLSServer(http.HandlerFunc(h.serve))
	t.Cleanup(h.server.Close)
	t.Cleanup(func() { close(h.hung) })
	return h
}

func (h *hook) serve(w http.ResponseWriter, q *http.Request) {
	var review admissionv1.AdmissionReview
	if err := json.NewDecoder(q.Body).Decode(&review); err != nil || review.Request == nil {
		http.Error(w, fmt.Sprint("no review: ", err), http.StatusBadRequest)
		return
	}
	h.mu.Lock()
	answer := h.answer
	var options metav1.PatchOptions // or CreateOptions, which name it alike
	if json.Unmarshal(review.Request.Options.Raw, &options) == nil && options.FieldManager == propagation.Manager {
		h.asked++
	}
	h.mu.Unlock()
	if answer == nil {
		select {
		case <-h.hung:
		case <-q.Context().Done():
		}
		return
	}
	review.Response = answer(review.Request)
	review.Response.UID = review.Request.UID
	_ = json.NewEncoder(w).Encode(review)
}

// is has it answer so from now on.
func (h *hook) is(answer func(*admissionv1.AdmissionRequest) *admissionv1.AdmissionResponse) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.answer, h.asked = answer, 0
}

// count is how often it was asked about what fedns writes.
func (h *hook) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.asked
}

// patching lets everything in with a JSON patch.
func patching(patch string) func(*admissionv1.AdmissionRequest) *admissionv1.AdmissionResponse {
	return func(*admissionv1.AdmissionRequest) *admissionv1.AdmissionResponse {
		kind := admissionv1.PatchTypeJSONPatch
		return &admissionv1.AdmissionResponse{Allowed: true, Patch: []byte(patch), PatchType: &kind}
	}
}

func refusing(*admissionv1.AdmissionRequest) *admissionv1.AdmissionResponse {
	return &admissionv1.AdmissionResponse{Result: &metav1.Status{Code: http.StatusForbidden, Message: "not on Fridays"}}
}

// configuration has the member ask it.
func (h *hook) configuration() string {
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: h.server.Certificate().Raw})
	return fmt.Sprintf(`
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: meddler}
webhooks:
- name: meddler.example.com
  admissionReviewVersions: [v1]
  sideEffects: None
  failurePolicy: Fail
  timeoutSeconds: 1
  clientConfig: {url: %q, caBundle: %q}
  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop}}
  rules: [{apiGroups: ["", apps], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [configmaps, deployments], scope: Namespaced}]
`, h.server.URL, base64.StdEncoding.EncodeToString(ca))
}

// still asserts that nothing more is written for a while.
func (w *world) still(h *hook, most int) {
	w.t.Helper()
	before := h.count()
	// Nothing can be awaited that is not to come.
	for until := time.Now().Add(3 * time.Second); time.Now().Before(until) && w.t.Context().Err() == nil; time.Sleep(100 * time.Millisecond) {
		if n := h.count() - before; n > most {
			w.t.Fatalf("%d more writes, want %d at most", n, most)
		}
	}
}

// TestWebhook: what a member's webhook makes of what is applied is told and not fought;
// one that refuses, hangs or takes our marks is told, and not asked again and again.
func TestWebhook(t *testing.T) {
	w := newWorld(t, "eu")
	h := newHook(t)
	h.is(patching(`[]`))
	if err := w.fleet.Cluster("eu").Apply(t.Context(), h.configuration()); err != nil {
		t.Fatal(err)
	}
	h.is(patching(`[{"op":"add","path":"/data/z","value":"theirs"}]`))
	probe := parse(t, configMap, "probe", 1)
	harness.Eventually(t, within, func(ctx context.Context) error { // it takes a moment to be in force
		if err := w.fleet.Cluster("eu").Apply(ctx, fmt.Sprintf(configMap, "probe", 1)); err != nil {
			return err
		}
		live := w.live("eu", probe)
		if fmt.Sprint(live.Object["data"]) == "map[a:1 b:1 z:theirs]" {
			return nil
		}
		_ = w.fleet.Cluster("eu").Delete(ctx, fmt.Sprintf(configMap, "probe", 1))
		return fmt.Errorf("data are %v", live.Object["data"])
	})
	t.Run("alters", func(t *testing.T) { w.on(t).alters(h) })
	t.Run("refuses", func(t *testing.T) { w.on(t).refuses(h) })
	t.Run("hangs", func(t *testing.T) { w.on(t).hangs(h) })
	t.Run("takes marks", func(t *testing.T) { w.on(t).unmarks(h) })
}

func (w *world) alters(h *hook) {
	h.is(patching(`[{"op":"replace","path":"/spec/replicas","value":2},{"op":"add","path":"/spec/template/spec/priorityClassName","value":""},
		{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"mirror.example.com/nginx:1.27"}]`))
	d := parse(w.t, deployment, "altered", 1)
	w.do("eu", d)
	const want = "made something else of spec.replicas, spec.template.spec.containers[0].image"
	if got := w.comes("eu", d, work.Applied, propagation.ReasonAltered); !strings.Contains(got.Message, want) {
		w.t.Errorf("told %q, want %q", got.Message, want)
	}
	w.becomes("eu", d, 2, "status", "readyReplicas")
	w.still(h, 0)
	// A change is applied once, and altered again.
	d = d.DeepCopy()
	d.SetAnnotations(map[string]string{"changed": "yes"})
	w.do("eu", d)
	w.becomes("eu", d, "yes", "metadata", "annotations", "changed")
	w.comes("eu", d, work.Applied, propagation.ReasonAltered)
	w.still(h, 0)
	// Drift is put right as far as the webhook lets it.
	w.merge("eu", d, "kubectl-edit", `{"metadata":{"annotations":{"changed":"no"}}}`)
	w.becomes("eu", d, "yes", "metadata", "annotations", "changed")
	w.comes("eu", d, work.Applied, propagation.ReasonAltered)
	w.still(h, 0)
	h.is(patching(`[]`))
	again := d.DeepCopy()
	again.SetAnnotations(map[string]string{"changed": "again"})
	w.do("eu", again)
	w.becomes("eu", again, 1, "spec", "replicas")
	w.comes("eu", again, work.Applied, "")
}

func (w *world) refuses(h *hook) {
	h.is(refusing)
	m := parse(w.t, configMap, "refused", 1)
	w.do("eu", m)
	harness.Eventually(w.t, within, func(context.Context) error {
		w.mu.Lock()
		defer w.mu.Unlock()
		if got := w.outcomes["eu "+keyOf(m).String()]; got.Phase != work.Failed || !strings.Contains(got.Message, "not on Fridays") {
			return fmt.Errorf("it is %+v", got)
		}
		return nil
	})
	w.still(h, 4) // half a second, one, two …
	h.is(patching(`[]`))
	w.comes("eu", m, work.Applied, "")
}

func (w *world) hangs(h *hook) {
	h.is(nil)
	m, free := parse(w.t, configMap, "hung", 1), parse(w.t, service, "free")
	w.do("eu", m)
	w.do("eu", free)
	w.comes("eu", free, work.Applied, "") // which nobody asks the webhook about
	harness.Eventually(w.t, within, func(context.Context) error {
		w.mu.Lock()
		defer w.mu.Unlock()
		if got := w.outcomes["eu "+keyOf(m).String()]; got.Phase != work.Failed || !strings.Contains(got.Message, "meddler.example.com") {
			return fmt.Errorf("it is %+v", got)
		}
		return nil
	})
	w.still(h, 4)
	h.is(patching(`[]`))
	w.comes("eu", m, work.Applied, "")
}

func (w *world) unmarks(h *hook) {
	h.is(patching(`[{"op":"replace","path":"/metadata/labels","value":{"app.kubernetes.io/managed-by":"Helm"}}]`))
	m := parse(w.t, configMap, "unmarked", 1)
	w.do("eu", m)
	if got := w.comes("eu", m, work.Failed, propagation.ReasonUnmarked); !strings.Contains(got.Message, "label "+propagation.LabelManagedBy) {
		w.t.Errorf("told %q", got.Message)
	}
	w.still(h, 8)
	h.is(patching(`[]`))
	w.comes("eu", m, work.Applied, "")
	w.do("eu", m, removal)
	w.comes("eu", m, work.Removed, "")
}
