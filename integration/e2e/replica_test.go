package e2e

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fedns/fedns/integration/harness"
	"github.com/fedns/fedns/integration/harness/process"
)

// replica is a pod of the Deployment with a kubelet's work done by hand: the
// image's file system as its root, the pod's own volumes, arguments, user and
// ServiceAccount. It shares the host's network, since the API servers listen on
// loopback.
type replica struct {
	*harness.Daemon // its addresses
	image           image
	cluster         *harness.Cluster
	pod             *corev1.Pod
	spawner         *process.Spawner
	refreshed       int
}

// accountDir is where client-go looks for the pod's account.
const accountDir = "/var/run/secrets/kubernetes.io/serviceaccount"

// newReplica builds the image. What is started of it ends with the test.
func newReplica(t *testing.T) *replica {
	t.Helper()
	r := &replica{image: buildImage(t), spawner: process.NewSpawner()}
	r.image.static(t)
	t.Cleanup(func() {
		if r.Daemon != nil && r.Process != nil {
			if t.Failed() {
				t.Logf("%s", r.Process.Tail(40))
			}
			if err := r.Process.Kill(); err != nil {
				t.Error(err)
			}
		}
		r.spawner.Close()
	})
	return r
}

// schedule prepares for a pod that the cluster runs on paper, whose
// configuration has it listen at these addresses.
func (r *replica) schedule(t *testing.T, c *harness.Cluster, pod *corev1.Pod, dns, http string) {
	t.Helper()
	r.cluster, r.pod, r.Daemon = c, pod, &harness.Daemon{DNSAddr: dns, HTTPAddr: http}
	if err := os.MkdirAll(r.image.file("/etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	// dnsPolicy: Default is the node's file. Nothing here is to be asked.
	if err := os.WriteFile(r.image.file("/etc/resolv.conf"), []byte("nameserver 127.0.0.1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	r.account(t)
	r.refresh(t)
}

// account gives the pod its ServiceAccount's token, for as long as a kubelet would.
func (r *replica) account(t *testing.T) {
	t.Helper()
	accounts := r.cluster.Client().CoreV1().ServiceAccounts(r.pod.Namespace)
	token, err := accounts.CreateToken(t.Context(), r.pod.Spec.ServiceAccountName, &authenticationv1.TokenRequest{
		Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: new(int64(3607)), BoundObjectRef: &authenticationv1.BoundObjectReference{
			Kind: "Pod", APIVersion: "v1", Name: r.pod.Name, UID: r.pod.UID,
		}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r.volume(t, accountDir, 0o644, map[string][]byte{
		"token": []byte(token.Status.Token), "ca.crt": r.cluster.RESTConfig().CAData, "namespace": []byte(r.pod.Namespace),
	})
}

// refresh brings the pod's volumes up to date, as a kubelet does every minute or so.
func (r *replica) refresh(t *testing.T) {
	t.Helper()
	core := r.cluster.Client().CoreV1()
	for _, m := range r.pod.Spec.Containers[0].VolumeMounts {
		for _, v := range r.pod.Spec.Volumes {
			switch {
			case v.Name != m.Name:
			case v.ConfigMap != nil:
				object, err := core.ConfigMaps(r.pod.Namespace).Get(t.Context(), v.ConfigMap.Name, metav1.GetOptions{})
				if err != nil {
					t.Fatal(err)
				}
				data := map[string][]byte{}
				for key, text := range object.Data {
					data[key] = []byte(text)
				}
				r.volume(t, m.MountPath, *v.ConfigMap.DefaultMode, data)
			case v.Secret != nil:
				object, err := core.Secrets(r.pod.Namespace).Get(t.Context(), v.Secret.SecretName, metav1.GetOptions{})
				if err != nil && (!apierrors.IsNotFound(err) || !*v.Secret.Optional) {
					t.Fatal(err)
				}
				r.volume(t, m.MountPath, *v.Secret.DefaultMode, object.Data)
			default:
				t.Fatalf("volume %s is of a kind that this test does not know", v.Name)
			}
		}
	}
}

// volume writes a volume as a kubelet does: files in a folder of that moment,
// which a link points to that is replaced at once. Root owns them, and the group
// is the pod's fsGroup.
func (r *replica) volume(t *testing.T, mount string, mode int32, data map[string][]byte) {
	t.Helper()
	r.refreshed++
	now := fmt.Sprintf("..%d", r.refreshed)
	dir := r.image.file(mount)
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(os.MkdirAll(filepath.Join(dir, now), 0o755))
	for name, content := range data {
		file := filepath.Join(dir, now, name)
		check(os.WriteFile(file, content, 0o600))
		check(os.Chown(file, 0, int(*r.pod.Spec.SecurityContext.FSGroup)))
		check(os.Chmod(file, os.FileMode(mode)))
		if err := os.Symlink("..data/"+name, filepath.Join(dir, name)); err != nil && !os.IsExist(err) {
			t.Fatal(err)
		}
	}
	before, _ := os.Readlink(filepath.Join(dir, "..data")) // none the first time
	check(os.Symlink(now, filepath.Join(dir, "..data_tmp")))
	check(os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")))
	if before != "" {
		check(os.RemoveAll(filepath.Join(dir, before)))
	}
}

// launch starts the container.
func (r *replica) launch(t *testing.T) {
	t.Helper()
	api, err := url.Parse(r.cluster.RESTConfig().Host)
	if err != nil {
		t.Fatal(err)
	}
	user := r.pod.Spec.SecurityContext
	if id := fmt.Sprintf("%d:%d", *user.RunAsUser, *user.RunAsGroup); id != r.image.user {
		t.Errorf("the pod runs as %s, the image is made for %s", id, r.image.user)
	}
	r.Process, err = r.spawner.Start(process.Command{
		Name: r.pod.Name, Path: r.image.entrypoint, Args: r.pod.Spec.Containers[0].Args, Root: r.image.root,
		User: &syscall.Credential{Uid: uint32(*user.RunAsUser), Gid: uint32(*user.RunAsGroup), Groups: []uint32{uint32(*user.FSGroup)}},
		Env:  []string{"KUBERNETES_SERVICE_HOST=" + api.Hostname(), "KUBERNETES_SERVICE_PORT=" + api.Port()},
		Log:  filepath.Join(filepath.Dir(r.image.root), "log"),
	})
	if err != nil {
		t.Fatal(err)
	}
}

// probe waits until the pod's own readiness probe succeeds.
func (r *replica) probe(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	path := r.pod.Spec.Containers[0].ReadinessProbe.HTTPGet.Path
	err := r.Process.WaitReady(ctx, func(ctx context.Context) error {
		code, body, err := get(ctx, r.Daemon, path)
		if err == nil && code != 200 {
			err = fmt.Errorf("%s: %d %s", path, code, body)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// restart is what becomes of a pod whose container ended.
func (r *replica) restart(t *testing.T) {
	t.Helper()
	if err := r.Process.Stop(10 * time.Second); err != nil {
		t.Fatal(err)
	}
	r.launch(t)
}
