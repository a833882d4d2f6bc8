package archtest

// module is the path that rules leave out: dnsserver/zone is
// github.com/fedns/fedns/dnsserver/zone.
const module = "github.com/fedns/fedns"

// rule bans imports. A pattern is a package's path; with /... it stands for the
// package and everything below it. In From and its exceptions paths are of this
// module; in Ban and Allow "std" stands for the standard library and "." for
// this module.
type rule struct {
	From    []string // packages the rule is for
	Except  []string // of those
	Ban     []string // what they must not import; empty: all but Allow
	Allow   []string // of what Ban holds
	Direct  bool     // counts what a package imports itself, tests included; else whatever it leads to
	Because string
}

var rules = []rule{
	// L1 and L2.
	{
		From:    []string{"dnsserver/dnsname"},
		Allow:   []string{"std"},
		Because: "names are the map key everywhere: whatever they import, everything imports",
	},
	{
		From:    []string{"dnsserver/wire"},
		Allow:   []string{"std", "dnsserver/dnsname"},
		Because: "message cursors are the floor of the hot path: no library below it may allocate",
	},
	{
		From:    []string{"dnsserver/zone"},
		Ban:     append([]string{"net", "net/http", "os/exec", "github.com/miekg/dns/..."}, kubernetes...),
		Because: "the zone is pure data: no sockets, no Kubernetes, no DNS library",
	},
	{
		From:    []string{"dnsserver/zone"},
		Ban:     []string{"."},
		Allow:   []string{"dnsserver/dnsname", "dnsserver/wire"},
		Because: "the zone lies below everything that reads or writes it",
	},
	{
		From:    []string{"discovery/cluster"},
		Ban:     append([]string{"net", "net/http"}, kubernetes...),
		Because: "what all of discovery shares is pure data: no sockets, no Kubernetes client",
	},
	{
		From:    []string{"discovery/tide"},
		Ban:     []string{"net/http", "k8s.io/client-go/...", "."},
		Allow:   []string{"discovery/cluster", "discovery/tide", "dnsserver/dnsname"},
		Because: "how far a store had come is known before there is a client, and kept when there is none any more",
	},
	{
		From:    []string{"discovery/kubernetes/bound"},
		Ban:     []string{"."},
		Because: "bounds are the same for whoever asks an API server: they know none of them",
	},
	{
		From:    []string{"discovery/probe"},
		Ban:     append([]string{"discovery/..."}, kubernetes...),
		Allow:   []string{"discovery/probe", "discovery/cluster"},
		Because: "probes try a data plane as clients do: what its control plane says must not colour them",
	},
	{
		From:    []string{"discovery/quorum"},
		Ban:     []string{"discovery/..."},
		Allow:   []string{"discovery/quorum", "discovery/cluster"},
		Because: "replicas agree on signals, whatever they come from",
	},
	{
		From:    []string{"discovery/probe", "discovery/quorum"},
		Ban:     []string{"dnsserver/zone", "dnsserver/wire", "dnsserver/zonefile"},
		Because: "what is known of a cluster is found out without knowing what is answered",
	},
	{
		From:    []string{"discovery/state"},
		Ban:     append([]string{"net", "net/http", "dnsserver/zone", "discovery/synth"}, kubernetes...),
		Because: "what is on disk has to be readable when nothing else is there: it knows files and packed Groups, not where they come from or which records they make",
	},
	{
		From:    []string{"discovery/inventory"},
		Ban:     append([]string{"net/http", "os"}, kubernetes...),
		Direct:  true,
		Because: "what is a member and what is gone is decided on values: no files, no Kubernetes client",
	},
	{
		From:    []string{"discovery/inventory/..."},
		Ban:     []string{"."},
		Allow:   []string{"discovery/inventory/...", "discovery/kubernetes", "discovery/cluster", "federation/api/..."},
		Direct:  true,
		Because: "inventories say which clusters there are and how to reach them, not what is in them",
	},
	{
		From:    []string{"discovery/guarantee", "providers/guarantee"},
		Allow:   []string{"std"},
		Because: "any line may ask whether its promise holds: what that imports, everything imports",
	},
	{
		From:    []string{"..."},
		Except:  []string{"discovery/guarantee/guaranteetest"},
		Ban:     []string{"discovery/guarantee/guaranteetest"},
		Because: "it imports testing, so only tests may import it",
	},
	{
		From:    []string{"..."},
		Except:  []string{"providers/route53/route53test"},
		Ban:     []string{"providers/route53/route53test"},
		Because: "it plays Route 53, and answers without asking anybody: only tests may import it",
	},
	{
		From:    []string{"providers/route53/route53test"},
		Ban:     []string{"."},
		Because: "it is the other opinion on Route 53: what it shared with the provider would be tested against itself",
	},
	{
		From:    []string{"..."},
		Except:  []string{"providers/route53/..."},
		Ban:     []string{"github.com/aws/..."},
		Direct:  true,
		Because: "one package knows Amazon's SDK: everything else knows hosted zones",
	},
	{
		From:    []string{"federation/api/..."},
		Ban:     []string{"k8s.io/client-go/...", "sigs.k8s.io/controller-runtime/...", "."},
		Allow:   []string{"federation/api/..."},
		Because: "who imports the CRD types must not get a client with them",
	},

	// Serving.
	{
		From:    []string{"dnsserver/..."},
		Ban:     kubernetes,
		Because: "serving never waits for the control plane, so it cannot know it",
	},
	{
		From:    []string{"dnsserver/udp/...", "dnsserver/stream/...", "dnsserver/https/...", "dnsserver/quic/..."},
		Ban:     []string{"dnsserver/answer/...", "dnsserver/zone/...", "dnsserver/dnsname", "github.com/miekg/dns/..."},
		Because: "sockets know bytes, not DNS: they call Respond(dst, query, from) and nothing else",
	},
	{
		From:    []string{"dnsserver/policy", "dnsserver/tsig", "dnsserver/transfer", "dnsserver/dnssec", "dnsserver/forward", "dnsserver/serial"},
		Ban:     []string{"dnsserver/answer", "dnsserver/udp", "dnsserver/stream", "dnsserver/https", "dnsserver/quic"},
		Because: "answers ask them, and sockets carry them: they know neither",
	},
	{
		From:    []string{"dnsserver/..."},
		Ban:     []string{"discovery/...", "providers/...", "federation/..."},
		Because: "data moves one way: nothing downstream asks anything upstream",
	},

	// Wings.
	{
		From:    []string{"..."},
		Except:  []string{"cmd/..."},
		Ban:     []string{"dnsserver", "discovery", "providers", "federation"},
		Because: "wings are joined in cmd: their roots never import each other, and children never import a root; what siblings share sits in the lowest package that needs it",
	},
	{
		From:    []string{"discovery/...", "providers/...", "federation/..."},
		Except:  []string{"providers/rfc2136/..."},
		Ban:     []string{"dnsserver/..."},
		Allow:   []string{"dnsserver/dnsname", "dnsserver/wire", "dnsserver/zone", "dnsserver/zonefile"},
		Because: "the wings share the zone model; none of them sees compiled answers or sockets",
	},
	{
		From:    []string{"providers/rfc2136/..."},
		Ban:     []string{"dnsserver/..."},
		Allow:   []string{"dnsserver/dnsname", "dnsserver/wire", "dnsserver/zone", "dnsserver/zonefile", "dnsserver/tsig"},
		Because: "as the other wings; what it sends is signed as what dnsserver answers, and keys are read in one way",
	},
	{
		From:    []string{"discovery/..."},
		Ban:     []string{"providers/...", "federation/..."},
		Allow:   []string{"federation/api/..."},
		Because: "data moves one way: discovery writes the zone and does not know who reads it",
	},
	{
		From:    []string{"providers/..."},
		Ban:     []string{"discovery/...", "federation/..."},
		Because: "providers read the zone and do not know who wrote it",
	},
	{
		From:    []string{"providers/hosted"},
		Ban:     append([]string{"net", "net/http", "github.com/miekg/dns/..."}, kubernetes...),
		Because: "what all of providers shares is pure data: no provider's library, no sockets",
	},
	{
		From:    []string{"..."},
		Except:  []string{"providers/clouddns/clouddnstest"},
		Ban:     []string{"providers/clouddns/clouddnstest"},
		Because: "it plays Cloud DNS to tests: nothing that runs may reach it",
	},
	{
		From:    []string{"providers/clouddns/clouddnstest"},
		Ban:     []string{"."},
		Direct:  true,
		Because: "a simulator that shared code with the provider would share its mistakes",
	},
	{
		From:    []string{"providers/ownership"},
		Allow:   []string{"std", "providers/hosted", "dnsserver/zone", "dnsserver/dnsname", "dnsserver/wire"},
		Because: "whose a record is has to be read alike by every version and every provider: claims are pure text, with no library between",
	},
	{
		From:    []string{"providers/ownership"},
		Ban:     []string{"net", "net/http", "os/exec"},
		Because: "whose a record is follows from what the hosted zone holds, and from nothing else: claims ask nobody",
	},
	{
		From:    []string{"providers/rate"},
		Ban:     []string{"."},
		Allow:   []string{"providers/hosted", "dnsserver/zone", "dnsserver/dnsname", "dnsserver/wire"},
		Because: "rates count calls: what a call is for is decided above them",
	},
	{
		From:    []string{"providers/route53/...", "providers/clouddns/...", "providers/rfc2136/...", "providers/webhook/...", "providers/zonefile/...", "providers/inmemory/..."},
		Ban:     []string{"providers/plan", "providers/ownership", "providers/rate"},
		Because: "a provider makes changes: what to change, and when, is decided above it",
	},
	{
		From:    []string{"..."},
		Except:  []string{"providers/providertest"},
		Ban:     []string{"providers/providertest"},
		Because: "the suite of providers imports testing, so only tests may import it",
	},
	{
		From:    []string{"providers/providertest"},
		Ban:     []string{"providers/..."},
		Allow:   []string{"providers/providertest", "providers/hosted"},
		Because: "the suite runs on any provider and knows none",
	},
	{
		From:    []string{"federation/placement"},
		Ban:     []string{"k8s.io/client-go/...", "sigs.k8s.io/controller-runtime/...", "."},
		Allow:   []string{"federation/placement", "federation/cluster", "federation/api/v1alpha1"},
		Because: "where a template goes is decided purely: on values, without asking anyone",
	},
	{
		From:    []string{"federation/..."},
		Ban:     []string{"providers/..."},
		Because: "federation decides where things go; what DNS they get is decided downstream",
	},
	{
		From:    []string{"federation/propagation"},
		Ban:     []string{"federation/...", "sigs.k8s.io/controller-runtime/..."},
		Allow:   []string{"federation/propagation", "federation/work", "federation/retain", "federation/interpret", "federation/workload", "federation/placement", "federation/override", "federation/cluster", "federation/api/v1alpha1"},
		Because: "propagation carries tasks out: what goes where, and which system's objects said so, is decided above it",
	},
	{
		From:    []string{"federation/karmada"},
		Ban:     []string{"federation/...", "discovery/..."},
		Allow:   []string{"federation/karmada", "federation/api/karmada/...", "federation/finding", "federation/host", "federation/work", "federation/placement", "federation/override", "federation/interpret", "federation/workload", "federation/cluster", "federation/api/v1alpha1"},
		Because: "a dialect translates its own system's objects: it knows no other dialect, nor who carries orders out",
	},
	{
		From:    []string{"federation/kubefed", "federation/federationv1"},
		Ban:     []string{"federation/...", "discovery/..."},
		Allow:   []string{"federation/kubefed", "federation/federationv1", "federation/finding", "federation/preference", "federation/host", "federation/work", "federation/interpret", "federation/workload", "federation/placement", "federation/override", "federation/cluster", "federation/api/..."},
		Because: "a dialect translates: it knows its own objects and what orders are made of, neither other dialects nor who carries orders out",
	},
	{
		From:    []string{"..."},
		Except:  []string{"federation/work/worktest"},
		Ban:     []string{"federation/work/worktest"},
		Because: "it imports testing, so only tests may import it",
	},
	{
		From:    []string{"federation/preference"},
		Ban:     []string{"k8s.io/client-go/...", "sigs.k8s.io/controller-runtime/...", "."},
		Allow:   []string{"federation/preference", "federation/placement", "federation/cluster", "federation/api/..."},
		Because: "what two dialects have in common is translated purely",
	},

	// Everywhere.
	{
		From:    []string{"..."},
		Except:  []string{"cmd/..."},
		Ban:     []string{"cmd/..."},
		Because: "only cmd knows flags and the configuration file; each package has its own Config",
	},
	{
		From:    []string{"..."},
		Ban:     []string{"integration/..."},
		Because: "integration may import anything, so nothing may import it",
	},
	{
		From:    []string{"..."},
		Ban:     []string{"gopkg.in/yaml.v3", "gopkg.in/yaml.v2"},
		Direct:  true,
		Because: "it is no longer maintained; go.yaml.in/yaml/v3 is its continuation",
	},
	{
		From:    []string{"..."},
		Ban:     []string{"log"},
		Direct:  true,
		Because: "logs are log/slog: constant messages, attributes for the rest",
	},
}

// kubernetes is everything that speaks of Kubernetes objects.
var kubernetes = []string{"k8s.io/...", "sigs.k8s.io/..."}
