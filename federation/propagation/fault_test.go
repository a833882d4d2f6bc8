package propagation

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"

	"github.com/fedns/fedns/federation/work"
)

// TestOthersConverge: members that are gone, hang, or reject everything delay nobody.
func TestOthersConverge(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.CallTimeout = 300 * time.Millisecond }, "good", "hangs", "rejects", "gone")
	w.servers["gone"].http.Close()
	released := make(chan struct{})
	w.servers["hangs"].set(func() { w.servers["hangs"].hang = released })
	w.servers["rejects"].refuse = func(verb, _ string) *metav1.Status {
		if verb == "create" {
			return failed(403, metav1.StatusReasonForbidden, "policy says no")
		}
		return nil
	}
	var all []*unstructured.Unstructured
	for i := range 20 {
		o := configMap(fmt.Sprintf("m-%d", i), map[string]any{"n": fmt.Sprint(i)})
		all = append(all, o)
		for c := range w.servers {
			w.do(c, o)
		}
	}
	for _, o := range all {
		w.comes("good", o, work.Applied, "")
	}
	for _, o := range all {
		w.comes("gone", o, work.Failed, ReasonUnreachable)
		w.comes("hangs", o, work.Failed, ReasonUnreachable)
		if got := w.comes("rejects", o, work.Failed, "Forbidden"); got.Message != "policy says no" {
			t.Errorf("message %q, want the member's own words", got.Message)
		}
	}
	// Deletion goes through where it can, and what is left elsewhere is told.
	for c := range w.servers {
		w.do(c, all[0], removal)
	}
	w.comes("good", all[0], work.Removed, "")
	w.comes("rejects", all[0], work.Removed, "")
	w.comes("gone", all[0], work.Failed, ReasonUnreachable)
	w.p.Forget("gone")
	w.comes("gone", all[0], work.Abandoned, "")
	// Who hung comes back.
	w.servers["hangs"].set(func() { w.servers["hangs"].hang = nil })
	close(released)
	for _, o := range all[1:] {
		w.comes("hangs", o, work.Applied, "")
	}
	w.comes("hangs", all[0], work.Removed, "")
}

// TestOneBackoff: a member that cannot be reached is asked for one thing at a time.
func TestOneBackoff(t *testing.T) {
	var calls atomic.Int64
	w := newWorld(t, func(c *Config) {
		c.Shortest, c.Longest = time.Second, time.Minute
		c.Called = func(Call) { calls.Add(1) }
	}, "gone")
	w.servers["gone"].http.Close()
	var last *unstructured.Unstructured
	for i := range 500 {
		last = configMap(fmt.Sprintf("m-%d", i), nil)
		w.do("gone", last)
	}
	w.comes("gone", last, work.Failed, ReasonUnreachable)
	if n := calls.Load(); n > 8 {
		t.Errorf("%d calls to a member that is gone", n)
	}
}

func TestCredentials(t *testing.T) {
	var token atomic.Pointer[string]
	w := newWorld(t, func(c *Config) {
		members := c.Members
		c.Shortest, c.Longest = time.Hour, time.Hour // only Changed helps
		c.Members = func(name string) (*rest.Config, error) {
			rc, err := members(name)
			if tok := token.Load(); tok == nil {
				return nil, errors.New("there is no Secret of the member")
			} else if err == nil {
				rc.BearerToken = *tok
			}
			return rc, err
		}
	}, "a")
	s := w.servers["a"]
	s.set(func() { s.token = "new" })
	o := configMap("m", nil)
	w.do("a", o)
	if got := w.comes("a", o, work.Failed, ReasonNoAccess); got.Message != "there is no Secret of the member" {
		t.Errorf("message %q", got.Message)
	}
	token.Store(new("old"))
	w.p.Changed("a")
	w.comes("a", o, work.Failed, ReasonUnauthorized)
	token.Store(new("new"))
	w.p.Changed("a")
	w.comes("a", o, work.Applied, "")
	// Watches go on with the new ones, too.
	s.set(func() { s.token = "newer" })
	token.Store(new("newer"))
	w.p.Changed("a")
	s.remove("configmaps/shop/m")
	eventually(t, func() error {
		if s.get("configmaps/shop/m") == nil {
			return errors.New("it is not there again")
		}
		return nil
	})
}

// TestFence: nothing is written after the term's deadline, nor over a later term.
func TestFence(t *testing.T) {
	w := newWorld(t, nil, "a")
	s := w.servers["a"]
	o := configMap("m", map[string]any{"a": "1"})
	w.do("a", o)
	w.comes("a", o, work.Applied, "")
	w.until.Store(new(time.Now().Add(-time.Millisecond)))
	before := len(s.writes())
	o = configMap("m", map[string]any{"a": "2"})
	w.do("a", o)
	s.edit(t, "kubectl", "configmaps/shop/m", func(o *unstructured.Unstructured) { o.Object["data"] = map[string]any{"a": "3"} })
	time.Sleep(50 * time.Millisecond) // nothing is what is awaited
	if writes := s.writes()[before:]; len(writes) > 0 {
		t.Fatalf("wrote %v after the deadline", writes)
	}
	// A later leader has written meanwhile.
	s.edit(t, Manager, "configmaps/shop/m", func(o *unstructured.Unstructured) {
		o.SetAnnotations(map[string]string{AnnotationTerm: "2"})
	})
	w.until.Store(nil)
	w.comes("a", o, work.Failed, ReasonOutrun)
	if writes := s.writes()[before:]; len(writes) > 0 {
		t.Errorf("wrote %v over a later term", writes)
	}
	if w.outrun == 0 {
		t.Error("nobody was told")
	}
	w.term.Store(3)
	w.comes("a", o, work.Applied, "")
}

// TestMarksOfNobody: the mark of a later term is nothing when nobody has led since:
// objects are written, and deleted, all the same, with the term that it is.
func TestMarksOfNobody(t *testing.T) {
	w := newWorld(t, nil, "a")
	s := w.servers["a"]
	o := configMap("m", map[string]any{"a": "1"})
	w.do("a", o)
	w.comes("a", o, work.Applied, "")
	forge := func() {
		s.edit(t, "kubectl", "configmaps/shop/m", func(o *unstructured.Unstructured) {
			notes := o.GetAnnotations()
			notes[AnnotationTerm] = "9"
			o.SetAnnotations(notes)
		})
	}
	forge()
	before := w.confirms.Load()
	o = configMap("m", map[string]any{"a": "2"})
	w.do("a", o)
	w.comes("a", o, work.Failed, ReasonOutrun)
	if w.confirms.Load() == before {
		t.Error("nobody was asked")
	}
	w.leads.Store(true)
	w.comes("a", o, work.Applied, "")
	if got := s.get("configmaps/shop/m"); field(got, "data", "a") != "2" || got.GetAnnotations()[AnnotationTerm] != "1" {
		t.Errorf("it is %v of term %s", field(got, "data", "a"), got.GetAnnotations()[AnnotationTerm])
	}
	forge()
	w.do("a", o, removal)
	w.comes("a", o, work.Removed, "")
	if s.get("configmaps/shop/m") != nil {
		t.Error("it is still there")
	}
}

// TestPrecondition: what somebody wrote after we looked is not overwritten unseen.
func TestPrecondition(t *testing.T) {
	w := newWorld(t, nil, "a")
	s := w.servers["a"]
	o := configMap("m", map[string]any{"a": "1"})
	w.do("a", o)
	w.comes("a", o, work.Applied, "")
	var once atomic.Bool
	s.set(func() {
		s.refuse = func(verb, _ string) *metav1.Status {
			if verb == "apply" && once.CompareAndSwap(false, true) {
				// The new leader is sooner: the call is under way when it writes.
				key := "configmaps/shop/m"
				next := s.objects[key].DeepCopy()
				next.SetAnnotations(map[string]string{AnnotationTerm: "7"})
				_ = s.store(key, s.objects[key], next)
			}
			return nil
		}
	})
	w.do("a", configMap("m", map[string]any{"a": "2"}))
	w.comes("a", o, work.Failed, ReasonOutrun)
	if got := field(s.get("configmaps/shop/m"), "data", "a"); got != "1" {
		t.Errorf("data are %v: the old leader's write went through", got)
	}
}

// TestBlinded: where the right to watch a kind is taken away, its objects are looked at all
// the same, and when it is given back, they are watched.
func TestBlinded(t *testing.T) {
	w := newWorld(t, nil, "a")
	s := w.servers["a"]
	o := configMap("m", map[string]any{"a": "1"})
	w.do("a", o)
	w.comes("a", o, work.Applied, "")
	put := func() {
		t.Helper()
		s.edit(t, "kubectl", "configmaps/shop/m", func(o *unstructured.Unstructured) { o.Object["data"] = map[string]any{"a": "3"} })
		eventually(t, func() error {
			if got := field(s.get("configmaps/shop/m"), "data", "a"); got != "1" {
				return fmt.Errorf("data are %v", got)
			}
			return nil
		})
	}
	s.set(func() { s.blinding = true })
	s.http.CloseClientConnections()
	put()
	put()
	s.set(func() { s.blinding = false })
	put()
	w.comes("a", o, work.Applied, "")
}

// TestBlind: a member that forbids to watch is written to all the same.
func TestBlind(t *testing.T) {
	w := newWorld(t, nil, "a")
	s := w.servers["a"]
	s.set(func() { s.blinding = true })
	o := configMap("m", map[string]any{"a": "1"})
	w.do("a", o)
	w.comes("a", o, work.Applied, "")
	s.edit(t, "kubectl", "configmaps/shop/m", func(o *unstructured.Unstructured) { o.Object["data"] = map[string]any{"a": "3"} })
	eventually(t, func() error {
		if got := field(s.get("configmaps/shop/m"), "data", "a"); got != "1" {
			return fmt.Errorf("data are %v", got)
		}
		return nil
	})
	w.do("a", o, removal)
	w.comes("a", o, work.Removed, "")
}

// TestAdmission: what the API server makes of a write is not fought, and is told.
func TestAdmission(t *testing.T) {
	w := newWorld(t, nil, "a")
	s := w.servers["a"]
	s.set(func() {
		s.admit = func(o *unstructured.Unstructured) {
			switch o.GetKind() {
			case "Deployment":
				_ = unstructured.SetNestedField(o.Object, int64(1), "spec", "replicas")
			case "Secret":
				_ = unstructured.SetNestedField(o.Object, "c2VzYW1l", "data", "key")
				_ = unstructured.SetNestedSlice(o.Object, []any{"x", "sesame"}, "more")
			}
		}
		s.served["v1"] = append(s.served["v1"], metav1.APIResource{Name: "secrets", Kind: "Secret", Namespaced: true})
	})
	o := deployment("web", 3)
	w.do("a", o)
	w.comes("a", o, work.Applied, ReasonAltered)
	s.edit(t, "deployment-controller", "deployments/shop/web", func(o *unstructured.Unstructured) {
		o.Object["status"] = map[string]any{"replicas": int64(1), "readyReplicas": int64(1), "observedGeneration": int64(1)}
	})
	eventually(t, func() error {
		got := w.comes("a", o, work.Applied, ReasonAltered)
		if want := "the cluster (a webhook there, say) made something else of spec.replicas"; len(got.Status) == 0 || !strings.HasPrefix(got.Message, want) {
			return fmt.Errorf("message is %q, want %q and a status", got.Message, want)
		}
		return nil
	})
	if writes := s.writes(); !slices.Equal(writes, []string{"create deployments"}) {
		t.Errorf("wrote %v", writes)
	}
	secret := object("v1", "Secret", "shop", "s", map[string]any{"data": map[string]any{"key": "b3Blbg=="}, "more": []any{"y"}})
	w.do("a", secret)
	if got := w.comes("a", secret, work.Applied, ReasonAltered); !strings.HasSuffix(got.Message, "made something else of data.key, more") {
		t.Errorf("message is %q", got.Message)
	}
	s.set(func() { s.admit = nil })
	w.do("a", deployment("web", 4))
	w.comes("a", o, work.Applied, "")
}

// TestContendedSecret: what a Secret holds is in no message.
func TestContendedSecret(t *testing.T) {
	w := newWorld(t, nil, "a")
	s := w.servers["a"]
	s.set(func() {
		s.served["v1"] = append(s.served["v1"], metav1.APIResource{Name: "secrets", Kind: "Secret", Namespaced: true})
	})
	o := object("v1", "Secret", "shop", "s", map[string]any{"data": map[string]any{"key": "b3Blbg=="}})
	w.do("a", o, func(t *work.Task) { t.Suspend = true })
	s.put(t, "people", object("v1", "Secret", "shop", "s", map[string]any{"data": map[string]any{"key": "c2VzYW1l"}}))
	w.do("a", o)
	w.comes("a", o, work.Applied, "")
	w.do("a", o, func(t *work.Task) { t.Suspend = true })
	w.comes("a", o, work.Applied, "")
	s.edit(t, "people", "secrets/shop/s", func(o *unstructured.Unstructured) {
		_ = unstructured.SetNestedField(o.Object, "c2VzYW1l", "data", "key")
	})
	if got := w.comes("a", o, work.Pending, ReasonSuspended); got.Message != "data.key" {
		t.Errorf("message is %q, want the field", got.Message)
	}
}

// TestMarksTaken: where what we know our objects by is taken from them as they are
// written, that is told, and they are not written again and again.
func TestMarksTaken(t *testing.T) {
	for _, tt := range []struct {
		mark     string
		existing work.Existing
		admit    func(*unstructured.Unstructured)
	}{
		{"label " + LabelManagedBy, work.Adopt, func(o *unstructured.Unstructured) { o.SetLabels(map[string]string{LabelManagedBy: "Helm"}) }},
		{"label " + LabelManagedBy, work.Leave, func(o *unstructured.Unstructured) { o.SetLabels(nil) }},
		{"annotation " + AnnotationApplied, work.Adopt, func(o *unstructured.Unstructured) { o.SetAnnotations(nil) }},
	} {
		t.Run(tt.mark+" "+string(tt.existing), func(t *testing.T) {
			w := newWorld(t, func(c *Config) { c.Shortest, c.Longest = time.Second, time.Minute }, "a")
			s := w.servers["a"]
			s.set(func() {
				s.admit = func(o *unstructured.Unstructured) {
					if o.GetKind() == "ConfigMap" {
						tt.admit(o)
					}
				}
			})
			o := configMap("m", map[string]any{"a": "1"})
			w.do("a", o, func(t *work.Task) { t.Existing = tt.existing })
			if got := w.comes("a", o, work.Failed, ReasonUnmarked); !strings.Contains(got.Message, "takes the "+tt.mark+" from") {
				t.Errorf("message is %q, want %s", got.Message, tt.mark)
			}
			// Created, made an apply's, applied; and applied once more where the watch told of
			// that before its answer was here.
			if writes := s.writes(); len(writes) > 4 {
				t.Errorf("%s: wrote %v", tt.mark, writes)
			}
			s.set(func() { s.admit = nil })
			if tt.existing == work.Leave {
				if got := w.comes("a", o, work.Failed, ReasonConflict); !strings.Contains(got.Message, "fedns made it") {
					t.Errorf("message is %q", got.Message)
				}
				return
			}
			w.comes("a", o, work.Applied, "")
		})
	}
}

// TestPriority: what somebody changes just now goes before a start's flood.
func TestPriority(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.InFlight = 1 }, "a")
	s := w.servers["a"]
	o := configMap("urgent", map[string]any{"a": "1"})
	w.do("a", o)
	w.comes("a", o, work.Applied, "")
	hold := make(chan struct{})
	s.set(func() { s.hang = hold })
	for i := range 100 {
		w.do("a", configMap(fmt.Sprintf("m-%d", i), nil))
	}
	w.do("a", o, removal)
	s.set(func() { s.hang = nil })
	close(hold)
	w.comes("a", o, work.Removed, "")
	writes := s.writes()
	if at := slices.Index(writes, "delete configmaps"); at < 0 || at > 3 {
		t.Errorf("the deletion was call %d", at)
	}
}

// TestForget: everything that is left is told as abandoned, once, and the cluster can
// come back.
func TestForget(t *testing.T) {
	w := newWorld(t, nil, "a")
	there, going := configMap("there", nil), configMap("going", nil)
	w.do("a", there)
	w.do("a", going)
	w.comes("a", there, work.Applied, "")
	w.comes("a", going, work.Applied, "")
	w.servers["a"].edit(t, "backup", "configmaps/shop/going", func(o *unstructured.Unstructured) { o.SetFinalizers([]string{"backup.example.com/wait"}) })
	w.do("a", going, removal)
	w.comes("a", going, work.Removing, ReasonFinalizers)
	w.p.Forget("a")
	w.p.Forget("a") // nobody of that name any more
	w.comes("a", there, work.Abandoned, "")
	if got := w.comes("a", going, work.Abandoned, ""); got.Message == "" {
		t.Error("it is not said what may be left")
	}
	if w.servers["a"].get("configmaps/shop/there") == nil {
		t.Error("who is forgotten loses nothing")
	}
	before := len(w.servers["a"].writes())
	w.do("a", there)
	w.comes("a", there, work.Applied, "")
	if writes := w.servers["a"].writes()[before:]; len(writes) > 0 {
		t.Errorf("wrote %v to a cluster that came back", writes)
	}
}

// TestOverview: what is away and what is not done can be seen.
func TestOverview(t *testing.T) {
	w := newWorld(t, nil, "b", "a")
	w.servers["b"].http.Close()
	o := configMap("m", nil)
	w.do("a", o)
	w.do("b", o)
	w.comes("a", o, work.Applied, "")
	w.comes("b", o, work.Failed, ReasonUnreachable)
	var all []Overview
	eventually(t, func() error {
		if all = w.p.Overviews(); len(all) > 0 && all[0].Queued > 0 {
			return errors.New("a worker has not put it away yet")
		}
		return nil
	})
	if len(all) != 2 || all[0].Cluster != "a" || all[0].Away != "" || all[0].Phases[work.Applied] != 1 || all[0].Queued != 0 {
		t.Errorf("a: %+v", all[0])
	}
	if all[1].Away != ReasonUnreachable || all[1].Since.IsZero() || all[1].Phases[work.Failed] != 1 || all[1].Queued != 1 {
		t.Errorf("b: %+v", all[1])
	}
}

// TestOneHangs: an object that a webhook hangs over delays no other of its member.
func TestOneHangs(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.CallTimeout = 200 * time.Millisecond }, "a")
	s := w.servers["a"]
	hang := make(chan struct{})
	s.set(func() {
		s.webhook = func(o *unstructured.Unstructured) {
			if o.GetName() == "hangs" {
				<-hang
			}
		}
	})
	bad := configMap("hangs", nil)
	w.do("a", bad)
	w.comes("a", bad, work.Failed, ReasonTimeout)
	for i := range 20 {
		o := configMap(fmt.Sprintf("m-%d", i), nil)
		w.do("a", o)
		w.comes("a", o, work.Applied, "")
	}
	if o := w.p.Overviews()[0]; o.Away != "" {
		t.Errorf("the member is taken to be away: %s", o.Message)
	}
	s.set(func() { s.webhook = nil })
	close(hang)
	w.comes("a", bad, work.Applied, "")
}

// TestNamespaced: an order that cannot be of its kind is told so.
func TestNamespaced(t *testing.T) {
	w := newWorld(t, nil, "a")
	nowhere, somewhere := configMap("m", nil), object("v1", "Namespace", "shop", "n", nil)
	nowhere.SetNamespace("")
	w.do("a", nowhere)
	w.do("a", somewhere)
	if got := w.comes("a", nowhere, work.Failed, "Invalid"); got.Message != "ConfigMap has to be in a namespace there, and is ordered otherwise" {
		t.Errorf("message %q", got.Message)
	}
	w.comes("a", somewhere, work.Failed, "Invalid")
}
