package propagation

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/fedns/fedns/federation/work"
)

func TestHeadOf(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"typed":        {`{"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":"web","namespace":"shop","uid":"u","resourceVersion":"7","labels":{"uid":"no"}},"spec":{}}`, "apps/v1, Kind=Deployment shop/web u 7"},
		"custom":       {`{"apiVersion":"x.y/v1","kind":"Z","metadata":{"annotations":{"name":"no","deep":"{}"},"managedFields":[{"uid":1}],"name":"n","namespace":"s","resourceVersion":"8","uid":"v"}}`, "x.y/v1, Kind=Z s/n v 8"},
		"without room": {`{"kind":"Namespace","apiVersion":"v1","metadata":{"name":"shop","uid":"u","resourceVersion":"7"}}`, "/v1, Kind=Namespace /shop u 7"},
		"a list":       {`{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"7"},"items":[{"metadata":{"name":"p","uid":"u"}}]}`, ""},
		"a bookmark":   {`{"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"7","creationTimestamp":null},"spec":{}}`, ""},
		"later":        {`{"apiVersion":"v1","data":{"a":"b"},"kind":"ConfigMap","metadata":{"name":"m","uid":"u","resourceVersion":"7"}}`, ""},
		"kindless":     {`{"metadata":{"name":"m","uid":"u","resourceVersion":"7"},"kind":"ConfigMap"}`, ""},
		"no text":      {`{"kind":"Pod","apiVersion":"v1","metadata":{"name":"p","uid":7,"resourceVersion":"7"}}`, ""},
		"cut off":      {`{"kind":"Pod","apiVersion":"v1","metadata":{"name":"p"`, ""},
		"no object":    {`["kind"]`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			h, ok := headOf([]byte(c.text))
			got := ""
			if ok {
				got = fmt.Sprintf("%s %s/%s %s %s", h.kind, h.namespace, h.name, h.uid, h.version)
			}
			if got != c.want {
				t.Errorf("its head is %q, want %q", got, c.want)
			}
		})
	}
}

func TestOpen(t *testing.T) {
	for text, want := range map[string]string{
		`{"type":"ADDED","object":{"a":"}"}}`:                    `ADDED {"a":"}"}`,
		`{"type":"MODIFIED","object":{"type":"x"}}` + "\n":       `MODIFIED {"type":"x"}`,
		`{"object":{},"type":"ADDED"}`:                           "", // another reads it
		`{"type":"A\u0044DED","object":{}}`:                      "",
		`{"type":"x","more":"","object":{"type":"","object":1}}`: "",
	} {
		var e metav1.WatchEvent
		got := ""
		if open([]byte(text), &e) {
			got = e.Type + " " + string(e.Object.Raw)
		}
		if got != want {
			t.Errorf("%s is %q, want %q", text, got, want)
		}
	}
}

// TestParsedIsBounded: what is kept of large objects is bounded by their text, and
// what is asked for is there.
func TestParsedIsBounded(t *testing.T) {
	p := newParsed()
	large := strings.Repeat("x", mostParsedText/3)
	for i := range 9 {
		b, err := newBody(configMap(fmt.Sprint("m", i), map[string]any{"large": large}), "test", "")
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			o, err := p.of(b)
			if err != nil || o.GetName() != fmt.Sprint("m", i) {
				t.Fatalf("got %v, %v", o, err)
			}
		}
		if p.octets > mostParsedText {
			t.Fatalf("%d octets are kept, at most %d are to be", p.octets, mostParsedText)
		}
	}
	if n := p.lru.Len(); n != 2 {
		t.Errorf("%d are kept, want 2", n)
	}
}

// TestChangeReadsOnlyWhatItHasTo: an object that was right is applied without being
// read, unless something of it is the cluster's.
func TestChangeReadsOnlyWhatItHasTo(t *testing.T) {
	service := func(port int64) *unstructured.Unstructured {
		return object("v1", "Service", "shop", "web", map[string]any{"spec": map[string]any{"ports": []any{map[string]any{"port": port}}}})
	}
	for name, c := range map[string]struct {
		object func(n int64) *unstructured.Unstructured
		retain bool
		want   []string
	}{
		"deployment":                        {func(n int64) *unstructured.Unstructured { return deployment("web", n) }, false, []string{"apply"}},
		"deployment with replicas retained": {func(n int64) *unstructured.Unstructured { return deployment("web", n) }, true, []string{"get", "apply"}},
		"service":                           {service, false, []string{"get", "apply"}},
	} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			var calls []string
			w := newWorld(t, func(cfg *Config) {
				cfg.Called = func(c Call) {
					mu.Lock()
					defer mu.Unlock()
					if c.Verb != "list" && c.Verb != "watch" && c.Verb != "discover" {
						calls = append(calls, c.Verb)
					}
				}
			}, "a")
			for n := int64(1); n <= 3; n++ {
				mu.Lock()
				calls = nil
				mu.Unlock()
				o := c.object(n)
				w.do("a", o, func(t *work.Task) { t.RetainReplicas = c.retain })
				eventually(t, func() error {
					b, err := newBody(o, "test/web", "")
					if got := w.servers["a"].get(map[string]string{"Service": "services", "Deployment": "deployments"}[o.GetKind()] + "/shop/web"); err != nil || got == nil || got.GetAnnotations()[AnnotationApplied] != b.digest {
						return fmt.Errorf("change %d is not there: %v", n, err)
					}
					return nil
				})
				eventually(t, func() error {
					mu.Lock()
					defer mu.Unlock()
					if last := map[bool]string{true: "create", false: "apply"}[n == 1]; !slices.Contains(calls, last) {
						return fmt.Errorf("change %d took %v", n, calls)
					}
					return nil
				})
			}
			mu.Lock()
			defer mu.Unlock()
			if !slices.Equal(calls, c.want) {
				t.Errorf("the last change took %v, want %v", calls, c.want)
			}
		})
	}
}
