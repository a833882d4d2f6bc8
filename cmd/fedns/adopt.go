package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"

	"github.com/spf13/cobra"

	"github.com/fedns/fedns/cmd/fedns/api"
)

func newAdopt(stdout io.Writer) *cobra.Command {
	var c client
	var out output
	var provider, keyFile string
	var a api.Adoption
	cmd := &cobra.Command{
		Use: "adopt --from-owner OWNER --provider NAME [--dry-run]", Short: "Take over the records that external-dns wrote", Args: cobra.NoArgs,
		Long: `Finds what an owner of external-dns holds in the provider's hosted zones, by its TXT registry.
Of that, what fedns wants itself becomes its own, in one batch each: the record set as fedns has it, its
claim, and external-dns's TXT gone. The name is answered all the while. What fedns does not want is
listed, and stays external-dns's. End that external-dns first, or let it have other names.
The word is for what is there now. Say it to the replica that writes.`,
		Example: "  fedns adopt --provider aws --from-owner my-cluster --dry-run\n  fedns adopt --provider aws --from-owner my-cluster --txt-prefix extdns-",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if keyFile != "" {
				key, err := os.ReadFile(keyFile)
				if err != nil {
					return wanting{fmt.Errorf("--txt-encrypt-key-file: %w", err)}
				}
				a.Key = bytes.TrimSpace(key)
			}
			plans, err := c.adopt(cmd.Context(), provider, a)
			if err != nil {
				return err
			}
			if out == outputJSON {
				err = printJSON(stdout, plans)
			} else {
				printAdoptions(stdout, plans, a)
			}
			if err != nil {
				return err
			}
			return planned{Plans: plans}.failed()
		},
	}
	f := cmd.Flags()
	f.StringVar(&a.FromOwner, "from-owner", "", "external-dns's --txt-owner-id")
	f.StringVar(&provider, "provider", "", "whose hosted zones")
	f.StringVar(&a.Prefix, "txt-prefix", "", "external-dns's, if it has one")
	f.StringVar(&a.Suffix, "txt-suffix", "", "external-dns's, if it has one")
	f.StringVar(&a.Wildcard, "txt-wildcard-replacement", "", "external-dns's, if it has one")
	f.StringVar(&keyFile, "txt-encrypt-key-file", "", "a file with external-dns's --txt-encrypt-aes-key, if it has one")
	f.BoolVar(&a.DryRun, "dry-run", false, "only say what would be adopted")
	_ = cmd.MarkFlagRequired("from-owner") // the flags were just defined
	_ = cmd.MarkFlagRequired("provider")
	c.flag(cmd)
	out.flag(cmd)
	return cmd
}

func (c *client) adopt(ctx context.Context, provider string, a api.Adoption) ([]api.ZonePlan, error) {
	body, err := json.Marshal(a)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, planWithin)
	defer cancel()
	var answer struct{ Plans []api.ZonePlan }
	err = c.ask(ctx, http.MethodPost, "/api/v1/providers/"+url.PathEscape(provider)+"/adopt", bytes.NewReader(body), &answer)
	return answer.Plans, err
}

func printAdoptions(w io.Writer, plans []api.ZonePlan, a api.Adoption) {
	done := "are adopted"
	if a.DryRun {
		done = "would be adopted"
	}
	for _, p := range plans {
		if p.Error != "" {
			fmt.Fprintf(w, "%s %s: %s\n", p.Provider, p.Zone, counts(p))
			continue
		}
		taken, refused, left := 0, 0, 0
		for _, act := range p.Actions {
			switch act.Action {
			case "refuse":
				refused++
			case "leave":
				left++
			default:
				taken++
			}
		}
		fmt.Fprintf(w, "%s %s: of %q, %d record sets %s, %d are refused, %d are left\n", p.Provider, p.Zone, a.FromOwner, taken, done, refused, left)
		printActions(w, p.Actions)
	}
}
