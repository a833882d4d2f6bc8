package harness

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/fedns/fedns/integration/harness/binaries"
	"github.com/fedns/fedns/integration/harness/process"
)

// controllers are those of kube-controller-manager that a fleet's objects need;
// the others (volumes, autoscaling, certificates, clouds) would only idle.
var controllers = []string{
	"deployment-controller", "replicaset-controller", "statefulset-controller", "daemonset-controller", "job-controller",
	"endpoints-controller", "endpointslice-controller", "endpointslice-mirroring-controller", "service-cidr-controller",
	"serviceaccount-controller", "serviceaccount-token-controller", "root-ca-certificate-publisher-controller",
	"namespace-controller", "garbage-collector-controller", "pod-garbage-collector-controller",
	"clusterrole-aggregation-controller",
	// Nodes start with a not-ready taint, which this one removes.
	"node-lifecycle-controller", "taint-eviction-controller",
}

// Start starts what of the cluster does not run, with the objects it had, and
// returns when its nodes are ready and its CoreDNS answers. AddCluster calls it;
// it is for a cluster after Kill.
func (c *Cluster) Start(ctx context.Context) error {
	if err := c.start(ctx); err != nil {
		return fmt.Errorf("cluster %s: %w", c.Name, err)
	}
	return nil
}

func (c *Cluster) start(ctx context.Context) error {
	if err := c.StartAPIServer(ctx); err != nil {
		return err
	}
	for program, args := range map[string][]string{
		binaries.ControllerManager: c.controllerManagerArgs(),
		binaries.Scheduler:         c.schedulerArgs(),
	} {
		if _, err := c.run(ctx, program, args); err != nil {
			return err
		}
	}
	var rest errgroup.Group
	rest.Go(func() error { return c.startNodes(ctx) })
	if c.MCS {
		rest.Go(func() error { return c.installMCS(ctx) })
	}
	if c.CoreDNS && c.DNSAddr() == "" {
		rest.Go(func() error { return c.StartCoreDNS(ctx, DefaultCorefile) })
	}
	return rest.Wait()
}

// StartAPIServer starts kube-apiserver, on the port it always had, and returns
// when it is ready. It does nothing when it runs.
func (c *Cluster) StartAPIServer(ctx context.Context) error {
	url, err := c.etcdURL(ctx)
	if err != nil {
		return err
	}
	p, err := c.run(ctx, binaries.APIServer, c.apiServerArgs(url))
	if err != nil {
		return err
	}
	return p.WaitReady(ctx, c.ready)
}

// run starts a program of the control plane, unless it runs.
func (c *Cluster) run(ctx context.Context, program string, args []string) (*process.Process, error) {
	path, err := c.fleet.programs.Path(ctx, program)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.processes[program]; p != nil && p.Running() {
		return p, nil
	}
	p, err := c.fleet.run(process.Command{
		Name: c.Name + "/" + program, Path: path, Args: args, Log: c.file(program + ".log"),
		// A test's machine has few cores and much to run on them: with less
		// garbage collection a cluster starts a fifth sooner.
		Env: []string{"GOGC=200"},
	})
	if err != nil {
		return nil, err
	}
	c.processes[program] = p
	return p, nil
}

func (c *Cluster) apiServerArgs(etcd string) []string {
	return []string{
		"--etcd-servers=" + etcd,
		fmt.Sprintf("--etcd-prefix=/%d-%s", c.index, c.Name),
		"--bind-address=127.0.0.1",
		"--advertise-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", c.port),
		"--tls-cert-file=" + c.file("server.crt"),
		"--tls-private-key-file=" + c.file("server.key"),
		"--client-ca-file=" + c.file("ca.crt"),
		"--authorization-mode=RBAC",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + c.file("accounts.key"),
		"--service-account-signing-key-file=" + c.file("accounts.key"),
		"--service-cluster-ip-range=" + c.net.serviceRange(),
		"--allow-privileged=true",
		// An endpoint may not be a loopback address, so the kubernetes Service has
		// none; trying to give it one would only fill the log.
		"--endpoint-reconciler-type=none",
		// It holds back pods until their namespace's default account exists, for
		// the sake of a token that nothing in a KWOK pod reads.
		"--disable-admission-plugins=ServiceAccount",
		// KWOK's kubelets listen on loopback; the nodes' InternalIPs are only names.
		"--kubelet-preferred-address-types=InternalDNS",
		"--profiling=false",
	}
}

func (c *Cluster) controllerManagerArgs() []string {
	return []string{
		"--kubeconfig=" + c.Kubeconfig,
		"--controllers=" + strings.Join(controllers, ","),
		"--service-account-private-key-file=" + c.file("accounts.key"),
		"--root-ca-file=" + c.file("ca.crt"),
		"--leader-elect=false",
		"--secure-port=0",
		"--kube-api-qps=500", "--kube-api-burst=1000",
		"--node-monitor-period=1s", // how soon a node's not-ready taint goes
	}
}

func (c *Cluster) schedulerArgs() []string {
	return []string{
		"--kubeconfig=" + c.Kubeconfig,
		"--leader-elect=false",
		"--secure-port=0",
		"--kube-api-qps=500", "--kube-api-burst=1000",
	}
}
