package demo

import (
	"fmt"
	"strings"
	"text/template"
)

// Member is one of the demo's clusters.
type Member struct {
	Name, Region, Zone string
	// Net is the second octet of its Services' addresses, and with 100 added of
	// its pods'; with 140 added it is the second group of its Services' IPv6
	// addresses.
	Net int
}

// Members are the demo's clusters: two in one region, one in another.
var Members = []Member{
	{"eu-1", "eu-west", "eu-west-1a", 11},
	{"eu-2", "eu-west", "eu-west-1b", 12},
	{"us-1", "us-east", "us-east-1a", 13},
}

// ServiceCIDR holds the member's cluster IPs of the first family.
func (m Member) ServiceCIDR() string { return fmt.Sprintf("10.%d.0.0/16", m.Net) }

// IPv6 is the cluster IP of web of the second family.
func (m Member) IPv6() string { return fmt.Sprintf("fd10:%d::50", 140+m.Net) }

// web is a Service with a virtual IP of each family, exported by annotation. It
// has no selector: its slice is written here, so that the scenario says which
// endpoints are ready, with no kubelet to ask.
const web = `apiVersion: v1
kind: Namespace
metadata:
  name: shop
---
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: shop
  annotations:
    fedns.io/export: "true"
spec:
  ipFamilyPolicy: RequireDualStack
  ipFamilies: [IPv4, IPv6]
  clusterIP: 10.{{.Net}}.0.80
  clusterIPs: ["10.{{.Net}}.0.80", "{{.IPv6}}"]
  ports:
  - {name: http, port: 80, protocol: TCP}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: web-1
  namespace: shop
  labels:
    kubernetes.io/service-name: web
addressType: IPv4
ports:
- {name: http, port: 8080, protocol: TCP}
endpoints:
- addresses: ["10.1{{.Net}}.0.1"]
  conditions: {ready: {{.Ready}}}
- addresses: ["10.1{{.Net}}.0.2"]
  conditions: {ready: {{.Ready}}}
`

// db is a headless Service whose endpoints have hostnames, exported by ServiceExport.
const db = `apiVersion: v1
kind: Namespace
metadata:
  name: shop
---
apiVersion: v1
kind: Service
metadata:
  name: db
  namespace: shop
spec:
  clusterIP: None
  ports:
  - {name: sql, port: 5432, protocol: TCP}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: db-1
  namespace: shop
  labels:
    kubernetes.io/service-name: db
addressType: IPv4
ports:
- {name: sql, port: 5432, protocol: TCP}
endpoints:
- {addresses: ["10.1{{.Net}}.1.1"], hostname: db-0, conditions: {ready: true}}
- {addresses: ["10.1{{.Net}}.1.2"], hostname: db-1, conditions: {ready: true}}
---
apiVersion: multicluster.x-k8s.io/v1beta1
kind: ServiceExport
metadata:
  name: db
  namespace: shop
`

// Web is the manifest of the Service shop/web in m, with its endpoints ready or not.
func (m Member) Web(ready bool) string {
	return m.render(web, ready)
}

// DB is the manifest of the headless Service shop/db in m.
func (m Member) DB() string { return m.render(db, true) }

func (m Member) render(text string, ready bool) string {
	var b strings.Builder
	data := struct {
		Member
		Ready bool
	}{m, ready}
	if err := template.Must(template.New("").Parse(text)).Execute(&b, data); err != nil {
		panic(err) // the templates are constants
	}
	return b.String()
}

// Zone is the file of the zone example.com: a static name beside the federation's.
const Zone = `; Records of your own stand beside those that the clusters give.
$TTL 300
www    CNAME  web.shop.prod.svc
`

// Config is the demo's configuration; clusters stands for the lines that say
// how each Member is reached.
func Config(dns, http, zoneFile string, cluster func(Member) string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `apiVersion: fedns.io/v1alpha1
kind: Config
listen:
  dns: [%q]
  http: %q
federation:
  name: prod
  domain: example.com
  clusterSet: clusterset.local
exports: [ServiceExport, Annotated, LoadBalancer]
zones:
- name: example.com
  files: [%q]
- name: 10.in-addr.arpa
clusters:
`, dns, http, zoneFile)
	for _, m := range Members {
		fmt.Fprintf(&b, "- name: %s\n  region: %s\n  zone: %s\n  %s\n", m.Name, m.Region, m.Zone, cluster(m))
	}
	return b.String()
}
