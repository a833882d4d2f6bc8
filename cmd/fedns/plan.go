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
	var all bool
	cmd := &cobra.Command{
		Use: "plan", Short: "Show what would be written to the providers, and why", Args: cobra.NoArgs,
		Long: `Has the daemon list the hosted zones of its providers, and tells what it would do with each
record set, without doing it. Every replica can be asked, also those that do not write.`,
		Example: "  fedns plan\n  fedns plan --provider aws --all --output json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			plans, err := c.plans(cmd.Context(), provider, all)
			if err != nil {
				return err
			}
			if out == outputJSON {
				err = printJSON(stdout, plans)
			} else {
				printPlans(stdout, plans)
			}
			if err != nil {
				return err
			}
			return failed(plans)
		},
	}
	cmd.Flags().StringVar(&provider, "provider", "", "only this provider")
	cmd.Flags().BoolVar(&all, "all", false, "with what is left as it is")
	c.flag(cmd)
	out.flag(cmd)
	return cmd
}

// failed is what is wrong with the first plan that could not be made.
func failed(plans []api.ZonePlan) error {
	for _, p := range plans {
		if p.Error != "" {
			return wanting{fmt.Errorf("provider %s, zone %s: %s", p.Provider, p.Zone, p.Error)}
		}
	}
	return nil
}

func (c *client) plans(ctx context.Context, provider string, all bool) ([]api.ZonePlan, error) {
	query := url.Values{}
	if provider != "" {
		query.Set("provider", provider)
	}
	if all {
		query.Set("all", "true")
	}
	var answer struct{ Plans []api.ZonePlan }
	ctx, cancel := context.WithTimeout(ctx, planWithin)
	defer cancel()
	err := c.ask(ctx, http.MethodGet, "/api/v1/plan?"+query.Encode(), nil, &answer)
	return answer.Plans, err
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
	if n := p.Counts["refuse"]; n > 0 {
		parts = append(parts, fmt.Sprintf("%d refused", n))
	}
	if len(parts) == 0 {
		parts = append(parts, "nothing to do")
	}
	return strings.Join(append(parts, fmt.Sprintf("%d left as they are", p.Counts["leave"])), ", ")
}
