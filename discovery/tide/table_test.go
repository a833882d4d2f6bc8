package tide

import (
	"maps"
	"testing"

	"github.com/fedns/fedns/discovery/cluster"
)

func TestLacks(t *testing.T) {
	for _, c := range []struct {
		name  string
		seen  []string
		lists []string
		want  []cluster.Loss
	}{
		{"versions rise", []string{"5", "7"}, []string{"7", "12"}, []cluster.Loss{cluster.Missing, cluster.Missing}},
		{"as numbers", []string{"99"}, []string{"100", "99"}, []cluster.Loss{cluster.Missing, cluster.Doubtful}},
		{"in doubt until it is where it was", []string{"1000"}, []string{"3", "999", "1000"}, []cluster.Loss{cluster.Doubtful, cluster.Doubtful, cluster.Missing}},
		{"nothing was seen", nil, []string{"1", "2"}, []cluster.Loss{cluster.Missing, cluster.Missing}},
		{"what is no number proves nothing", []string{"abc", "", "0"}, []string{"1", "x7", "1"}, []cluster.Loss{cluster.Missing, cluster.Missing, cluster.Missing}},
		{"longer than a machine's numbers", []string{"99999999999999999999999"}, []string{"18446744073709551615"}, []cluster.Loss{cluster.Doubtful}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := New(nil)
			for _, v := range c.seen {
				h.Reach("services", v)
			}
			for i, v := range c.lists {
				if got := h.Lacks("services", v); got != c.want[i] {
					t.Errorf("what the list at %s lacks is %v, want %v", v, got, c.want[i])
				}
			}
		})
	}
}

// TestRaise: what others have seen counts, for its resource, and only upwards.
func TestRaise(t *testing.T) {
	h := New(map[string]string{"services": "100", "endpointslices": "none"})
	h.Raise(map[string]string{"services": "99"})
	for _, c := range []struct {
		resource, version string
		want              cluster.Loss
	}{
		{"services", "99", cluster.Doubtful}, {"endpointslices", "3", cluster.Missing}, {"services", "100", cluster.Missing},
	} {
		if got := h.Lacks(c.resource, c.version); got != c.want {
			t.Errorf("what the list of %s at %s lacks is %v, want %v", c.resource, c.version, got, c.want)
		}
	}
	if got, want := h.Versions(), map[string]string{"services": "100", "endpointslices": "3"}; !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestBelieve: with the operator's word a store is where it was seen last, but
// for what was not seen since.
func TestBelieve(t *testing.T) {
	h := New(map[string]string{"services": "1000", "serviceexports": "900"})
	h.Lacks("services", "3")
	h.Reach("services", "7")
	h.Believe()
	if got := h.Lacks("services", "6"); got != cluster.Doubtful {
		t.Errorf("below what is believed: %v", got)
	}
	if got := h.Lacks("services", "8"); got != cluster.Missing {
		t.Errorf("above what is believed: %v", got)
	}
	if got := h.Lacks("serviceexports", "899"); got != cluster.Doubtful {
		t.Errorf("of what was not seen since: %v", got)
	}
}

// TestBelieveForgetsWhatIsGone: what is not served any more is not waited for once
// the operator has taken the store as it is.
func TestBelieveForgetsWhatIsGone(t *testing.T) {
	h := New(map[string]string{"services": "7", "serviceexports": "5"})
	h.Reach("services", "9")
	if !h.Gone("serviceexports") || h.Gone("nodes") {
		t.Errorf("%v is known", h.Versions())
	}
	h.Believe()
	if h.Gone("serviceexports") {
		t.Error("what is gone is still waited for")
	}
	if want := (map[string]string{"services": "9"}); !maps.Equal(h.Versions(), want) {
		t.Errorf("%v is known after that, want %v", h.Versions(), want)
	}
}
