package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"github.com/fedns/fedns/cmd/fedns/membership"
	"github.com/fedns/fedns/discovery/inventory"
	"github.com/fedns/fedns/discovery/kubernetes"
	"github.com/fedns/fedns/federation/api/v1alpha1"
)

// callWithin is how long an API server may take for one request of join and unjoin.
const callWithin = 15 * time.Second

// sides are the two clusters that join and unjoin work on.
type sides struct {
	kubeconfig, context         string
	hostKubeconfig, hostContext string
	namespace                   string
	timeout                     time.Duration
	dryRun                      bool
}

func (s *sides) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&s.kubeconfig, "kubeconfig", "", "the member, as somebody who may make accounts and roles there")
	f.StringVar(&s.context, "context", "", "context of --kubeconfig; its current one by default")
	f.StringVar(&s.hostKubeconfig, "host-kubeconfig", "", "the host cluster; where kubectl looks by default")
	f.StringVar(&s.hostContext, "host-context", "", "context of --host-kubeconfig; its current one by default")
	f.StringVar(&s.namespace, "namespace", membership.Namespace, "namespace in the host of the members' Secrets")
	f.DurationVar(&s.timeout, "timeout", time.Minute, "how long all of it may take")
	f.BoolVar(&s.dryRun, "dry-run", false, "print the objects, and do nothing")
}

// access reads a kubeconfig as whoever runs the command has it: its commands for
// credentials run as with kubectl.
func access(file, context string) (*rest.Config, error) {
	rc, err := kubernetes.RESTConfig(kubernetes.Config{Kubeconfig: file, Context: context, AllowExec: true})
	if err != nil {
		return nil, err
	}
	rc.Timeout = callWithin
	return rc, nil
}

func (s *sides) host() (*rest.Config, error) {
	file := s.hostKubeconfig
	if file == "" {
		file = kubectlFile()
	}
	rc, err := access(file, s.hostContext)
	if err != nil {
		return nil, fmt.Errorf("--host-kubeconfig: %w", err)
	}
	return rc, nil
}

// joining is what the flags of join say.
type joining struct {
	sides
	region, provider, price string
	zones, networks         []string
	labels                  map[string]string
	apiServer               string
	tokenLife               time.Duration
	rights                  membership.Rights
	force                   bool
}

func newJoin(stdout io.Writer) *cobra.Command {
	var j joining
	var out output
	cmd := &cobra.Command{
		Use: "join NAME --kubeconfig FILE", Short: "Make a cluster a member", Args: cobra.ExactArgs(1),
		Long: `Makes in the cluster a namespace fedns, a ServiceAccount with the least rights and a token
for it, and in the host a Secret with a kubeconfig and a MemberCluster that names it. A
daemon with the inventory memberClusters takes it up, and renews the token.

Without --propagate fedns only lists and watches there what DNS is made of. With it, it
may also write the kinds that templates are of: namespaces, workloads (apps, batch,
autoscaling, policy), Services, ConfigMaps, Secrets, ServiceAccounts, claims, quotas,
Ingresses, NetworkPolicies, Gateway API, EndpointSlices, ServiceExports and
CustomResourceDefinitions; --propagate-group adds all kinds of a group. Roles are never
among them. Who may write workloads and Secrets can do almost anything there.

It may be run again, to change what it says or to mend what is missing.`,
		Example: "  fedns join eu-1 --kubeconfig eu-1.kubeconfig --region eu-west --zone eu-west-1a\n  fedns join eu-1 --kubeconfig eu-1.kubeconfig --propagate --price 250m --dry-run",
		RunE: func(cmd *cobra.Command, args []string) error {
			return j.run(cmd.Context(), args[0], stdout, out)
		},
	}
	j.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&j.region, "region", "", "region the cluster is in; its nodes say by default")
	f.StringSliceVar(&j.zones, "zone", nil, "zone the cluster is in; its nodes say by default; may be given again")
	f.StringVar(&j.provider, "provider", "", "provider of its infrastructure")
	f.StringVar(&j.price, "price", "", "price of a replica for an hour, such as 250m")
	f.StringSliceVar(&j.networks, "network", nil, "network its pods are in; may be given again")
	f.StringToStringVar(&j.labels, "label", nil, "label by which placement selects it, as KEY=VALUE; may be given again")
	f.StringVar(&j.apiServer, "api-server", "", "URL by which the host reaches its API server; the kubeconfig's by default")
	f.DurationVar(&j.tokenLife, "token-life", membership.DefaultTokenLife, "how long each token is good, at least 10m")
	f.BoolVar(&j.rights.Propagate, "propagate", false, "let fedns write templates there")
	f.StringSliceVar(&j.rights.Groups, "propagate-group", nil, "API group of custom resources that fedns may write too; may be given again")
	f.BoolVar(&j.force, "force", false, "take a name that another cluster has, or a cluster that is a member already")
	if err := cmd.MarkFlagRequired("kubeconfig"); err != nil {
		panic(err) // there is such a flag
	}
	out.flag(cmd)
	return cmd
}

func (j *joining) run(ctx context.Context, name string, stdout io.Writer, out output) error {
	plan, err := j.read(name)
	if err != nil {
		return err
	}
	if j.dryRun {
		member, host, err := plan.Plan()
		if err != nil {
			return wanting{err}
		}
		return printObjects(stdout, out, member, host)
	}
	ctx, cancel := context.WithTimeout(ctx, j.timeout)
	defer cancel()
	if plan.Host, err = j.host(); err != nil {
		return wanting{err}
	}
	if plan.Member, err = access(j.kubeconfig, j.context); err != nil {
		return wanting{fmt.Errorf("--kubeconfig: %w", err)}
	}
	done, err := plan.Do(ctx)
	if err != nil {
		return wanting{err}
	}
	if out == outputJSON {
		return printJSON(stdout, done)
	}
	fmt.Fprintf(stdout, "cluster %s (%s) is a member; its token is good until %s\n", done.Cluster, done.Server, done.TokenExpires.UTC().Format(time.RFC3339))
	for _, w := range done.Warnings {
		fmt.Fprintln(stdout, "warning:", w)
	}
	return nil
}

// read is what the flags say, without asking anybody. Its errors are the usage's.
func (j *joining) read(name string) (membership.Joining, error) {
	p := membership.Joining{Name: name, Labels: j.labels, Rights: j.rights, Namespace: j.namespace, TokenLife: j.tokenLife, Force: j.force}
	if err := inventory.CheckName(name); err != nil {
		return p, fmt.Errorf("NAME: %w", err)
	}
	if j.tokenLife < membership.MinTokenLife {
		return p, fmt.Errorf("--token-life: got %v, want at least %v, the least that API servers grant", j.tokenLife, membership.MinTokenLife)
	}
	if len(j.rights.Groups) > 0 && !j.rights.Propagate {
		return p, errors.New("--propagate-group: want --propagate beside it")
	}
	p.Spec = v1alpha1.MemberClusterSpec{Region: j.region, Zones: labels(j.zones), Provider: j.provider, Networks: labels(j.networks)}
	if j.price != "" {
		price, err := resource.ParseQuantity(j.price)
		if err != nil || price.Sign() < 0 {
			return p, fmt.Errorf("--price: got %q, want a quantity that is not negative, such as 250m", j.price)
		}
		p.Spec.Price = &price
	}
	var err error
	if p.Server, err = membership.Endpoint(j.kubeconfig, j.context); err != nil {
		return p, wanting{fmt.Errorf("--kubeconfig %s: %w", j.kubeconfig, err)}
	}
	p.Server.Server = cmp.Or(j.apiServer, p.Server.Server)
	return p, nil
}

func labels(texts []string) (all []v1alpha1.DNSLabel) {
	for _, s := range texts {
		all = append(all, v1alpha1.DNSLabel(s))
	}
	return all
}

// printObjects prints objects, in YAML for kubectl apply or as a JSON object with the
// lists member and host.
func printObjects(w io.Writer, out output, member, host []membership.Object) error {
	if out == outputJSON {
		both := map[string][]map[string]any{"member": {}, "host": {}}
		for _, o := range member {
			both["member"] = append(both["member"], o.Object)
		}
		for _, o := range host {
			both["host"] = append(both["host"], o.Object)
		}
		return printJSON(w, both)
	}
	for _, side := range []struct {
		name    string
		objects []membership.Object
	}{{"member", member}, {"host", host}} {
		for _, o := range side.objects {
			text, err := yaml.Marshal(o.Object)
			if err != nil {
				return fmt.Errorf("%s: %w", o, err)
			}
			fmt.Fprintf(w, "--- # %s\n%s", side.name, text)
		}
	}
	return nil
}
