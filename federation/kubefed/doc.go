// Package kubefed is KubeFed's dialect: templates in objects of federated kinds
// (FederatedDeployment, FederatedService, …), which go where their placement says,
// changed as their overrides say, with replicas as ReplicaSchedulingPreferences say.
//
//	federated objects, type configs, preferences ── host ──► desk ── order ──► work.Sink
//	finalizer, status.conditions, status.clusters ◄── clerk, Report ── work.Report
//	status.dns, DNSEndpoints ◄── registrar ── Names: what is answered
//
// A ServiceDNSRecord or an IngressDNSRecord makes annotations of the Service or
// Ingress that is ordered under its name: by these discovery, which reads the
// members, names it. So names have the evidence, the guard and the memory that all
// names have, and the host cluster is not asked for them.
//
// What KubeFed does and is kept:
//   - neither placement.clusters nor placement.clusterSelector: nothing is placed;
//     placement.clusters, even without any, comes before the selector;
//   - the label kubefed.io/managed is put on after the overrides;
//   - objects that are there already are adopted;
//   - a FederatedNamespace bounds what is placed in its namespace;
//   - an object stays until members are done with its deletion (the finalizer
//     kubefed.io/sync-controller, KubeFed's own, so that what KubeFed made goes on);
//     kubefed.io/orphan: "true", as an annotation or a label, leaves what is there;
//   - clusters that cannot be reached keep what they have, unless a preference tells
//     replicas out: those move after a minute.
//
// What is otherwise:
//   - the usual kinds need no FederatedTypeConfig; one that is there counts;
//   - a namespace needs no FederatedNamespace: what is in it is placed as it says
//     itself, and members get the namespace along, for whoever federates an object
//     wants it to be there. So what is left in a namespace whose FederatedNamespace
//     is deleted is bounded no more;
//   - a preference changes nothing in the federated object, which goes on saying what
//     people wrote; without the preference, its own placement counts again;
//   - Disabled writes nothing any more, and what is in members stands; the deletion of
//     a FederatedTypeConfig lets go of what is in members;
//   - a cluster that is lost holds no deletion up: what is left there is the engine's
//     to record and remove later;
//   - one object that cannot be read holds up none but itself;
//   - an externalName is added to a Service's own name, and does not replace it; names
//     of which nothing is answered at any level are none, and no aliases of none.
//
// It imports federation's types, federation/host and the API's types.
package kubefed
