package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fedns/fedns/cmd/fedns/api"
)

func newPlan(stdout io.Writer) *cobra.Command {
	var c client
	var out output
	var provider string
	var all, members bool
	cmd := &cobra.Command{
		Use: "plan", Short: "Show what would be written to the providers and members, and why", Args: cobra.NoArgs,
		Long: `Has the daemon list the hosted zones of its providers, and tells what it would do with each
record set, without doing it, and what of it waits for fedns release. Every replica can be asked
for that, also those that do not write: they tell what would wait.

Where templates are propagated, it tells as well what would be done in member clusters, and
what of it is not done yet. The replica that propagates has to be asked for that.`,
		Example: "  fedns plan\n  fedns plan --provider aws --all --output json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			plans, err := c.plans(cmd.Context(), provider, all)
			if err != nil {
				return err
			}
			if err := plans.print(stdout, out, members); err != nil {
				return err
			}
			return plans.failed()
		},
	}
	cmd.Flags().StringVar(&provider, "provider", "", "only this provider")
	cmd.Flags().BoolVar(&all, "all", false, "with what is left as it is")
	cmd.Flags().BoolVar(&members, "members", false, "only what would be done in member clusters; with --output json, that is where it is told")
	cmd.MarkFlagsMutuallyExclusive("provider", "members")
	c.flag(cmd)
	out.flag(cmd)
	return cmd
}

// print prints the plans. In JSON it is the list of the hosted zones' plans, or what
// is planned for members.
func (p planned) print(w io.Writer, out output, members bool) error {
	if members && p.Members == nil {
		return wanting{fmt.Errorf("nothing is propagated: the daemon's configuration has no section propagation")}
	}
	switch {
	case out == outputJSON && members:
		return printJSON(w, p.Members)
	case out == outputJSON:
		return printJSON(w, p.Plans)
	}
	if !members {
		printPlans(w, p.Plans)
	}
	printMembers(w, p.Members)
	return nil
}

// failed is what is wrong with the first plan that could not be made.
func (p planned) failed() error {
	if m := p.Members; m != nil && m.Error != "" {
		return wanting{fmt.Errorf("members: %s", m.Error)}
	}
	for _, z := range p.Plans {
		if z.Error != "" {
			return wanting{fmt.Errorf("provider %s, zone %s: %s", z.Provider, z.Zone, z.Error)}
		}
	}
	return nil
}

// planned is what /api/v1/plan answers.
type planned struct {
	Plans   []api.ZonePlan   `json:"plans"`
	Members *api.MembersPlan `json:"members,omitempty"`
}

func (c *client) plans(ctx context.Context, provider string, all bool) (answer planned, err error) {
	query := url.Values{}
	if provider != "" {
		query.Set("provider", provider)
	}
	if all {
		query.Set("all", "true")
	}
	ctx, cancel := context.WithTimeout(ctx, planWithin)
	defer cancel()
	return answer, c.ask(ctx, http.MethodGet, "/api/v1/plan?"+query.Encode(), nil, &answer)
}

// printMembers tells what would be done in members; nil: nothing is propagated.
func printMembers(w io.Writer, m *api.MembersPlan) {
	switch {
	case m == nil:
		return
	case m.Error != "":
		fmt.Fprintf(w, "members: cannot be planned: %s\n", m.Error)
		return
	case len(m.Actions) == 0:
		fmt.Fprintln(w, "members: nothing to do")
		return
	}
	fmt.Fprintf(w, "members: %d to do\n", len(m.Actions))
	for _, a := range m.Actions {
		where, replicas := "", ""
		if a.Cluster != "" {
			where = " in " + a.Cluster
		}
		if a.Replicas > 0 {
			replicas = fmt.Sprintf(", %d replicas", a.Replicas)
		}
		fmt.Fprintf(w, "  %-8s%s%s%s: %s\n", a.Action, a.Object, where, replicas, a.Reason)
	}
}

func printPlans(w io.Writer, plans []api.ZonePlan) {
	if len(plans) == 0 {
		fmt.Fprintln(w, "no provider is configured")
	}
	for _, p := range plans {
		fmt.Fprintf(w, "%s %s: %s\n", p.Provider, p.Zone, counts(p))
		printActions(w, p.Actions)
	}
}

func printActions(w io.Writer, all []api.PlanAction) {
	for _, a := range all {
		fmt.Fprintf(w, "  %-8s%s: %s\n", a.Action, a.Record, a.Reason)
		if a.Held != "" {
			fmt.Fprintf(w, "          held: %s\n", a.Held)
		}
		for _, line := range []struct{ sign, text string }{{"-", a.Old}, {"+", a.New}} {
			if line.text != "" {
				fmt.Fprintf(w, "          %s %s\n", line.sign, line.text)
			}
		}
	}
}

// counts is "2 to create, 1 to delete, 3 as they are".
func counts(p api.ZonePlan) string {
	if p.Error != "" {
		return "cannot be planned: " + p.Error
	}
	var parts []string
	for _, verb := range []string{"create", "replace", "delete"} {
		if n := p.Counts[verb]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d to %s", n, verb))
		}
	}
	if n := p.Counts["held"]; n > 0 {
		parts = append(parts, fmt.Sprintf("%d of them held", n))
	}
	if n := p.Counts["refuse"]; n > 0 {
		parts = append(parts, fmt.Sprintf("%d refused", n))
	}
	if len(parts) == 0 {
		parts = append(parts, "nothing to do")
	}
	return strings.Join(append(parts, fmt.Sprintf("%d left as they are", p.Counts["leave"])), ", ")
}
