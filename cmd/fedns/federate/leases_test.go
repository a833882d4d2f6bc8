package federate

import (
	"context"
	"testing"

	v1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	coordination "k8s.io/client-go/kubernetes/typed/coordination/v1"
)

// store answers with the versions it is told.
type store struct {
	coordination.LeaseInterface
	versions []string
}

func (s *store) Leases(string) coordination.LeaseInterface { return s }

func (s *store) Get(context.Context, string, metav1.GetOptions) (*v1.Lease, error) { return s.next() }

func (s *store) Update(context.Context, *v1.Lease, metav1.UpdateOptions) (*v1.Lease, error) {
	return s.next()
}

func (s *store) next() (*v1.Lease, error) {
	l := &v1.Lease{ObjectMeta: metav1.ObjectMeta{ResourceVersion: s.versions[0]}}
	s.versions = s.versions[1:]
	return l, nil
}

// TestHostThatWentBack: versions that are lower than those of before say that the host
// is not as it was.
func TestHostThatWentBack(t *testing.T) {
	for _, c := range []struct {
		name     string
		versions []string
		back     int // times
	}{
		{"versions rise", []string{"9", "10", "10", "207"}, 0},
		{"restored from a backup", []string{"9", "207", "10"}, 1},
		{"until it is where it was", []string{"207", "10", "11", "300", "301"}, 2},
		{"what is no version", []string{"x", "", "5"}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			back := 0
			l := (&leases{LeasesGetter: &store{versions: c.versions}, back: func(string, string) { back++ }}).Leases("fedns")
			for i := range c.versions {
				do := func() (*v1.Lease, error) { return l.Get(t.Context(), LeaseName, metav1.GetOptions{}) }
				if i%2 == 1 {
					do = func() (*v1.Lease, error) { return l.Update(t.Context(), &v1.Lease{}, metav1.UpdateOptions{}) }
				}
				if got, err := do(); err != nil || got.ResourceVersion != c.versions[i] {
					t.Fatalf("got %v, %v", got, err)
				}
			}
			if back != c.back {
				t.Errorf("it is told %d times to have gone back, want %d", back, c.back)
			}
		})
	}
}

// TestOverlappingCalls: an answer that is only late does not say so.
func TestOverlappingCalls(t *testing.T) {
	l := &leases{back: func(version, was string) { t.Errorf("%s after %s is taken for a host that went back", version, was) }}
	_, _ = l.saw("", &v1.Lease{ObjectMeta: metav1.ObjectMeta{ResourceVersion: "10"}}, nil)
	before := l.highest()
	_, _ = l.saw(before, &v1.Lease{ObjectMeta: metav1.ObjectMeta{ResourceVersion: "12"}}, nil)
	_, _ = l.saw(before, &v1.Lease{ObjectMeta: metav1.ObjectMeta{ResourceVersion: "11"}}, nil)
}
