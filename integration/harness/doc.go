// Package harness runs real Kubernetes clusters on this machine, for tests and
// for demos: etcd, kube-apiserver, kube-controller-manager and kube-scheduler as
// released, KWOK in the place of kubelets, CoreDNS as each cluster's DNS. A
// cluster is up in seconds; a Deployment has Running pods and an EndpointSlice a
// second later.
//
//	f := harness.Start(t, harness.Options{Clusters: []harness.Spec{
//		{Name: "eu-1", Region: "eu-west", Zones: []string{"eu-west-1a"}},
//		{Name: "us-1", Region: "us-east", Zones: []string{"us-east-1a"}},
//	}})
//	err := f.Cluster("eu-1").Apply(ctx, manifests)
//
//	Fleet ── etcd (one; a key prefix per cluster)
//	  │
//	  ├─ Cluster eu-1 ── kube-apiserver, kube-controller-manager, kube-scheduler, kwok
//	  │     ├─ CoreDNS     answers cluster.local, and what its Corefile forwards
//	  │     └─ Pod         a network namespace with that cluster's resolv.conf
//	  ├─ Cluster us-1 …
//	  └─ Daemon            the real fedns binary
//
// What is real: the API with RBAC, its watches and its faults (StopAPIServer,
// Pause, Kill); controllers and scheduling; names as a pod's libc resolves
// them. What is not: containers, and packets to a Service or a KWOK pod, for
// there is no kubelet and no kube-proxy.
//
// A Fleet takes the machine's ports, interfaces and addresses by number (see
// claim.go), so fleets of several processes run side by side. All of it is gone
// after Close, also when this process panics or is killed: the kernel kills the
// children, and a janitor removes files, interfaces and namespaces.
//
// Functions that take a testing.TB fail that test; all others return errors.
// Everything waits on conditions, until its context ends or, if that has no
// deadline, for a minute and a half. The first use of a program builds it, which
// takes minutes: run `go run ./prebuild` beforehand.
package harness
