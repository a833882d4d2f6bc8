package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/fedns/fedns/discovery"
)

// word is a command that says something of a cluster.
type word struct {
	name, short, long, done string
	preview                 bool
}

// words are what the operator can say.
var words = []word{
	{"drain", "Answer a cluster only where nothing else is left", `Has the daemon answer with other clusters wherever they have the Service. What
only this cluster has goes on being answered. It holds until undrain, for this
daemon; clusters[].state in the configuration says it for good and for all replicas.`, "drained", true},
	{"evict", "Answer nothing of a cluster", `Takes a cluster out of the answers altogether, what only it has included.
It holds until undrain, for this daemon.`, "evicted", true},
	{"undrain", "Answer a cluster as the evidence says again", `Takes back drain and evict. What the configuration says stands.`, "left to the evidence", false},
	{"release", "Make the withdrawals that are held of a cluster", `When a cluster loses too many Services at a time, fedns holds them: what was known
goes on being answered. This says that they are meant to be gone.

With --provider it is the record sets of a provider's hosted zones, whose deletion is
held for the same reason, or since none would be left.

With --federation it is the templates whose orders are gone from the host: they stay in
their clusters until this is said.`, "withdrawals made", false},
}

func newWord(w word, stdout io.Writer) *cobra.Command {
	var c client
	var out output
	var preview bool
	var provider string
	var federation bool
	cmd := &cobra.Command{
		Use: w.name + " CLUSTER", Short: w.short, Long: w.long, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if federation {
				return c.releaseFederation(cmd.Context(), stdout, out)
			}
			if provider != "" {
				return c.releaseProvider(cmd.Context(), stdout, out, provider)
			}
			if preview {
				p, err := c.preview(cmd.Context(), args[0], w)
				if err != nil {
					return err
				}
				return p.print(stdout, w, out)
			}
			if err := c.command(cmd.Context(), args[0], w.name); err != nil {
				return err
			}
			if out == outputJSON {
				return printJSON(stdout, struct {
					Cluster string `json:"cluster"`
					Done    string `json:"done"`
				}{args[0], w.name})
			}
			_, err := fmt.Fprintf(stdout, "cluster %s: %s\n", args[0], w.done)
			return err
		},
	}
	if w.preview {
		cmd.Use = w.name + " CLUSTER [--preview]"
		cmd.Flags().BoolVar(&preview, "preview", false, "say what would become of each Service, and do nothing")
	}
	if w.name == "release" {
		cmd.Use = "release CLUSTER | --provider NAME | --federation"
		cmd.Flags().StringVar(&provider, "provider", "", "make the deletions that are held of this provider's hosted zones")
		cmd.Flags().BoolVar(&federation, "federation", false, "take templates out of their clusters whose orders are gone")
		cmd.MarkFlagsMutuallyExclusive("provider", "federation")
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if provider != "" || federation {
				return cobra.NoArgs(cmd, args)
			}
			return cobra.ExactArgs(1)(cmd, args)
		}
	}
	c.flag(cmd)
	out.flag(cmd)
	return cmd
}

func (c *client) releaseProvider(ctx context.Context, stdout io.Writer, out output, name string) error {
	if err := c.do(ctx, http.MethodPost, "/api/v1/providers/"+url.PathEscape(name)+"/release", nil); err != nil {
		return err
	}
	if out == outputJSON {
		return printJSON(stdout, struct {
			Provider string `json:"provider"`
			Done     string `json:"done"`
		}{name, "release"})
	}
	_, err := fmt.Fprintf(stdout, "provider %s: deletions made\n", name)
	return err
}

func (c *client) releaseFederation(ctx context.Context, stdout io.Writer, out output) error {
	var answer struct {
		Released int `json:"released"`
	}
	if err := c.do(ctx, http.MethodPost, "/api/v1/federation/release", &answer); err != nil {
		return err
	}
	if out == outputJSON {
		return printJSON(stdout, answer)
	}
	_, err := fmt.Fprintf(stdout, "%d withdrawals made\n", answer.Released)
	return err
}

// preview is what would become of the Services that a cluster answers. The JSON
// names are stable.
type preview struct {
	Cluster string   `json:"cluster"`
	Moved   []string `json:"moved"`    // others answer for them
	Doubted []string `json:"doubtful"` // others do, of which nobody can say that they work
	Left    []string `json:"left"`     // nobody else can
}

// ranks are how clusters come before each other. What is evicted answers nothing.
var ranks = map[string]int{"first": 0, "behind": 1, "drained": 2}

func (c *client) preview(ctx context.Context, id string, w word) (preview, error) {
	p := preview{Cluster: id, Moved: []string{}, Doubted: []string{}, Left: []string{}}
	var clusters struct{ Clusters []discovery.ClusterStatus }
	var services struct{ Services []discovery.ServiceStatus }
	if err := c.get(ctx, "/api/v1/clusters", &clusters); err != nil {
		return p, err
	}
	standing := map[string]int{}
	stale := map[string]bool{}
	for _, cl := range clusters.Clusters {
		rank, answered := ranks[cl.Standing]
		if !answered {
			rank = len(ranks)
		}
		standing[string(cl.ID)], stale[string(cl.ID)] = rank, cl.Stale
	}
	if _, known := standing[id]; !known {
		return p, wanting{fmt.Errorf("there is no cluster %q", id)}
	}
	if err := c.get(ctx, "/api/v1/services", &services); err != nil {
		return p, err
	}
	for _, s := range services.Services {
		mine, best, doubt := len(ranks), len(ranks), true
		for _, shard := range s.Clusters {
			rank, other := standing[string(shard.Cluster)], string(shard.Cluster) != id
			switch {
			case !shard.Healthy:
			case !other:
				mine = rank
			case rank < best:
				best, doubt = rank, stale[string(shard.Cluster)]
			case rank == best:
				doubt = doubt && stale[string(shard.Cluster)]
			}
		}
		name := s.Namespace + "/" + s.Name
		switch {
		case mine == len(ranks) || mine > best: // it is not answered from here as it is
		case best == len(ranks) || w.name == "drain" && best > ranks["drained"]:
			p.Left = append(p.Left, name)
		case w.name == "drain" && best == ranks["drained"]:
			p.Left = append(p.Left, name) // beside others that are drained
		case best > 0 || doubt:
			p.Doubted = append(p.Doubted, name)
		default:
			p.Moved = append(p.Moved, name)
		}
	}
	return p, nil
}

func (p preview) print(w io.Writer, what word, out output) error {
	if out == outputJSON {
		return printJSON(w, p)
	}
	left := "still answered from it, for nobody else can"
	if what.name == "evict" {
		left = "not answered any more, for nobody else can"
	}
	fmt.Fprintf(w, "cluster %s: %d Services move to other clusters, %d to clusters that nobody can vouch for, %d are %s\n",
		p.Cluster, len(p.Moved), len(p.Doubted), len(p.Left), left)
	for _, group := range []struct {
		how      string
		services []string
	}{{"moves ", p.Moved}, {"doubt ", p.Doubted}, {"alone ", p.Left}} {
		for _, s := range group.services {
			fmt.Fprintln(w, group.how, s)
		}
	}
	return nil
}
