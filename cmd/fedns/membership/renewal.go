package membership

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"

	"github.com/fedns/fedns/discovery/inventory/membercluster"
	"github.com/fedns/fedns/discovery/kubernetes"
	"github.com/fedns/fedns/federation/api/v1alpha1"
)

const (
	// A renewal that failed is tried again after retryFirst, then after twice as long
	// each time, up to retryMax: a third of a day's life leaves room for many.
	retryFirst = 10 * time.Second
	retryMax   = 10 * time.Minute
	// askEvery is how often a member is asked for its version and what is free there.
	// Placement leaves room for what has changed since: it is an estimate.
	askEvery = time.Minute
	// attendWithin bounds all of it: a list of 100,000 Pods takes some seconds.
	attendWithin = 30 * time.Second
	// Where Pods may not be listed, only the version is asked for, less often.
	askForbidden = time.Hour
)

// token is how the token in one Secret stands; Keeper.mu guards it.
type token struct {
	credentials
	revision string // of the Secret, that the credentials are of
	life     life
	busy     bool
	next     time.Time     // not tried before
	wait     time.Duration // the last one
	again    time.Time     // the member is asked then
}

// sweepTokens begins to renew the tokens that are due. run runs each on its own; no
// more than free has room for.
func (k *Keeper) sweepTokens(ctx context.Context, host dynamic.Interface, free chan struct{}, run func(func())) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := time.Now()
	maps.DeleteFunc(k.tokens, func(name string, _ *token) bool { return k.secrets[name] == nil })
	for name, secret := range k.secrets {
		t := k.tokens[name]
		if t == nil {
			t = &token{}
			k.tokens[name] = t
		}
		if t.revision != secret.ResourceVersion && !t.busy {
			t.look(secret)
		}
		due := t.none == "" && !now.Before(t.life.renewAt(k.cfg.RenewBefore))
		if t.busy || now.Before(t.next) || !due && now.Before(t.again) {
			continue
		}
		select {
		case free <- struct{}{}:
		default:
			return // the others' turn comes
		}
		t.busy = true
		run(func() {
			defer func() { <-free }()
			k.attend(ctx, host, secret, due)
		})
	}
}

// look reads the token in a Secret.
func (t *token) look(secret *corev1.Secret) {
	t.revision, t.none, t.err, t.life, t.expires = secret.ResourceVersion, "", "", life{}, time.Time{}
	t.again = time.Time{} // it may have joined again, with other rights
	text, err := tokenIn(secret.Data[membercluster.DefaultKey])
	if err == nil {
		t.life, err = lifeOf(text)
	}
	if err == nil && secret.Annotations[AccountAnnotation] == "" {
		t.expires, err = t.life.to, fmt.Errorf("its Secret has no annotation %s", AccountAnnotation)
	}
	if err != nil {
		t.none = err.Error()
		return
	}
	t.expires, t.next, t.wait = t.life.to, time.Time{}, 0
}

// attend renews the token in a Secret when it is due, and asks the member for its
// version and capacity.
func (k *Keeper) attend(ctx context.Context, host dynamic.Interface, secret *corev1.Secret, due bool) {
	ctx, cancel := context.WithTimeout(ctx, attendWithin)
	defer cancel()
	name := secret.Labels[MemberLabel]
	member, err := memberAccess(secret)
	var version string
	var capacity *v1alpha1.MeasuredCapacity
	ask := askEvery
	if err == nil && due { // before all that may take long
		err = renew(ctx, host, member, secret)
	}
	if err == nil {
		version = versionOf(ctx, member)
	}
	if version != "" { // it answers
		var wrong error
		if capacity, wrong = measure(ctx, member); apierrors.IsForbidden(wrong) {
			ask = askForbidden
		}
	}
	now := time.Now()
	k.mu.Lock()
	defer k.mu.Unlock()
	t := k.tokens[secret.Name]
	if t == nil {
		return // it is gone meanwhile
	}
	t.busy, t.again, t.err = false, now.Add(ask), ""
	if capacity != nil {
		t.capacity = capacity
	}
	if version != "" {
		t.version = version
	}
	if err == nil {
		if due { // the renewed Secret is seen soon; not again before that
			t.next = now.Add(retryFirst)
			k.cfg.Log.Info("a member's token was renewed", "cluster", name)
		}
		return
	}
	if !due {
		t.next = now.Add(retryMax)
		return
	}
	t.wait = min(max(2*t.wait, retryFirst), retryMax)
	t.next, t.err = now.Add(t.wait), err.Error()
	if now.After(t.expires) {
		t.err += "; the token is no longer good, so that the cluster has to join again"
	}
	if k.cfg.Tell != nil && t.wait == retryFirst { // once, until it succeeds
		k.cfg.Tell(true, "TokenNotRenewed", fmt.Sprintf("the token of cluster %s, which is good until %s, could not be renewed: %s", name, t.expires.UTC().Format(time.RFC3339), t.err))
	}
	if ctx.Err() == nil || errors.Is(ctx.Err(), context.DeadlineExceeded) {
		k.cfg.Log.Warn("a member's token could not be renewed", "cluster", name, "expires", t.expires, "again", t.wait.String(), "error", err)
	}
}

// memberAccess is a member by the kubeconfig in its Secret, by the rules that hold for
// objects: it names no files and runs no commands.
func memberAccess(secret *corev1.Secret) (*rest.Config, error) {
	rc, err := kubernetes.RESTConfig(kubernetes.Config{Credentials: kubernetes.NewHeld("Secret "+secret.Namespace+"/"+secret.Name, secret.Data[membercluster.DefaultKey])})
	if err != nil {
		return nil, err
	}
	rc.Timeout = writeWithin
	return rc, nil
}

// renew has a member make a new token as long-lived as the one before, and writes it
// into the Secret, unless that is another one by now. The old token stays good until
// its end.
func renew(ctx context.Context, host dynamic.Interface, member *rest.Config, secret *corev1.Secret) error {
	namespace, account, ok := strings.Cut(secret.Annotations[AccountAnnotation], "/")
	if !ok {
		return fmt.Errorf("annotation %s: got %.80q, want NAMESPACE/NAME", AccountAnnotation, secret.Annotations[AccountAnnotation])
	}
	raw := secret.Data[membercluster.DefaultKey]
	old, err := tokenIn(raw)
	if err != nil {
		return err
	}
	was, err := lifeOf(old)
	if err != nil {
		return err
	}
	text, _, err := requestToken(ctx, member, namespace, account, was.length())
	if err != nil {
		return err
	}
	if raw, err = withToken(raw, text); err != nil {
		return err
	}
	patch, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"resourceVersion": secret.ResourceVersion},
		"data":     map[string][]byte{membercluster.DefaultKey: raw},
	})
	if err != nil {
		return err
	}
	_, err = host.Resource(secrets).Namespace(secret.Namespace).Patch(ctx, secret.Name, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: "fedns"})
	if err != nil {
		return fmt.Errorf("write the new token: %w", err)
	}
	return nil
}

// versionOf is a member's version of Kubernetes; empty: it does not say.
func versionOf(ctx context.Context, member *rest.Config) string {
	client, err := corev1client.NewForConfig(member)
	if err != nil {
		return ""
	}
	raw, err := client.RESTClient().Get().AbsPath("/version").Do(ctx).Raw()
	var said struct {
		GitVersion string `json:"gitVersion"`
	}
	if err != nil || json.Unmarshal(raw, &said) != nil || len(said.GitVersion) > 253 {
		return ""
	}
	return said.GitVersion
}
