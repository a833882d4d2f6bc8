package integration

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/kubernetes"
	"github.com/fedns/fedns/discovery/quorum"
	"github.com/fedns/fedns/integration/harness"
)

// TestReplicasAgree: three replicas tell each other by Leases of a real API server
// what they see, with no right but those that deploy/ gives; one is cut off.
func TestReplicasAgree(t *testing.T) {
	f := harness.Start(t, harness.Options{Clusters: []harness.Spec{{Name: "host", Nodes: 2}}})
	host := f.Cluster("host")
	for _, file := range []string{"namespace.yaml", "rbac.yaml"} {
		text, err := os.ReadFile(filepath.Join("..", "deploy", "manifests", file))
		if err != nil {
			t.Fatal(err)
		}
		if err := host.Apply(t.Context(), string(text)); err != nil {
			t.Fatal(err)
		}
	}
	token, err := host.Client().CoreV1().ServiceAccounts("fedns").CreateToken(t.Context(), "fedns", &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	account := func(dial func(context.Context, string, string) (net.Conn, error)) *rest.Config {
		admin := host.RESTConfig()
		return &rest.Config{Host: admin.Host, BearerToken: token.Status.Token, TLSClientConfig: rest.TLSClientConfig{CAData: admin.CAData}, Dial: dial}
	}
	var all []*replica
	for i := range 3 {
		all = append(all, startReplica(t, fmt.Sprint("r", i), account))
	}

	for _, r := range all {
		r.see(cluster.Up)
	}
	agreed(t, "up", 3, all...)
	all[0].see(cluster.Down)
	harness.Eventually(t, 30*time.Second, func(context.Context) error {
		if f := all[2].findings(); !strings.Contains(f, "yes say r1, r2, no say r0, of 3 it is taken for up") {
			return fmt.Errorf("findings are %s", f)
		}
		return nil
	})
	agreed(t, "up", 3, all...)
	all[1].see(cluster.Down)
	agreed(t, "down", 3, all...)
	all[0].see(cluster.Up)
	all[1].see(cluster.Up)
	agreed(t, "up", 3, all...)
	harness.Eventually(t, 30*time.Second, func(context.Context) error {
		for _, r := range all { // nobody goes by what another saw before
			if f := r.findings(); f != "[]" {
				return errors.New(f)
			}
		}
		return nil
	})

	// Cut off from everything: what was agreed holds for it, and the others do without.
	all[0].cut(true)
	all[0].see(cluster.Down)
	harness.Eventually(t, 40*time.Second, func(context.Context) error {
		if s := all[0].Stats(); s.Fresh != 1 || !strings.Contains(fmt.Sprint(s.Findings), "neither the host cluster nor any other can be reached") {
			return fmt.Errorf("the one that is cut off: %+v", s)
		}
		return nil
	})
	agreed(t, "up", 2, all[1:]...)
	agreed(t, "up", 1, all[0])
	all[0].cut(false)
	agreed(t, "up", 3, all...)

	t.Run("leases go", func(t *testing.T) { leasesGo(t, host, account(nil)) })
	t.Run("nodes work", func(t *testing.T) { nodesWork(t, host) })
}

// leasesGo: the Lease of a replica that is long gone can be deleted, and only
// while it is as it was.
func leasesGo(t *testing.T, host *harness.Cluster, rc *rest.Config) {
	leases, err := quorum.Connect(rc, "fedns")
	if err != nil {
		t.Fatal(err)
	}
	now, err := host.Client().CoordinationV1().Leases("fedns").Get(t.Context(), "fedns-r2", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	stale := "1"
	err = leases.Delete(t.Context(), now.Name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &now.UID, ResourceVersion: &stale}})
	if !apierrors.IsConflict(err) {
		t.Errorf("one that has moved since is deleted: %v", err)
	}
	harness.Eventually(t, 20*time.Second, func(ctx context.Context) error { // it is being renewed
		now, err := host.Client().CoordinationV1().Leases("fedns").Get(ctx, "fedns-r2", metav1.GetOptions{})
		if err != nil {
			return err
		}
		return leases.Delete(ctx, now.Name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &now.UID, ResourceVersion: &now.ResourceVersion}})
	})
}

// nodesWork: KWOK renews the nodes' Leases as kubelets do.
func nodesWork(t *testing.T, host *harness.Cluster) {
	source, err := kubernetes.New(kubernetes.Config{Cluster: "host", Kubeconfig: host.Kubeconfig, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	up := make(chan cluster.Update)
	var running sync.WaitGroup
	running.Go(func() {
		_ = source.Run(ctx, up)
		close(up)
	})
	defer running.Wait()
	var last cluster.Liveness
	for u := range up {
		if u.Nodes == nil {
			continue
		}
		if last = *u.Nodes; last.Signal == cluster.Up {
			cancel()
		}
	}
	if last.Signal != cluster.Up {
		t.Errorf("nodes are %v: %s", last.Signal, last.Reason)
	}
}

// replica is one replica of fedns, as far as it agrees with others on cluster c.
type replica struct {
	*quorum.Agreement
	mu   sync.Mutex
	last quorum.Agreed
	off  bool
	open []net.Conn
}

func startReplica(t *testing.T, name string, account func(func(context.Context, string, string) (net.Conn, error)) *rest.Config) *replica {
	r := &replica{}
	rc := account(r.dial)
	r.Agreement = quorum.New(quorum.Config{
		Identity: name, Log: slog.New(slog.DiscardHandler),
		Connect: func() (quorum.Leases, error) { return quorum.Connect(rest.CopyConfig(rc), "fedns") },
		Report: func(_ cluster.ID, a quorum.Agreed) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.last = a
		},
	})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { r.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })
	return r
}

func (r *replica) dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := (&net.Dialer{}).DialContext(ctx, network, address)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil && r.off {
		_ = c.Close()
		err = errors.New("cut off")
	}
	if err == nil {
		r.open = append(r.open, c)
	}
	return c, err
}

// cut takes the replica's network away, or gives it back.
func (r *replica) cut(off bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.off = off
	for _, c := range r.open {
		_ = c.Close()
	}
	r.open = nil
}

func (r *replica) see(s cluster.Signal) {
	r.SetData("c", cluster.Liveness{Signal: s, Since: time.Now(), Reason: "as the test says"})
}

func (r *replica) findings() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return fmt.Sprint(r.last.Findings)
}

// agreed waits until replicas agree on the cluster, and on how many they are.
func agreed(t *testing.T, want string, fresh int, all ...*replica) {
	t.Helper()
	harness.Eventually(t, 40*time.Second, func(context.Context) error {
		for i, r := range all {
			r.mu.Lock()
			got := r.last
			r.mu.Unlock()
			if s := r.Stats(); got.Data.Signal.String() != want || s.Fresh != fresh {
				return fmt.Errorf("replica %d of these: %+v, %+v", i, got, s)
			}
		}
		return nil
	})
}
