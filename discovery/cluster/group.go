package cluster

import (
	"cmp"
	"net/netip"
	"slices"
	"time"
)

// ID is a member cluster's name: a DNS label, the <clusterid> of the MCS DNS specification.
type ID string

// ServiceKey names a Service across clusters (KEP-1645: namespace sameness), or,
// without a namespace, a host: what clients of Ingresses and Gateways ask for. The
// zero ServiceKey is neither.
type ServiceKey struct{ Namespace, Name string }

// HostKey names a host: a domain name in lower case without the dot at its end,
// the first label of which may be "*".
func HostKey(host string) ServiceKey { return ServiceKey{Name: host} }

// IsHost says that the key names a host.
func (k ServiceKey) IsHost() bool { return k.Namespace == "" && k.Name != "" }

// String is namespace/name, of a host the host.
func (k ServiceKey) String() string {
	if k.IsHost() {
		return k.Name
	}
	return k.Namespace + "/" + k.Name
}

// Compare orders keys by namespace, then by name.
func (k ServiceKey) Compare(o ServiceKey) int {
	return cmp.Or(cmp.Compare(k.Namespace, o.Namespace), cmp.Compare(k.Name, o.Name))
}

// ServiceType is the form of a Service that DNS tells apart.
type ServiceType uint8

const (
	// ClusterIP has a virtual IP inside its cluster (NodePort included).
	ClusterIP ServiceType = iota
	// Headless has none: its endpoints answer for themselves.
	Headless
	// LoadBalancer has ingress addresses or hostnames beside its virtual IP.
	LoadBalancer
)

// String is the type in Kubernetes' words.
func (t ServiceType) String() string {
	switch t {
	case ClusterIP:
		return "ClusterIP"
	case Headless:
		return "Headless"
	case LoadBalancer:
		return "LoadBalancer"
	}
	return "Unknown"
}

// Export is the set of export rules that hold for a Service.
type Export uint8

const (
	// ByServiceExport is set when a ServiceExport of the same name exists (KEP-1645).
	ByServiceExport Export = 1 << iota
	// ByAnnotation is set by fedns.io/export: "true".
	ByAnnotation
	// ByLoadBalancer is set when the Service is of type LoadBalancer.
	ByLoadBalancer
	// ByIngress is set when an Ingress has the host.
	ByIngress
	// ByGateway is set when an HTTPRoute has the host on a Gateway.
	ByGateway
)

// Hosts are the rules by which hosts are exported, not Services.
const Hosts = ByIngress | ByGateway

// MaxTTL is the longest TTL a record gets, in seconds: a week, as in the
// configuration. RFC 8767 §4 has resolvers cap TTLs there.
const MaxTTL = 7 * 24 * 3600

// Group is all that DNS has to know of one Service in one cluster, or of one host:
// that is of type LoadBalancer, with no endpoints, and Ingress from the objects
// that have it. A Source
// reports Groups of exported Services only, Export already limited to the rules
// the configuration switched on, and addresses that are Usable. Slices are sorted and without duplicates, so
// that equal Groups are deeply equal.
type Group struct {
	Cluster   ID
	Service   ServiceKey
	Withdrawn bool // seen to be gone or no longer exported; all else but Loss is zero then
	// Loss is the weakest evidence by which something that the Group rested on went
	// away since the Group was last reported. It is of the report, not of the
	// Service: it does not make Groups differ.
	Loss Loss
	// Received is when the first watch event came in that the report tells of; zero:
	// none did, it tells of a list. As with Loss, Groups do not differ by it.
	Received time.Time

	Export          Export
	Created         time.Time // of the ServiceExport, else of the Service or of what has the host: the oldest wins conflicts
	Type            ServiceType
	ClusterIPs      []netip.Addr // empty when Headless
	Ingress         []Ingress    // LoadBalancer only
	Ports           []Port
	Endpoints       []Endpoint
	PublishNotReady bool // spec.publishNotReadyAddresses
	// WithoutEndpoints says that it is answered whether or not an endpoint is known or
	// ready, wherever else it has an address (fedns.io/without-endpoints).
	WithoutEndpoints bool

	TTL       uint32       // seconds, fedns.io/ttl, MaxTTL at most; 0: not set
	Policy    string       // fedns.io/policy; empty: not set
	Weight    uint32       // fedns.io/weight; 0: not set
	Addresses []netip.Addr // fedns.io/addresses: these instead of what the cluster shows

	Findings []string // what of its objects cannot be used: object, field and why, a few lines for people
}

// Ingress is one entry of a LoadBalancer's status: an address or a hostname, never both.
type Ingress struct {
	Addr     netip.Addr
	Hostname string
}

// Port is one port of a Service. Endpoints of a headless Service may each serve
// it at another number: Endpoint.Ports.
type Port struct {
	Name     string // may be empty when the Service has one port
	Protocol string // tcp, udp or sctp, lower case as in SRV owner names
	Number   uint16
}

// Endpoint is one address behind a Service. An endpoint object with several
// addresses of a family becomes several Endpoints.
type Endpoint struct {
	Addr        netip.Addr
	Hostname    string // the endpoint's own; empty: none
	Ready       bool
	Serving     bool
	Terminating bool
	Zone        string // topology zone; empty: unknown
	Ports       []Port // as the EndpointSlice gives them
}

// Topology is where a cluster is, as its nodes' labels tell it
// (topology.kubernetes.io/region and /zone).
type Topology struct {
	Region   string   // what most nodes say; empty: none ever said
	Zones    []string // of the nodes there, sorted, unique; empty: unknown
	Findings []string // what the nodes leave in doubt, one line each, for people
}

// Equal says that two Topologies tell the same.
func (t Topology) Equal(u Topology) bool {
	return t.Region == u.Region && slices.Equal(t.Zones, u.Zones) && slices.Equal(t.Findings, u.Findings)
}
