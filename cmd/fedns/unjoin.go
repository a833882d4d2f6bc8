package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/fedns/fedns/cmd/fedns/membership"
	"github.com/fedns/fedns/discovery/inventory"
)

func newUnjoin(stdout io.Writer) *cobra.Command {
	var s sides
	var l membership.Leaving
	var out output
	cmd := &cobra.Command{
		Use: "unjoin NAME [--kubeconfig FILE]", Short: "Have a cluster be a member no longer", Args: cobra.ExactArgs(1),
		Long: `Deletes what join made: in the host the MemberCluster and its Secret, and with
--kubeconfig the account and its roles in the member. From then on other clusters answer
its names. What could not be deleted is told, and makes the exit code 1; it may be run
again. While templates are placed there it does nothing, unless --force: then they stay
there.`,
		Example: "  fedns unjoin eu-1 --kubeconfig eu-1.kubeconfig\n  fedns unjoin eu-1 --force   # of a cluster that is gone",
		RunE: func(cmd *cobra.Command, args []string) error {
			l.Name, l.Namespace = args[0], s.namespace
			return s.leave(cmd.Context(), l, stdout, out)
		},
	}
	s.flags(cmd)
	cmd.Flags().BoolVar(&l.Purge, "purge", false, "delete the namespace fedns in the member too, with all that is in it")
	cmd.Flags().BoolVar(&l.Force, "force", false, "although templates are placed there; they stay")
	out.flag(cmd)
	return cmd
}

func (s *sides) leave(ctx context.Context, l membership.Leaving, stdout io.Writer, out output) (err error) {
	if err := inventory.CheckName(l.Name); err != nil {
		return fmt.Errorf("NAME: %w", err)
	}
	if l.Purge && s.kubeconfig == "" {
		return fmt.Errorf("--purge: want --kubeconfig beside it")
	}
	if s.kubeconfig != "" {
		if l.Member, err = access(s.kubeconfig, s.context); err != nil {
			return wanting{fmt.Errorf("--kubeconfig: %w", err)}
		}
	}
	if s.dryRun {
		member, host := l.Plan()
		for i := range member {
			member[i].Object = identity(member[i])
		}
		for i := range host {
			host[i].Object = identity(host[i])
		}
		return printObjects(stdout, out, member, host)
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	if l.Host, err = s.host(); err != nil {
		return wanting{err}
	}
	steps, err := l.Do(ctx)
	if err != nil {
		return wanting{fmt.Errorf("cluster %s: %w", l.Name, err)}
	}
	if out == outputJSON {
		err = printJSON(stdout, struct {
			Cluster string            `json:"cluster"`
			Steps   []membership.Step `json:"steps"`
		}{l.Name, steps})
	} else {
		printSteps(stdout, steps)
	}
	if err != nil {
		return err
	}
	if n := membership.Failed(steps); n > 0 {
		return wanting{fmt.Errorf("cluster %s: %d objects could not be deleted", l.Name, n)}
	}
	return nil
}

func printSteps(w io.Writer, steps []membership.Step) {
	for _, s := range steps {
		why := s.Why
		if why != "" {
			why = ": " + why
		}
		fmt.Fprintf(w, "%-6s  %-7s  %s%s\n", s.Where, s.Did, s.Object, why)
	}
}

// identity is what an object is deleted by.
func identity(o membership.Object) map[string]any {
	metadata := map[string]any{"name": o.GetName()}
	if o.GetNamespace() != "" {
		metadata["namespace"] = o.GetNamespace()
	}
	return map[string]any{"apiVersion": o.GetAPIVersion(), "kind": o.GetKind(), "metadata": metadata}
}

// kubectlFile is where kubectl looks: the first file of $KUBECONFIG, else of the home folder.
func kubectlFile() string {
	if list := filepath.SplitList(os.Getenv("KUBECONFIG")); len(list) > 0 {
		return list[0]
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return filepath.Join(home, ".kube", "config")
}
