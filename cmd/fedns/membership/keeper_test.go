package membership

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/fedns/fedns/discovery"
	"github.com/fedns/fedns/federation/api/v1alpha1"
)

// TestWritesSeldom: a status is written when it changes, and once in ten seconds at
// the most; nothing at all is written while nothing changes.
func TestWritesSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		state := live
		host := fake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), map[schema.GroupVersionResource]string{v1alpha1.MemberClusters: "MemberClusterList"})
		k := New(Config{Clusters: func() []discovery.ClusterStatus {
			c := state
			c.ID = "eu-1"
			return []discovery.ClusterStatus{c}
		}, Log: slog.New(slog.DiscardHandler)})
		k.objects, k.written, k.tokens = map[string]*v1alpha1.MemberCluster{}, map[string]time.Time{}, map[string]*token{}
		k.objects["eu-1"] = &v1alpha1.MemberCluster{ObjectMeta: metav1.ObjectMeta{Name: "eu-1", ResourceVersion: "1"}}
		handler := seen[v1alpha1.MemberCluster]{&k.mu, k.objects}
		var writes []time.Duration
		begin := time.Now()
		host.PrependReactor("update", "memberclusters", func(a clienttesting.Action) (bool, runtime.Object, error) {
			if a.GetSubresource() != "status" {
				t.Errorf("wrote %q", a.GetSubresource())
			}
			writes = append(writes, time.Since(begin))
			o := a.(clienttesting.UpdateAction).GetObject().(*unstructured.Unstructured)
			handler.Put(o.DeepCopy()) // as the watch tells
			return true, o, nil
		})
		for range 60 { // a minute
			k.sweepStatuses(t.Context(), host)
			time.Sleep(time.Second)
		}
		if len(writes) != 1 {
			t.Errorf("nothing changed, and it was written at %v", writes)
		}
		writes, begin = nil, time.Now()
		for i := range 60 { // up and down each second
			state.Signals.Data = []string{"up", "down"}[i%2]
			k.sweepStatuses(t.Context(), host)
			time.Sleep(time.Second)
		}
		if len(writes) < 3 || len(writes) > 6 {
			t.Errorf("it was written at %v", writes)
		}
		for i := range writes[1:] {
			if gap := writes[i+1] - writes[i]; gap < writeEvery {
				t.Errorf("written again after %v", gap)
			}
		}
	})
}

// TestRenewsInTime: tokens that are due are renewed, each by itself, and one that
// hangs keeps nobody else from it.
func TestRenewsInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := New(Config{Log: slog.New(slog.DiscardHandler)})
		k.tokens, k.secrets = map[string]*token{}, map[string]*corev1.Secret{}
		made := time.Now()
		for _, name := range []string{"a", "b", "none"} {
			raw, err := kubeconfig(name, noServer, jwt(made, made.Add(24*time.Hour)))
			if err != nil {
				t.Fatal(err)
			}
			s := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name, ResourceVersion: "1", Annotations: map[string]string{AccountAnnotation: "fedns/fedns-member"}}, Data: map[string][]byte{"kubeconfig": raw}}
			if name == "none" {
				s.Annotations = nil // not join's
			}
			k.secrets[name] = s
		}
		var mu sync.Mutex
		free := make(chan struct{}, atOnce)
		sweep := func() (begun int) {
			k.sweepTokens(t.Context(), nil, free, func(func()) {
				mu.Lock()
				defer mu.Unlock()
				begun++
				<-free
			})
			return begun
		}
		// At the start each member is asked how it is; that ends.
		if got := sweep(); got != 3 {
			t.Errorf("began %d, want 3", got)
		}
		done := func() {
			for _, tok := range k.tokens {
				tok.busy, tok.again, tok.next = false, time.Now().Add(48*time.Hour), time.Time{}
			}
		}
		done()
		time.Sleep(16*time.Hour - 2*time.Second)
		if got := sweep(); got != 0 {
			t.Errorf("renewed %d before two thirds of their life", got)
		}
		time.Sleep(2 * time.Second)
		if got := sweep(); got != 2 {
			t.Errorf("renewed %d, want 2", got)
		}
		if got := sweep(); got != 0 {
			t.Errorf("renewed %d that are being renewed", got)
		}
		if k.tokens["none"].none == "" {
			t.Error("a token that join has not made counts as its")
		}
		// Nobody is there: again later, and later.
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(errors.New("the end"))
		var waits []time.Duration
		for range 8 {
			k.attend(ctx, nil, k.secrets["a"], true)
			waits = append(waits, k.tokens["a"].wait)
		}
		if waits[0] != retryFirst || waits[1] != 2*retryFirst || waits[7] != retryMax || k.tokens["a"].err == "" {
			t.Errorf("tried again after %v: %q", waits, k.tokens["a"].err)
		}
	})
}
