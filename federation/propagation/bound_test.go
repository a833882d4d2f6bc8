package propagation

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// TestBounds: a member's API server can neither have its token sent to another server
// nor answer without end.
func TestBounds(t *testing.T) {
	var others atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { others.Add(1) }))
	defer other.Close()
	redirects := func(w http.ResponseWriter, q *http.Request) {
		http.Redirect(w, q, other.URL, http.StatusTemporaryRedirect)
	}
	endless := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		part := strings.Repeat("x", 64<<10)
		for _, err := io.WriteString(w, `{"kind":"`); err == nil; _, err = io.WriteString(w, part) {
		}
	}
	path := []string{"/api/v1", "namespaces", "shop", "configmaps"}
	for name, tt := range map[string]struct {
		serve http.HandlerFunc
		want  string
	}{
		"redirects": {redirects, "which is not to have the credentials"},
		"endless":   {endless, "is longer than 16777216 octets"},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(tt.serve)
			defer s.Close()
			rc := access(s.URL)
			rc.BearerToken = "secret"
			c, err := newClient(rc, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer c.close()
			calls := map[string]func() error{
				"create": func() error { _, err := c.create(t.Context(), path, []byte("{}")); return err },
				"patch": func() error {
					_, err := c.patch(t.Context(), append(path, "web"), types.ApplyPatchType, []byte("{}"))
					return err
				},
				"watch": func() error {
					w, err := c.watch(t.Context(), path, metav1.ListOptions{}, "")
					if err != nil {
						return err
					}
					defer w.Stop()
					for e := range w.ResultChan() {
						err = fmt.Errorf("%s %v", e.Type, e.Object)
					}
					return err
				},
			}
			for verb, call := range calls {
				if err := call(); err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("%s: %v, want %q", verb, err, tt.want)
				}
			}
		})
	}
	if n := others.Load(); n > 0 {
		t.Errorf("the other server was asked %d times", n)
	}
}
