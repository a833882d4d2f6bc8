package propagation

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/fedns/fedns/federation/work"
)

// TestRewind: a member whose versions are lower than those seen before has lost what was
// seen, or has it as it was.
func TestRewind(t *testing.T) {
	for name, lost := range map[string]bool{"made anew": true, "restored": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil, "a")
			s := w.servers["a"]
			for i := range 3 { // so that no write brings it to where it was
				other := configMap(fmt.Sprint("other-", i), nil)
				w.do("a", other)
				w.comes("a", other, work.Applied, "")
			}
			w.do("a", configMap("web", map[string]any{"color": "blue"}))
			w.comes("a", configMap("web", nil), work.Applied, "")
			s.mu.Lock()
			before, version := maps.Clone(s.objects), s.version
			s.mu.Unlock()
			green := configMap("web", map[string]any{"color": "green"})
			w.do("a", green)
			eventually(t, func() error { return isGreen(s) })
			w.comes("a", green, work.Applied, "")

			s.set(func() {
				s.events, s.version, s.objects = nil, version-1, before
				if lost {
					s.version = 50
					maps.DeleteFunc(s.objects, func(key string, _ *unstructured.Unstructured) bool { return !strings.HasPrefix(key, "namespaces/") })
				}
			})
			s.http.CloseClientConnections()
			eventually(t, func() error { return isGreen(s) })
			w.comes("a", green, work.Applied, "")
		})
	}
}

func isGreen(s *apiServer) error {
	o := s.get("configmaps/shop/web")
	if o == nil {
		return fmt.Errorf("it is not there")
	}
	if data, _ := o.Object["data"].(map[string]any); data["color"] != "green" {
		return fmt.Errorf("it is %v", data)
	}
	return nil
}
