package deploy

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/yaml"

	"github.com/fedns/fedns/cmd/fedns/config"
	"github.com/fedns/fedns/cmd/fedns/membership"
	"github.com/fedns/fedns/cmd/fedns/recordsync"
)

// object is a manifest, decoded into its type.
type object struct {
	file string
	metav1.Object
}

// kinds makes an empty object of each kind that a manifest may be.
var kinds = map[metav1.TypeMeta]func() metav1.Object{
	{APIVersion: "v1", Kind: "Namespace"}:                                    func() metav1.Object { return &corev1.Namespace{} },
	{APIVersion: "v1", Kind: "ConfigMap"}:                                    func() metav1.Object { return &corev1.ConfigMap{} },
	{APIVersion: "v1", Kind: "Secret"}:                                       func() metav1.Object { return &corev1.Secret{} },
	{APIVersion: "v1", Kind: "Service"}:                                      func() metav1.Object { return &corev1.Service{} },
	{APIVersion: "v1", Kind: "ServiceAccount"}:                               func() metav1.Object { return &corev1.ServiceAccount{} },
	{APIVersion: "apps/v1", Kind: "Deployment"}:                              func() metav1.Object { return &appsv1.Deployment{} },
	{APIVersion: "policy/v1", Kind: "PodDisruptionBudget"}:                   func() metav1.Object { return &policyv1.PodDisruptionBudget{} },
	{APIVersion: "rbac.authorization.k8s.io/v1", Kind: "ClusterRole"}:        func() metav1.Object { return &rbacv1.ClusterRole{} },
	{APIVersion: "rbac.authorization.k8s.io/v1", Kind: "ClusterRoleBinding"}: func() metav1.Object { return &rbacv1.ClusterRoleBinding{} },
	{APIVersion: "rbac.authorization.k8s.io/v1", Kind: "Role"}:               func() metav1.Object { return &rbacv1.Role{} },
	{APIVersion: "rbac.authorization.k8s.io/v1", Kind: "RoleBinding"}:        func() metav1.Object { return &rbacv1.RoleBinding{} },
}

// read decodes every manifest: an unknown field, a field given twice or a kind
// that nobody expected fails the test.
func read(t *testing.T) []object {
	t.Helper()
	files, err := filepath.Glob("manifests/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("found %d manifests, %v", len(files), err)
	}
	var all []object
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i, doc := range bytes.Split(text, []byte("\n---\n")) {
			var kind metav1.TypeMeta
			if err := yaml.Unmarshal(doc, &kind); err != nil {
				t.Fatalf("%s, document %d: %v", file, i, err)
			}
			empty, ok := kinds[kind]
			if !ok {
				t.Fatalf("%s, document %d: unexpected %+v", file, i, kind)
			}
			o := empty()
			if err := yaml.UnmarshalStrict(doc, o); err != nil {
				t.Fatalf("%s, document %d: %v", file, i, err)
			}
			all = append(all, object{filepath.Base(file), o})
		}
	}
	return all
}

// only is the one object of type T in a file.
func only[T metav1.Object](t *testing.T, file string) T {
	t.Helper()
	var found []T
	for _, o := range read(t) {
		if v, ok := o.Object.(T); ok && o.file == file {
			found = append(found, v)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%s has %d objects of type %T, want one", file, len(found), *new(T))
	}
	return found[0]
}

func TestNames(t *testing.T) {
	seen := map[string]metav1.Object{}
	for _, o := range read(t) {
		clusterWide := false
		switch o.Object.(type) {
		case *corev1.Namespace, *rbacv1.ClusterRole, *rbacv1.ClusterRoleBinding:
			clusterWide = true
		}
		want := map[bool]string{false: "fedns", true: ""}[clusterWide]
		if strings.HasSuffix(o.GetName(), "node-leases") {
			want = "kube-node-lease" // where kubelets keep them
		}
		if o.GetNamespace() != want {
			t.Errorf("%s: %T %s is in namespace %q, want %q", o.file, o.Object, o.GetName(), o.GetNamespace(), want)
		}
		if o.GetLabels()["app.kubernetes.io/name"] != "fedns" {
			t.Errorf("%s: %T %s is not labelled", o.file, o.Object, o.GetName())
		}
		// Applied to the host as well, member.yaml must take nothing away there:
		// what both define is the same, and nothing else has the same name.
		id := fmt.Sprintf("%T %s", o.Object, o.GetName())
		if other, twice := seen[id]; twice && !reflect.DeepEqual(o.Object, other) {
			t.Errorf("%s: another file has another %s", o.file, id)
		}
		seen[id] = o.Object
	}
}

// TestRights: fedns may list and watch four kinds in any cluster, list the Leases of
// nodes, and write its replicas' Leases, that of who writes to providers, and Events in
// the host, and nothing else.
// With MemberClusters it may read those and write their statuses, and renew the tokens
// in the Secrets of its own namespace; with propagation it may write Bindings.
func TestRights(t *testing.T) {
	want := []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"services", "nodes"}, Verbs: []string{"list", "watch"}},
		{APIGroups: []string{"discovery.k8s.io"}, Resources: []string{"endpointslices"}, Verbs: []string{"list", "watch"}},
		{APIGroups: []string{"multicluster.x-k8s.io"}, Resources: []string{"serviceexports"}, Verbs: []string{"list", "watch"}},
		{APIGroups: []string{"networking.k8s.io"}, Resources: []string{"ingresses"}, Verbs: []string{"list", "watch"}},
		{APIGroups: []string{"gateway.networking.k8s.io"}, Resources: []string{"gateways", "httproutes"}, Verbs: []string{"list", "watch"}},
	}
	for file, account := range map[string]string{"rbac.yaml": "fedns", "member.yaml": "fedns-reader"} {
		role := only[*rbacv1.ClusterRole](t, file)
		if !reflect.DeepEqual(role.Rules, want) || role.AggregationRule != nil {
			t.Errorf("%s: rules are %+v, want %+v", file, role.Rules, want)
		}
		binding := only[*rbacv1.ClusterRoleBinding](t, file)
		if binding.RoleRef != (rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name}) {
			t.Errorf("%s: binds %+v", file, binding.RoleRef)
		}
		if !slices.Equal(binding.Subjects, []rbacv1.Subject{{Kind: "ServiceAccount", Name: account, Namespace: "fedns"}}) {
			t.Errorf("%s: binds to %+v", file, binding.Subjects)
		}
		if got := only[*corev1.ServiceAccount](t, file).Name; got != account {
			t.Errorf("%s: the ServiceAccount is %s, want %s", file, got, account)
		}
	}
	leases := func(verbs ...string) []rbacv1.PolicyRule {
		return []rbacv1.PolicyRule{{APIGroups: []string{"coordination.k8s.io"}, Resources: []string{"leases"}, Verbs: verbs}}
	}
	may := map[string][]rbacv1.PolicyRule{}
	for _, o := range read(t) {
		if r, ok := o.Object.(*rbacv1.Role); ok {
			may[r.Namespace+"/"+r.Name] = r.Rules
		}
	}
	events := rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"events"}, Verbs: []string{"create"}}
	writers := leases("get", "update")[0]
	writers.ResourceNames = []string{recordsync.LeaseName}
	engines := leases("get", "update")[0]
	engines.ResourceNames = []string{"fedns-propagation"}
	keepers := leases("get", "update")[0]
	keepers.ResourceNames = []string{membership.LeaseName}
	if want := map[string][]rbacv1.PolicyRule{
		"kube-node-lease/fedns-node-leases": leases("list"), "fedns/fedns-replicas": append(leases("list", "create", "patch", "delete"), writers, events),
		"fedns/fedns-propagation": {engines},
		// Of whoever takes up MemberClusters.
		"fedns/fedns-members": {{APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{"list", "watch", "patch"}}, keepers},
	}; !reflect.DeepEqual(may, want) {
		t.Errorf("roles are %+v, want %+v", may, want)
	}
	var bound []string
	for _, o := range read(t) {
		if b, ok := o.Object.(*rbacv1.RoleBinding); ok {
			for _, s := range b.Subjects {
				bound = append(bound, fmt.Sprintf("%s: %s/%s to %s %s/%s", o.file, b.Namespace, b.RoleRef.Name, s.Kind, s.Namespace, s.Name))
			}
		}
	}
	if want := []string{
		"member.yaml: kube-node-lease/fedns-node-leases to ServiceAccount fedns/fedns-reader",
		"members.yaml: fedns/fedns-members to ServiceAccount fedns/fedns",
		"propagation.yaml: fedns/fedns-propagation to ServiceAccount fedns/fedns",
		"rbac.yaml: kube-node-lease/fedns-node-leases to ServiceAccount fedns/fedns",
		"rbac.yaml: fedns/fedns-replicas to ServiceAccount fedns/fedns",
	}; !slices.Equal(bound, want) {
		t.Errorf("bound are %q, want %q", bound, want)
	}
	members := only[*rbacv1.ClusterRole](t, "members.yaml")
	if want := []rbacv1.PolicyRule{
		{APIGroups: []string{"fedns.io"}, Resources: []string{"memberclusters"}, Verbs: []string{"list", "watch"}},
		{APIGroups: []string{"fedns.io"}, Resources: []string{"memberclusters/status"}, Verbs: []string{"update"}},
	}; !reflect.DeepEqual(members.Rules, want) {
		t.Errorf("rules are %+v, want %+v", members.Rules, want)
	}
	if b := only[*rbacv1.ClusterRoleBinding](t, "members.yaml"); b.RoleRef.Name != members.Name || !slices.Equal(b.Subjects, []rbacv1.Subject{{Kind: "ServiceAccount", Name: "fedns", Namespace: "fedns"}}) {
		t.Errorf("bound are %+v to %+v", b.RoleRef, b.Subjects)
	}
	engine := only[*rbacv1.ClusterRole](t, "propagation.yaml")
	if want := []rbacv1.PolicyRule{
		{APIGroups: []string{"fedns.io"}, Resources: []string{"memberclusters"}, Verbs: []string{"get", "list", "watch"}},
		{APIGroups: []string{"fedns.io"}, Resources: []string{"bindings"}, Verbs: []string{"get", "list", "watch", "create", "update", "patch", "delete"}},
		{APIGroups: []string{""}, Resources: []string{"namespaces"}, Verbs: []string{"get"}},
		{APIGroups: []string{""}, Resources: []string{"events"}, Verbs: []string{"create", "patch"}},
		{APIGroups: []string{"apiextensions.k8s.io"}, Resources: []string{"customresourcedefinitions"}, Verbs: []string{"get", "list", "watch"}},
		{APIGroups: []string{"fedns.io"}, Resources: []string{"bindings/status"}, Verbs: []string{"update", "patch"}},
	}; !reflect.DeepEqual(engine.Rules, want) {
		t.Errorf("rules are %+v, want %+v", engine.Rules, want)
	}
	for _, file := range []string{"karmada.yaml", "kubefed.yaml", "federationv1.yaml"} {
		dialect := only[*rbacv1.ClusterRole](t, file)
		if b := only[*rbacv1.ClusterRoleBinding](t, file); b.RoleRef.Name != dialect.Name || !slices.Equal(b.Subjects, []rbacv1.Subject{{Kind: "ServiceAccount", Name: "fedns", Namespace: "fedns"}}) {
			t.Errorf("%s: bound are %+v to %+v", file, b.RoleRef, b.Subjects)
		}
		for _, r := range dialect.Rules {
			// Whoever may write those may do anything.
			if slices.Contains(r.APIGroups, "*") || slices.Contains(r.APIGroups, "rbac.authorization.k8s.io") || slices.Contains(r.Verbs, "*") || slices.Contains(r.Verbs, "update") {
				t.Errorf("%s: too much is allowed: %+v", file, r)
			}
			// What people write is theirs to make and to delete.
			made := slices.Contains(r.Verbs, "create") && !slices.Equal(r.Resources, []string{"dnsendpoints"})
			if file != "karmada.yaml" && (made || slices.Contains(r.Verbs, "delete")) {
				t.Errorf("%s: people's objects are not to be made or deleted: %+v", file, r)
			}
		}
	}
	token := only[*corev1.Secret](t, "member.yaml")
	if token.Type != corev1.SecretTypeServiceAccountToken || token.Annotations[corev1.ServiceAccountNameKey] != "fedns-reader" {
		t.Errorf("the token is of type %s for %q", token.Type, token.Annotations[corev1.ServiceAccountNameKey])
	}
	if len(token.Data)+len(token.StringData) > 0 {
		t.Error("the token's Secret holds something already")
	}
}

// TestRestricted: the pod meets the Pod Security Standard that its namespace enforces.
func TestRestricted(t *testing.T) {
	if got := only[*corev1.Namespace](t, "namespace.yaml").Labels["pod-security.kubernetes.io/enforce"]; got != "restricted" {
		t.Errorf("the namespace enforces %q", got)
	}
	pod := only[*appsv1.Deployment](t, "deployment.yaml").Spec.Template.Spec
	if p := pod.SecurityContext; !*p.RunAsNonRoot || *p.RunAsUser != 65532 || p.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault {
		t.Errorf("pod: %+v", p)
	}
	c := pod.Containers[0].SecurityContext
	if *c.AllowPrivilegeEscalation || !*c.ReadOnlyRootFilesystem || c.Privileged != nil {
		t.Errorf("container: %+v", c)
	}
	if !reflect.DeepEqual(c.Capabilities, &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}}) {
		t.Errorf("capabilities: %+v", c.Capabilities)
	}
	if pod.HostNetwork || pod.HostPID || pod.HostIPC || len(pod.Containers) != 1 || len(pod.InitContainers) != 0 {
		t.Errorf("more than one container, or the host's namespaces: %+v", pod)
	}
}

// TestConfigMap: the configuration is read without an error, from where it is
// mounted, and listens where ports, probes and the Service say.
func TestConfigMap(t *testing.T) {
	deployment := only[*appsv1.Deployment](t, "deployment.yaml")
	pod := deployment.Spec.Template.Spec
	c := pod.Containers[0]
	configMap := only[*corev1.ConfigMap](t, "config.yaml")

	if len(c.Args) != 3 || c.Args[0] != "serve" || c.Args[1] != "--config" {
		t.Fatalf("args are %q", c.Args)
	}
	text, ok := configMap.Data[filepath.Base(c.Args[2])]
	if !ok || len(configMap.Data) != 1 {
		t.Fatalf("%s is not the one file in the ConfigMap", filepath.Base(c.Args[2]))
	}
	for name, folder := range map[string]string{"config": filepath.Dir(c.Args[2]), "members": "/etc/fedns/members"} {
		if !slices.Contains(c.VolumeMounts, corev1.VolumeMount{Name: name, MountPath: folder, ReadOnly: true}) {
			t.Errorf("volume %s is not mounted at %s as a whole: %+v", name, folder, c.VolumeMounts)
		}
	}
	if pod.Volumes[0].ConfigMap.Name != configMap.Name || pod.Volumes[1].Secret.SecretName != "fedns-members" || !*pod.Volumes[1].Secret.Optional {
		t.Errorf("volumes are %+v", pod.Volumes)
	}

	// Also with the member in it that the ConfigMap shows as a comment.
	for _, text := range []string{text, strings.NewReplacer("# - name", "- name", "#   kube", "  kube").Replace(text)} {
		file := filepath.Join(t.TempDir(), filepath.Base(c.Args[2]))
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		cfg, err := config.Load(file)
		if err != nil {
			t.Fatal(err)
		}
		ports := map[string]int32{"dns": int32(cfg.Listen.DNS[0].Port()), "dns-tcp": int32(cfg.Listen.DNS[0].Port()), "http": int32(cfg.Listen.HTTP.Port())}
		if len(c.Ports) != len(ports) {
			t.Errorf("ports are %+v", c.Ports)
		}
		for _, p := range c.Ports {
			if p.ContainerPort != ports[p.Name] || (p.Protocol == corev1.ProtocolUDP) != (p.Name == "dns") {
				t.Errorf("port %+v, want %d", p, ports[p.Name])
			}
		}
		// DNS has a socket for each family, HTTP's [::] is for both.
		port := cfg.Listen.DNS[0].Port()
		both := []netip.AddrPort{netip.AddrPortFrom(netip.IPv4Unspecified(), port), netip.AddrPortFrom(netip.IPv6Unspecified(), port)}
		if !slices.Equal(cfg.Listen.DNS, both) || cfg.Listen.HTTP.Addr() != netip.IPv6Unspecified() {
			t.Errorf("listens at %v and %v, where the Service and the kubelet do not reach it", cfg.Listen.DNS, cfg.Listen.HTTP)
		}
		if want := (config.Host{InCluster: true, Namespace: "fedns"}); cfg.Host != want {
			t.Errorf("the host is %+v, want %+v", cfg.Host, want)
		}
		for _, m := range cfg.Clusters[1:] {
			if m.Kubeconfig != "/etc/fedns/members/"+string(m.Name)+".kubeconfig" {
				t.Errorf("member %s is read from %s", m.Name, m.Kubeconfig)
			}
		}
	}
}

func TestProbes(t *testing.T) {
	c := only[*appsv1.Deployment](t, "deployment.yaml").Spec.Template.Spec.Containers[0]
	for _, tt := range []struct {
		probe *corev1.Probe
		path  string
	}{
		{c.ReadinessProbe, "/readyz?tolerate=unreachable"},
		{c.LivenessProbe, "/healthz"},
	} {
		if tt.probe.HTTPGet == nil || tt.probe.HTTPGet.Path != tt.path || tt.probe.HTTPGet.Port != intstr.FromString("http") {
			t.Errorf("probe is %+v, want %s at port http", tt.probe, tt.path)
		}
	}
}

// TestNoInterruption: replicas are replaced, drained and stopped without a moment
// at which none is there.
func TestNoInterruption(t *testing.T) {
	d := only[*appsv1.Deployment](t, "deployment.yaml")
	if *d.Spec.Replicas < 2 || d.Spec.Strategy.RollingUpdate.MaxUnavailable.IntValue() != 0 {
		t.Errorf("%d replicas, strategy %+v", *d.Spec.Replicas, d.Spec.Strategy.RollingUpdate)
	}
	pod := d.Spec.Template.Spec
	if wait := pod.Containers[0].Lifecycle.PreStop.Sleep.Seconds; *pod.TerminationGracePeriodSeconds <= wait {
		t.Errorf("killed after %d s, %d s of which are preStop's", *pod.TerminationGracePeriodSeconds, wait)
	}
	labels := d.Spec.Template.Labels
	budget := only[*policyv1.PodDisruptionBudget](t, "deployment.yaml")
	if budget.Spec.MaxUnavailable.IntValue() != 1 {
		t.Errorf("budget is %+v", budget.Spec)
	}
	service := only[*corev1.Service](t, "service.yaml")
	selectors := []map[string]string{d.Spec.Selector.MatchLabels, budget.Spec.Selector.MatchLabels, service.Spec.Selector}
	for _, c := range pod.TopologySpreadConstraints {
		selectors = append(selectors, c.LabelSelector.MatchLabels)
	}
	for i, s := range selectors {
		if !reflect.DeepEqual(s, labels) {
			t.Errorf("selector %d is %v, want %v", i, s, labels)
		}
	}
}

// TestService: port 53 over UDP and TCP leads to the ports of the container.
func TestService(t *testing.T) {
	want := []corev1.ServicePort{
		{Name: "dns", Port: 53, TargetPort: intstr.FromString("dns"), Protocol: corev1.ProtocolUDP},
		{Name: "dns-tcp", Port: 53, TargetPort: intstr.FromString("dns-tcp"), Protocol: corev1.ProtocolTCP},
	}
	if got := only[*corev1.Service](t, "service.yaml").Spec.Ports; !slices.Equal(got, want) {
		t.Errorf("ports are %+v", got)
	}
}
