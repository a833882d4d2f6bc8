package kubernetes

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fedns/fedns/discovery/cluster"
)

// hosted is an Ingress of a host that federation placed.
func hosted(name, host string) string {
	return fmt.Sprintf(`---
{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {namespace: a, name: %s, labels: {app.kubernetes.io/managed-by: fedns}},
spec: {rules: [{host: %s}]}, status: {loadBalancer: {ingress: [{ip: 192.0.2.1}]}}}
`, name, host)
}

const gateways = `---
{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {namespace: a, name: edge, labels: {app.kubernetes.io/managed-by: fedns}},
spec: {listeners: [{name: web, port: 80, protocol: HTTP}]}, status: {addresses: [{value: 192.0.2.2}]}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {namespace: a, name: web, labels: {app.kubernetes.io/managed-by: fedns}},
spec: {parentRefs: [{name: edge}], hostnames: [gw.example.com]},
status: {parents: [{parentRef: {name: edge}, conditions: [{type: Accepted, status: "True"}]}]}}
`

// TestHosts: hosts come, go by DELETE events and by lists, and do not go with the
// CRDs; what federation placed is selected by the API server.
func TestHosts(t *testing.T) {
	for _, streams := range []bool{true, false} {
		server := newAPIServer(t, hosted("one", "one.example.com")+gateways)
		server.streams = streams
		v := observe(t, server, func(c *Config) { c.Rules = cluster.Hosts })
		v.awaitPhase(cluster.Live) // without the Gateway API
		v.awaitGroups("one.example.com")
		server.set(func() { server.gateways = true })
		v.awaitGroups("gw.example.com", "one.example.com")
		server.put(hosted("two", "two.example.com"))
		v.awaitGroups("gw.example.com", "one.example.com", "two.example.com")
		server.delete("ingresses", "a/one", false)
		v.awaitGroups("gw.example.com", "two.example.com")
		server.set(func() { server.gateways = false; server.watches++ })
		asked := server.asked("list " + gatewayPath)
		v.await("a look for the CRDs", func() bool { return server.asked("list "+gatewayPath) > asked+4 })
		v.awaitGroups("gw.example.com", "two.example.com")
		server.delete("httproutes", "a/web", true)
		server.set(func() { server.gateways = true })
		v.awaitGroups("two.example.com")
		v.await("a list by a definition that was not there is no evidence", func() bool { return v.loss[cluster.HostKey("gw.example.com")] == cluster.Doubtful })
		asked = 0
		server.set(func() {
			for _, r := range server.requests {
				if !strings.Contains(r, "/ingresses?") && !strings.Contains(r, "/gateways?") && !strings.Contains(r, "/httproutes?") {
					continue
				}
				if asked++; !strings.Contains(r, "labelSelector=app.kubernetes.io%2Fmanaged-by%3Dfedns") {
					t.Errorf("not only what was placed is asked for: %s", r)
				}
			}
		})
		if asked < 6 {
			t.Errorf("asked %d times only", asked)
		}
	}
}

// TestHostsThatAreAnnotated: with the rule for annotations all are read; without a
// rule for hosts nothing is.
func TestHostsThatAreAnnotated(t *testing.T) {
	annotated := strings.ReplaceAll(hosted("one", "one.example.com"), "labels: {app.kubernetes.io/managed-by: fedns}", `annotations: {fedns.io/export: "true"}`)
	server := newAPIServer(t, annotated)
	v := observe(t, server, func(c *Config) { c.Rules = cluster.ByIngress | cluster.ByAnnotation })
	v.awaitGroups("one.example.com")
	w := observe(t, server, func(c *Config) { c.Rules = cluster.ByAnnotation })
	before := server.asked("/ingresses")
	w.awaitPhase(cluster.Live)
	w.awaitGroups()
	if server.asked("labelSelector") > 0 || server.asked("list /apis/networking.k8s.io") > before {
		t.Error("what the rules do not need is asked for")
	}
}

func TestHostsForbidden(t *testing.T) {
	server := newAPIServer(t, hosted("one", "one.example.com"))
	server.refuse["list ingresses"], server.refuse["watch ingresses"] = 403, 403
	s, err := New(Config{Cluster: "c1", Kubeconfig: kubeconfig(t, "", server, ""), Rules: cluster.Hosts})
	if err != nil {
		t.Fatal(err)
	}
	defer s.client.Load().close()
	if err := s.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "cluster c1: list ingresses: ") {
		t.Errorf("check says %v", err)
	}
	v := observe(t, server, func(c *Config) { c.Rules = cluster.Hosts })
	v.await("the reason", func() bool {
		return v.last.Phase == cluster.Unreachable && strings.Contains(v.last.Reason, "ingresses: ")
	})
}
