package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/fedns/fedns/cmd/fedns/config"
	"github.com/fedns/fedns/cmd/fedns/daemon"
	"github.com/fedns/fedns/cmd/fedns/recordsync"
	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/inventory"
	"github.com/fedns/fedns/discovery/probe"
)

// finding is one line of `fedns check`. Field names are stable.
type finding struct {
	OK      bool   `json:"ok"`
	Subject string `json:"subject"` // config, zone NAME, inventory NAME, cluster NAME or provider NAME
	Text    string `json:"text"`
}

func newCheck(stdout io.Writer) *cobra.Command {
	var file string
	var timeout time.Duration
	var out output
	cmd := &cobra.Command{
		Use: "check --config FILE", Short: "Validate the configuration and reach every cluster and provider", Args: cobra.NoArgs,
		Long: `Reads the configuration, its zone files, keys and certificate as the daemon would, reads the
inventories, tells which clusters each states, asks the host and every cluster for what the daemon needs
of it, tries the clusters' probes once, and reads one record of every hosted zone. Prints one line a finding and exits 1
when something is wrong, 0 when nothing is.`,
		Example: "  fedns check --config /etc/fedns/fedns.yaml",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if timeout <= 0 {
				return fmt.Errorf("invalid argument %q for \"--timeout\" flag: want more than 0", timeout)
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
			defer cancel()
			found := check(ctx, file)
			wrong := 0
			for _, f := range found {
				if !f.OK {
					wrong++
				}
			}
			if out == outputJSON {
				if err := printJSON(stdout, found); err != nil {
					return wanting{err}
				}
			} else {
				for _, f := range found {
					word := "ok    "
					if !f.OK {
						word = "wrong "
					}
					fmt.Fprintf(stdout, "%s%s: %s\n", word, f.Subject, f.Text)
				}
			}
			if wrong > 0 {
				return wanting{fmt.Errorf("%d of %d checks found something wrong", wrong, len(found))}
			}
			return nil
		},
	}
	cmd.Flags().StringVarP(&file, "config", "c", "", "configuration file")
	cmd.Flags().DurationVar(&timeout, "timeout", 15*time.Second, "how long clusters and providers may take to answer")
	_ = cmd.MarkFlagRequired("config") // the flag was just defined
	out.flag(cmd)
	return cmd
}

// check finds what is wrong with a configuration, in its order.
func check(ctx context.Context, file string) []finding {
	cfg, err := config.Load(file)
	if err != nil {
		return findings("config", "", err)
	}
	found := findings("config", file, nil)
	for _, z := range cfg.Zones {
		set, err := daemon.ReadZone(cfg, z)
		text := ""
		if err == nil {
			text = fmt.Sprintf("%d RRsets in %d files", len(set.RRsets), len(z.Files))
		}
		found = append(found, findings("zone "+z.Name.String(), text, err)...)
	}
	for _, f := range daemon.CheckServing(cfg) {
		found = append(found, findings(f.Subject, f.Text, f.Err)...)
	}
	// All clusters at once: what takes time is waiting for those that do not answer.
	reached := make([]error, len(cfg.Clusters))
	var asking sync.WaitGroup
	for i, c := range cfg.Clusters {
		asking.Go(func() {
			src, err := daemon.NewSource(c, cfg.Exports, slog.New(slog.DiscardHandler))
			if err == nil {
				err = src.Check(ctx)
			}
			reached[i] = err
		})
	}
	probed := make([][]finding, len(cfg.Clusters))
	for i, c := range cfg.Clusters {
		asking.Go(func() { probed[i] = checkProbes(ctx, c.Name, c.Probes, c.Probe, nil) })
	}
	var host []finding
	if cfg.Host.Configured() {
		asking.Go(func() {
			text, err := daemon.CheckHost(ctx, cfg.Host)
			host = findings("host", text, err)
		})
	}
	stated := make([][]finding, len(cfg.Inventories))
	members := make([]inventory.Part, len(cfg.Inventories))
	for i, inv := range cfg.Inventories {
		asking.Go(func() {
			text, ms, wrong := daemon.ReadInventory(ctx, cfg.Host, inv)
			if text != "" {
				stated[i] = findings("inventory "+inv.Name, text, nil)
			}
			stated[i] = append(stated[i], findingsOf("inventory "+inv.Name, wrong)...)
			members[i] = inventory.Part{Name: inv.Name, Members: ms}
		})
	}
	hosted := make([][]finding, len(cfg.Providers))
	for i, p := range cfg.Providers {
		asking.Go(func() { hosted[i] = checkProvider(ctx, p) })
	}
	asking.Wait()
	found = append(found, host...)
	found = append(found, slices.Concat(hosted...)...)
	var configured []cluster.ID
	for i, c := range cfg.Clusters {
		configured = append(configured, c.Name)
		found = append(found, findings("cluster "+string(c.Name), "can be watched", reached[i])...)
		found = append(found, probed[i]...)
	}
	return append(found, checkMembers(ctx, cfg, configured, members, stated)...)
}

// checkProvider reaches the hosted zone of each zone that is written to a provider, all
// at once.
func checkProvider(ctx context.Context, p config.Provider) []finding {
	found := make([][]finding, len(p.Zones))
	var asking sync.WaitGroup
	for i, apex := range p.Zones {
		asking.Go(func() {
			text, err := recordsync.Check(ctx, p, apex)
			found[i] = findings("provider "+p.Name, text, err)
			for j := range found[i] {
				found[i][j].Text = "zone " + apex.String() + ": " + found[i][j].Text
			}
		})
	}
	asking.Wait()
	return slices.Concat(found...)
}

// checkMembers asks all clusters that inventories state, and puts what is found
// behind what was found of the inventories themselves.
func checkMembers(ctx context.Context, cfg *config.Config, configured []cluster.ID, parts []inventory.Part, stated [][]finding) (found []finding) {
	chosen, shadowed := inventory.Merge(configured, parts)
	by := map[string]config.Inventory{}
	for i, inv := range cfg.Inventories {
		by[inv.Name] = inv
		found = append(found, stated[i]...)
		for _, f := range shadowed[inv.Name] {
			found = append(found, finding{Subject: "inventory " + inv.Name, Text: f.String()})
		}
	}
	reached, probed := make([]error, len(chosen)), make([][]finding, len(chosen))
	var asking sync.WaitGroup
	room := make(chan struct{}, maxAsking)
	for i, c := range chosen {
		room <- struct{}{}
		asking.Go(func() {
			inv := by[c.Inventory]
			targets, wrong := daemon.Gateways(inv.Members, c.Member)
			probed[i] = checkProbes(ctx, c.ID, targets, inv.Members.Probe, wrong)
			reached[i] = daemon.CheckMember(ctx, cfg, inv, c.Member)
			<-room
		})
	}
	asking.Wait()
	for i, c := range chosen {
		found = append(found, findings("cluster "+string(c.ID), "can be watched", reached[i])...)
		found = append(found, probed[i]...)
	}
	return found
}

// checkProbes tries a cluster's probes, all at once: there are a few.
func checkProbes(ctx context.Context, id cluster.ID, targets []probe.Target, pace probe.Pace, wrong []error) []finding {
	found := findingsOf("cluster "+string(id), wrong)
	tried := make([]error, len(targets))
	var trying sync.WaitGroup
	for i, t := range targets {
		trying.Go(func() { tried[i] = probe.Try(ctx, t, pace) })
	}
	trying.Wait()
	for i, t := range targets {
		found = append(found, findings("cluster "+string(id), "probe "+t.String()+": answers", tried[i])...)
	}
	return found
}

// maxAsking is how many clusters of inventories are asked at once: there may be
// thousands.
const maxAsking = 64

// findingsOf is what is wrong with subject, a finding each.
func findingsOf(subject string, wrong []error) (out []finding) {
	for _, err := range wrong {
		out = append(out, findings(subject, "", err)...)
	}
	return out
}

// findings is one finding, or one for each error in err.
func findings(subject, text string, err error) []finding {
	if err == nil {
		return []finding{{OK: true, Subject: subject, Text: text}}
	}
	var out []finding
	for _, e := range daemon.Lines(err) {
		text := strings.TrimPrefix(e.Error(), subject+": ") // said once a line
		if errors.Is(e, context.DeadlineExceeded) {
			text = "no answer in time: " + text
		}
		out = append(out, finding{Subject: subject, Text: text})
	}
	return out
}
