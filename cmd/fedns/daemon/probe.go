package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fedns/fedns/cmd/fedns/config"
	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/inventory"
	"github.com/fedns/fedns/discovery/kubernetes"
	"github.com/fedns/fedns/discovery/quorum"
)

// ReadInventory reads an inventory once, as far as it can before ctx is done. text
// tells what it states. wrong is why it could not be read, or what it finds wrong.
func ReadInventory(ctx context.Context, h config.Host, i config.Inventory) (text string, members []inventory.Member, wrong []error) {
	src, err := NewInventory(h, i, slog.New(slog.DiscardHandler))
	if err != nil {
		return "", nil, []error{err}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	lists, ended := make(chan inventory.List), make(chan error, 1)
	go func() { ended <- src.Run(ctx, lists) }()
	var last inventory.List
	for !last.Read && last.State.Phase != cluster.Unreachable && err == nil {
		select {
		case last = <-lists:
		case err = <-ended:
			ended <- err // for the wait below
			if err == nil {
				err = context.Cause(ctx)
			}
		}
	}
	cancel()
	<-ended
	switch {
	case err != nil:
		return "", nil, []error{err}
	case !last.Read:
		return "", nil, []error{errors.New(last.State.Reason)}
	}
	for _, f := range last.Findings {
		wrong = append(wrong, errors.New(f.String()))
	}
	return yields(last), last.Members, wrong
}

// yields tells what an inventory states, on one line.
func yields(l inventory.List) string {
	names := make([]string, len(l.Members))
	for i, m := range l.Members {
		names[i] = string(m.ID)
	}
	text := fmt.Sprintf("%d clusters", len(names))
	if len(names) > 0 {
		text += ": " + strings.Join(names, ", ")
	}
	if len(l.Absent) > 0 {
		text += "; not served: " + strings.Join(l.Absent, ", ")
	}
	return text
}

// CheckMember asks a cluster that an inventory states for what the daemon needs of it.
func CheckMember(ctx context.Context, cfg *config.Config, i config.Inventory, m inventory.Member) error {
	kc := kubernetes.Config{
		Cluster: m.ID, Kubeconfig: m.Access.File, Context: m.Access.Context, AllowExec: i.AllowExec, Rules: cfg.Exports, Log: slog.New(slog.DiscardHandler),
	}
	if m.Access.File == "" {
		kc.Credentials = kubernetes.NewHeld(m.Object, m.Access.Kubeconfig)
	}
	src, err := kubernetes.New(kc)
	if err != nil {
		return err
	}
	return src.Check(ctx)
}

// CheckHost asks the host for what replicas need of it to agree; it changes
// nothing. text tells what was found: a host that only inventories are read from
// need not let Leases be read.
func CheckHost(ctx context.Context, h config.Host) (text string, err error) {
	rc, err := hostAccess(h)
	if err != nil {
		return "", err
	}
	leases, err := quorum.Connect(rc, h.Namespace)
	if err != nil {
		return "", err
	}
	_, err = leases.List(ctx, metav1.ListOptions{Limit: 1})
	switch {
	case apierrors.IsForbidden(err):
		return fmt.Sprintf("can be reached; its Leases in %s may not be read, so that each replica goes by what it sees itself", h.Namespace), nil
	case err != nil:
		return "", fmt.Errorf("list leases in %s: %w", h.Namespace, err)
	}
	return "its Leases can be read", nil
}
