package binaries

import (
	"embed"
	"fmt"
	"slices"
	"time"
)

//go:embed modules/*.mod modules/*.sum
var modules embed.FS

// The programs this package builds.
const (
	Etcd              = "etcd"
	APIServer         = "kube-apiserver"
	ControllerManager = "kube-controller-manager"
	Scheduler         = "kube-scheduler"
	Kubectl           = "kubectl"
	KWOK              = "kwok"
	CoreDNS           = "coredns"
)

// Version numbers; modules/*.mod require the same, and a test says so.
const (
	kubernetesVersion = "v1.36.3"
	etcdVersion       = "v3.6.8"
	kwokVersion       = "v0.8.0"
	coreDNSVersion    = "v1.14.7"
)

// program is something to build.
type program struct {
	name    string
	version string
	module  string        // its file in modules/, without extension
	pkg     string        // what go build is given
	ldflags string        // besides -s -w
	usual   time.Duration // how long it took on two cores, after those above it
}

// kubernetesFlags give a program the version that the release's own build
// would; without them it says v0.0.0-master and clients mistrust it.
const kubernetesFlags = "-X k8s.io/component-base/version.gitVersion=" + kubernetesVersion +
	" -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36" +
	" -X k8s.io/client-go/pkg/version.gitVersion=" + kubernetesVersion

// programs in the order in which building them all is quickest to be of use.
var programs = []program{
	{Etcd, etcdVersion, "etcd", "go.etcd.io/etcd/server/v3", "", 40 * time.Second},
	{APIServer, kubernetesVersion, "kubernetes", "k8s.io/kubernetes/cmd/kube-apiserver", kubernetesFlags, 4 * time.Minute},
	{ControllerManager, kubernetesVersion, "kubernetes", "k8s.io/kubernetes/cmd/kube-controller-manager", kubernetesFlags, time.Minute},
	{Scheduler, kubernetesVersion, "kubernetes", "k8s.io/kubernetes/cmd/kube-scheduler", kubernetesFlags, 15 * time.Second},
	{Kubectl, kubernetesVersion, "kubernetes", "k8s.io/kubernetes/cmd/kubectl", kubernetesFlags, 30 * time.Second},
	{KWOK, kwokVersion, "kwok", "sigs.k8s.io/kwok/cmd/kwok", "", 90 * time.Second},
	{CoreDNS, coreDNSVersion, "coredns", "github.com/coredns/coredns", "", 150 * time.Second},
}

// Names lists every program, in the order in which they are best built.
func Names() []string {
	var names []string
	for _, p := range programs {
		names = append(names, p.name)
	}
	return names
}

func find(name string) (program, error) {
	i := slices.IndexFunc(programs, func(p program) bool { return p.name == name })
	if i < 0 {
		return program{}, fmt.Errorf("no program is called %q", name)
	}
	return programs[i], nil
}

func (p program) file() string { return p.name + "-" + p.version }
