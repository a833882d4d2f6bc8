package api

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/fedns/fedns/cmd/fedns/federate"
	"github.com/fedns/fedns/cmd/fedns/propagation"
	"github.com/fedns/fedns/cmd/fedns/recordsync"
	"github.com/fedns/fedns/discovery"
	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/evidence"
	"github.com/fedns/fedns/dnsserver/answer"
	"github.com/fedns/fedns/dnsserver/policy"
	"github.com/fedns/fedns/providers"
)

// Metric is one metric's documentation.
type Metric struct {
	Name, Help string
	Labels     []string
	Kind       prometheus.ValueType
}

// metrics lists what is exported, in the order of the documentation. Label
// values come from the configuration and from fixed lists only: no client and no
// owner of a Service can make more of them.
var metrics = []Metric{
	{"fedns_dns_responses_total", "Responses sent.", []string{"transport", "rcode"}, prometheus.CounterValue},
	{"fedns_dns_truncated_total", "Responses sent with TC, among fedns_dns_responses_total.", []string{"transport"}, prometheus.CounterValue},
	{"fedns_dns_dropped_total", "Messages that were owed no response.", []string{"transport"}, prometheus.CounterValue},
	{"fedns_dns_udp_kernel_drops_total", "Queries over UDP that the kernel dropped because the socket's buffer was full, on Linux. A process that was handed the sockets over goes on counting.", nil, prometheus.CounterValue},
	{"fedns_dns_tap_written_total", "Messages written, by what is written: dnstap or querylog.", []string{"tap"}, prometheus.CounterValue},
	{"fedns_dns_tap_dropped_total", "Messages that were to be written and were left out, because the writer or the reader did not keep up.", []string{"tap"}, prometheus.CounterValue},
	{"fedns_dns_panics_total", "Queries whose answering panicked; each got SERVFAIL. Anything but 0 is a defect.", nil, prometheus.CounterValue},
	{"fedns_dns_connections", "Connections open.", []string{"transport"}, prometheus.GaugeValue},
	{"fedns_dns_connections_accepted_total", "Connections served.", []string{"transport"}, prometheus.CounterValue},
	{"fedns_dns_connections_refused_total", "Connections closed at once because a bound was reached.", []string{"transport"}, prometheus.CounterValue},
	{"fedns_dns_provisional", "1 while a name that is not there is answered SERVFAIL, for a cluster that was not read since the start may have it; 0 once all were read or startup.wait is over.", nil, prometheus.GaugeValue},
	{"fedns_zone_serial", "SOA serial of the zone.", []string{"zone"}, prometheus.GaugeValue},
	{"fedns_zone_names", "Owner names in the zone.", []string{"zone"}, prometheus.GaugeValue},
	{"fedns_zone_records", "Resource records in the zone.", []string{"zone"}, prometheus.GaugeValue},
	{"fedns_zone_hidden_rrsets", "RRsets of Services whose owner names belong to zone files.", []string{"zone"}, prometheus.GaugeValue},
	{"fedns_zone_file_ok", "1 when the zone's files were good when last read; 0: what they held before is served.", []string{"zone"}, prometheus.GaugeValue},
	{"fedns_zone_keys_ok", "1 when the keys of a zone that is to be signed were good when last read; 0: those before sign, or none if there were none.", []string{"zone"}, prometheus.GaugeValue},
	{"fedns_cluster_phase", "1 for the phase the cluster is in (syncing, live, unreachable), 0 for the others.", []string{"cluster", "phase"}, prometheus.GaugeValue},
	{"fedns_cluster_standing", "1 for how the cluster is answered (first, behind, drained, evicted), 0 for the others.", []string{"cluster", "standing"}, prometheus.GaugeValue},
	{"fedns_cluster_signal", "What is seen of the cluster, by signal (api, nodes, data): 1 up, 0 down; left out while unknown.", []string{"cluster", "signal"}, prometheus.GaugeValue},
	{"fedns_cluster_held", "1 while the cluster would step behind, but so many are lost at once that it is taken for being cut off oneself.", []string{"cluster"}, prometheus.GaugeValue},
	{"fedns_cluster_withdrawals_held", "Services of the cluster that stand although they are reported gone, because too many were at a time: see fedns release.", []string{"cluster"}, prometheus.GaugeValue},
	{"fedns_cluster_last_sync_timestamp_seconds", "When the cluster was last heard of; 0: never.", []string{"cluster"}, prometheus.GaugeValue},
	{"fedns_cluster_services", "Services the cluster exports.", []string{"cluster"}, prometheus.GaugeValue},
	{"fedns_cluster_endpoints", "Endpoints of the Services the cluster exports.", []string{"cluster"}, prometheus.GaugeValue},
	{"fedns_cluster_findings", "What /api/v1/clusters finds wrong with the cluster: nodes that disagree, manifests that cannot be read.", []string{"cluster"}, prometheus.GaugeValue},
	{"fedns_probe_up", "1 while one of the cluster's probes succeeds, 0 while all fail, as this replica sees it; absent while that is not known.", []string{"cluster"}, prometheus.GaugeValue},
	{"fedns_replicas_fresh", "Replicas of fedns, this one among them, whose view of the clusters was heard of lately. Without a host cluster 1.", nil, prometheus.GaugeValue},
	{"fedns_replicas_findings", "What keeps replicas from agreeing: a host cluster that cannot be reached, views that cannot be read or written, two replicas of one name.", nil, prometheus.GaugeValue},
	{"fedns_inventory_clusters", "Clusters the inventory states.", []string{"inventory"}, prometheus.GaugeValue},
	{"fedns_inventory_findings", "What /api/v1/inventories finds wrong with the inventory's objects.", []string{"inventory"}, prometheus.GaugeValue},
	{"fedns_inventory_reachable", "0 when the inventory cannot be read: the clusters that it stated last stand.", []string{"inventory"}, prometheus.GaugeValue},
	{"fedns_inventory_last_sync_timestamp_seconds", "When the inventory was last heard of; 0: never.", []string{"inventory"}, prometheus.GaugeValue},
	{"fedns_discovery_running", "1 while clusters are followed. 0: discovery has stopped by a defect, answers go stale, and /readyz says no; restart the daemon.", nil, prometheus.GaugeValue},
	{"fedns_discovery_services", "Services exported by any cluster.", nil, prometheus.GaugeValue},
	{"fedns_discovery_services_refused", "Services whose records were refused and wait to be tried again.", nil, prometheus.GaugeValue},
	{"fedns_discovery_services_with_findings", "Services of which /api/v1/services has something to tell.", nil, prometheus.GaugeValue},
	{"fedns_discovery_groups_total", "Changes of a Service in one cluster.", nil, prometheus.CounterValue},
	{"fedns_discovery_withdrawn_total", "Services seen to be gone from one cluster.", nil, prometheus.CounterValue},
	{"fedns_discovery_withdrawals_held_total", "Services reported gone that were held.", nil, prometheus.CounterValue},
	{"fedns_discovery_publishes_total", "Batches of changes published to the zones.", nil, prometheus.CounterValue},
	{"fedns_discovery_publish_errors_total", "Batches of which something was refused.", nil, prometheus.CounterValue},
	{"fedns_discovery_source_failures_total", "Watches of a cluster that failed as a whole and were begun again, panics included.", nil, prometheus.CounterValue},
	{"fedns_discovery_source_panics_total", "Watches of a cluster that panicked. Anything but 0 is a defect.", nil, prometheus.CounterValue},
	{"fedns_discovery_panics_total", "Panics of discovery elsewhere. Each was contained, and what it hit is tried again. Anything but 0 is a defect.", nil, prometheus.CounterValue},
	{"fedns_discovery_hostnames", "Load balancer hostnames that are being resolved.", nil, prometheus.GaugeValue},
	{"fedns_discovery_store_bytes", "Octets in which what is known of Services is kept.", nil, prometheus.GaugeValue},
	{"fedns_state_ok", "1 when what is known of the clusters can be written to stateDir; 0: it cannot, for a reason that /readyz tells. It is tried again.", nil, prometheus.GaugeValue},
	{"fedns_state_bytes", "Octets of the files in which what is known of the clusters is kept over a restart.", nil, prometheus.GaugeValue},
	{"fedns_state_write_errors_total", "Times that writing them failed.", nil, prometheus.CounterValue},
	{"fedns_state_last_write_timestamp_seconds", "When they were last written; 0: not since the start.", nil, prometheus.GaugeValue},
	{"fedns_state_restored_groups", "Services, each cluster's counted by itself, that were read from them at the start.", nil, prometheus.GaugeValue},
	{"fedns_state_damaged_bytes", "Octets of them that were damaged and were not used at the start.", nil, prometheus.GaugeValue},
	{"fedns_provider_up", "1 while the provider's last call succeeded, by hosted zone.", []string{"provider", "zone"}, prometheus.GaugeValue},
	{"fedns_provider_dry_run", "1 where nothing is written: dryRun in the configuration.", []string{"provider", "zone"}, prometheus.GaugeValue},
	{"fedns_provider_leading", "1 on the replica that writes to the hosted zone.", []string{"provider", "zone"}, prometheus.GaugeValue},
	{"fedns_provider_owned_record_sets", "Record sets in the hosted zone with a claim of ours.", []string{"provider", "zone"}, prometheus.GaugeValue},
	{"fedns_provider_backlog_names", "Names that wait to be written.", []string{"provider", "zone"}, prometheus.GaugeValue},
	{"fedns_provider_pending_batches", "Batches that are not on all of the provider's name servers yet.", []string{"provider", "zone"}, prometheus.GaugeValue},
	{"fedns_provider_refused_record_sets", "Record sets that cannot be written: /api/v1/providers tells which, and why.", []string{"provider", "zone"}, prometheus.GaugeValue},
	{"fedns_provider_held_names", "Names whose deletion waits for fedns release --provider.", []string{"provider", "zone"}, prometheus.GaugeValue},
	{"fedns_provider_last_list_timestamp_seconds", "When the hosted zone was last listed whole; 0: never.", []string{"provider", "zone"}, prometheus.GaugeValue},
	{"fedns_provider_last_apply_timestamp_seconds", "When something was last written; 0: never.", []string{"provider", "zone"}, prometheus.GaugeValue},
	{"fedns_provider_last_in_sync_timestamp_seconds", "When all there was to write had last been written and confirmed; 0: never.", []string{"provider", "zone"}, prometheus.GaugeValue},
	{"fedns_provider_batches_total", "Batches made.", []string{"provider", "zone"}, prometheus.CounterValue},
	{"fedns_provider_changes_total", "Record sets changed by them, claims included.", []string{"provider", "zone"}, prometheus.CounterValue},
	{"fedns_provider_conflicts_total", "Batches that were not made since the hosted zone held something else than was expected.", []string{"provider", "zone"}, prometheus.CounterValue},
	{"fedns_provider_refusals_total", "Batches that the provider refused for what was in them.", []string{"provider", "zone"}, prometheus.CounterValue},
	{"fedns_provider_throttled_total", "Batches that the provider refused for their rate.", []string{"provider", "zone"}, prometheus.CounterValue},
	{"fedns_provider_failures_total", "Calls that failed otherwise.", []string{"provider", "zone"}, prometheus.CounterValue},
	{"fedns_provider_lists_total", "Listings of the hosted zone.", []string{"provider", "zone"}, prometheus.CounterValue},
	{"fedns_provider_drifted_record_sets_total", "Record sets of ours that somebody else was found to have edited.", []string{"provider", "zone"}, prometheus.CounterValue},
	{"fedns_federation_leading", "1 on the replica that propagates templates.", nil, prometheus.GaugeValue},
	{"fedns_federation_term", "Number of its term, which grows with each leader.", nil, prometheus.GaugeValue},
	{"fedns_federation_synced", "1 when all orders and clusters are known.", nil, prometheus.GaugeValue},
	{"fedns_federation_orders", "Templates that are ordered.", nil, prometheus.GaugeValue},
	{"fedns_federation_bindings", "Templates that are placed, or being taken back.", nil, prometheus.GaugeValue},
	{"fedns_federation_unplaced", "Orders that have no placement, or not for all replicas: /api/v1/bindings tells which, and why.", nil, prometheus.GaugeValue},
	{"fedns_federation_queued", "Templates that wait to be looked at.", nil, prometheus.GaugeValue},
	{"fedns_federation_withdrawals_held", "Templates whose withdrawal waits for fedns release --federation.", nil, prometheus.GaugeValue},
	{"fedns_federation_decisions_total", "Bindings written.", nil, prometheus.CounterValue},
	{"fedns_federation_moves_total", "Times that a template began to leave a cluster.", nil, prometheus.CounterValue},
	{"fedns_federation_reports_total", "Reports written to the host.", nil, prometheus.CounterValue},
	{"fedns_federation_failures_total", "Writes to the host that failed and are tried again.", nil, prometheus.CounterValue},
	{"fedns_federation_restored_total", "Bindings that were put right because somebody else had changed or deleted them.", nil, prometheus.CounterValue},
	{"fedns_federation_targets", "Templates that are to be in the cluster.", []string{"cluster"}, prometheus.GaugeValue},
	{"fedns_federation_applied", "Templates that the cluster has as they are to be.", []string{"cluster"}, prometheus.GaugeValue},
	{"fedns_federation_failed", "Templates that cannot be written to the cluster now.", []string{"cluster"}, prometheus.GaugeValue},
	{"fedns_federation_altered", "Templates of which the cluster made something else as it took them: its webhooks, say.", []string{"cluster"}, prometheus.GaugeValue},
	{"fedns_federation_unhealthy", "Templates that do not do their work in the cluster.", []string{"cluster"}, prometheus.GaugeValue},
	{"fedns_federation_leaving", "Templates that stay in the cluster until others have taken their place.", []string{"cluster"}, prometheus.GaugeValue},
	{"fedns_federation_removing", "Templates that are to go from the cluster and may still be there.", []string{"cluster"}, prometheus.GaugeValue},
	{"fedns_config_ok", "1 when the configuration file was good when last read; 0: the one before goes on.", nil, prometheus.GaugeValue},
	{"fedns_config_applied_timestamp_seconds", "When a configuration was last taken up.", nil, prometheus.GaugeValue},
}

// Metrics lists what /metrics exports beside Go's own and the process's.
func Metrics() []Metric { return metrics }

// Histograms lists those, whose Kind says nothing: Prometheus has no such value.
func Histograms() []Metric {
	return []Metric{
		{Name: propagation.Name, Help: propagation.Help, Labels: []string{"cluster", "stage"}},
		{Name: propagation.ArrivalName, Help: propagation.ArrivalHelp, Labels: []string{"cluster"}},
		{Name: federate.CallsName, Help: federate.CallsHelp, Labels: federate.CallLabels},
		{Name: recordsync.PropagationName, Help: recordsync.PropagationHelp, Labels: []string{"provider", "zone"}},
	}
}

func registry(src Sources) *prometheus.Registry {
	r := prometheus.NewRegistry()
	c := &collector{src: src, descs: map[string]*prometheus.Desc{}}
	for _, m := range metrics {
		c.descs[m.Name] = prometheus.NewDesc(m.Name, m.Help, m.Labels, nil)
	}
	r.MustRegister(c, src.Propagation(), src.Hosted(), calls{src}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewBuildInfoCollector())
	return r
}

// collector reads all numbers when it is asked; nothing is counted twice.
type collector struct {
	src   Sources
	descs map[string]*prometheus.Desc
}

// federation tells of propagation, where there is any.
func (c *collector) federation(put putFunc) {
	f := c.src.Federation()
	if f == nil {
		return
	}
	counts, leads := f.Counts()
	put("fedns_federation_leading", truth(leads))
	if !leads {
		return
	}
	for name, v := range map[string]float64{
		"term": float64(counts.Term), "synced": truth(counts.Synced), "orders": float64(counts.Orders), "bindings": float64(counts.Bindings),
		"unplaced": float64(counts.Unplaced), "queued": float64(counts.Queued), "withdrawals_held": float64(counts.Held),
		"decisions_total": float64(counts.Decisions), "moves_total": float64(counts.Moves), "reports_total": float64(counts.Reports),
		"failures_total": float64(counts.Failures), "restored_total": float64(counts.Restored),
	} {
		put("fedns_federation_"+name, v)
	}
	for name, share := range f.Shares() {
		for what, n := range map[string]int{
			"targets": share.Targets, "applied": share.Applied, "failed": share.Failed, "altered": share.Altered, "unhealthy": share.NotHealthy, "leaving": share.Leaving, "removing": share.Removing,
		} {
			put("fedns_federation_"+what, float64(n), name)
		}
	}
}

// calls are those of propagation to members, as long as there is any.
type calls struct{ src Sources }

// Describe implements prometheus.Collector. It says nothing: whether there is any
// propagation is only known later.
func (calls) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (c calls) Collect(ch chan<- prometheus.Metric) {
	if f := c.src.Federation(); f != nil {
		f.Collect(ch)
	}
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	kinds := map[string]prometheus.ValueType{}
	for _, m := range metrics {
		kinds[m.Name] = m.Kind
	}
	put := func(name string, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(c.descs[name], kinds[name], v, labels...)
	}
	c.dns(put)
	c.clusters(put)
	c.probes(put)
	c.inventories(put)
	c.discovery(put, c.src.Engine().Stats())
	c.state(put)
	c.providers(put)
	c.federation(put)
	reload := c.src.Reload()
	put("fedns_config_ok", truth(reload.OK))
	put("fedns_config_applied_timestamp_seconds", float64(reload.At.Unix()))
}

type putFunc func(name string, v float64, labels ...string)

func (c *collector) dns(put putFunc) {
	s := c.src.Server()
	for t := range policy.Transports {
		transport := t.String()
		var rcodes [len(answer.Counts{}.Rcodes)]uint64
		var truncated, dropped uint64
		for _, n := range s.Counts(t) {
			for i := range n.Rcodes {
				rcodes[i] += n.Rcodes[i].Load()
			}
			truncated += n.Truncated.Load()
			dropped += n.Dropped.Load()
		}
		for i, v := range rcodes {
			if name, ok := rcodeNames[i]; ok {
				put("fedns_dns_responses_total", float64(v), transport, name)
			}
		}
		put("fedns_dns_truncated_total", float64(truncated), transport)
		put("fedns_dns_dropped_total", float64(dropped), transport)
		if t != policy.UDP {
			st := s.Streams(t)
			put("fedns_dns_connections", float64(st.Open), transport)
			put("fedns_dns_connections_accepted_total", float64(st.Accepted), transport)
			put("fedns_dns_connections_refused_total", float64(st.Refused), transport)
		}
	}
	put("fedns_dns_udp_kernel_drops_total", float64(s.KernelDrops()))
	for name, st := range c.src.Taps() {
		put("fedns_dns_tap_written_total", float64(st.Written), name)
		put("fedns_dns_tap_dropped_total", float64(st.Dropped), name)
	}
	put("fedns_dns_provisional", truth(c.src.Doubtful()))
	put("fedns_dns_panics_total", float64(s.Panics()))
	faults := c.src.ZoneFaults()
	for _, z := range s.Zones() {
		put("fedns_zone_serial", float64(z.Serial), z.Name)
		put("fedns_zone_names", float64(z.Names), z.Name)
		put("fedns_zone_records", float64(z.Records), z.Name)
		put("fedns_zone_hidden_rrsets", float64(z.Hidden), z.Name)
		put("fedns_zone_file_ok", truth(faults[z.Name] == ""), z.Name)
		delete(faults, z.Name)
	}
	for name := range faults {
		put("fedns_zone_file_ok", 0, name)
	}
	for name, fault := range c.src.KeyFaults() {
		put("fedns_zone_keys_ok", truth(fault == ""), name)
	}
}

// rcodeNames are the response codes this server gives.
var rcodeNames = map[int]string{0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED", 6: "YXDOMAIN", 9: "NOTAUTH", 16: "BADVERS"}

func (c *collector) clusters(put putFunc) {
	for _, s := range c.src.Engine().Clusters() {
		id := string(s.ID)
		for _, p := range []cluster.Phase{cluster.Syncing, cluster.Live, cluster.Unreachable} {
			put("fedns_cluster_phase", truth(s.Phase == p.String()), id, p.String())
		}
		last := 0.0
		if !s.LastSync.IsZero() {
			last = float64(s.LastSync.UnixMilli()) / 1000
		}
		put("fedns_cluster_last_sync_timestamp_seconds", last, id)
		put("fedns_cluster_services", float64(s.Services), id)
		put("fedns_cluster_endpoints", float64(s.Endpoints), id)
		put("fedns_cluster_findings", float64(len(s.Findings)), id)
		put("fedns_cluster_held", truth(s.Held), id)
		put("fedns_cluster_withdrawals_held", float64(s.WithdrawalsHeld), id)
		for _, standing := range []evidence.Standing{evidence.First, evidence.Behind, evidence.Drained, evidence.Evicted} {
			put("fedns_cluster_standing", truth(s.Standing == standing.String()), id, standing.String())
		}
		for name, signal := range map[string]string{"api": s.Signals.API, "nodes": s.Signals.Nodes, "data": s.Signals.Data} {
			if signal != cluster.Unknown.String() {
				put("fedns_cluster_signal", truth(signal == cluster.Up.String()), id, name)
			}
		}
	}
}

func (c *collector) probes(put putFunc) {
	probes, replicas := c.src.Probes()
	for id, s := range probes.Clusters {
		if s != cluster.Unknown {
			put("fedns_probe_up", truth(s == cluster.Up), string(id))
		}
	}
	put("fedns_replicas_fresh", float64(replicas.Fresh))
	put("fedns_replicas_findings", float64(len(replicas.Findings)))
}

func (c *collector) discovery(put putFunc, s discovery.Stats) {
	put("fedns_discovery_running", truth(c.src.Discovering()))
	put("fedns_discovery_services", float64(s.Services))
	put("fedns_discovery_services_refused", float64(s.Refused))
	put("fedns_discovery_services_with_findings", float64(s.Findings))
	put("fedns_discovery_groups_total", float64(s.Groups))
	put("fedns_discovery_withdrawn_total", float64(s.Withdrawn))
	put("fedns_discovery_withdrawals_held_total", float64(s.WithdrawalsHeld))
	put("fedns_discovery_publishes_total", float64(s.Publishes))
	put("fedns_discovery_publish_errors_total", float64(s.PublishErrors))
	put("fedns_discovery_source_failures_total", float64(s.SourceFailures))
	put("fedns_discovery_source_panics_total", float64(s.SourcePanics))
	put("fedns_discovery_panics_total", float64(s.Panics))
	put("fedns_discovery_hostnames", float64(s.Hostnames))
	put("fedns_discovery_store_bytes", float64(s.StoreBytes))
}

func (c *collector) state(put putFunc) {
	s, kept := c.src.Kept()
	if !kept {
		return
	}
	put("fedns_state_ok", truth(s.Fault == ""))
	put("fedns_state_bytes", float64(s.Bytes))
	put("fedns_state_write_errors_total", float64(s.Errors))
	last := 0.0
	if !s.LastWrite.IsZero() {
		last = float64(s.LastWrite.UnixMilli()) / 1000
	}
	put("fedns_state_last_write_timestamp_seconds", last)
	put("fedns_state_restored_groups", float64(s.Restored))
	put("fedns_state_damaged_bytes", float64(s.Damaged))
}

func (c *collector) providers(put putFunc) {
	at := func(t time.Time) float64 {
		if t.IsZero() {
			return 0
		}
		return float64(t.UnixMilli()) / 1000
	}
	for _, s := range c.src.Hosted().Status() {
		for name, v := range map[string]float64{
			"up": truth(s.Error == ""), "dry_run": truth(s.DryRun), "leading": truth(s.Phase != providers.PhaseStandby), "owned_record_sets": float64(s.Owned), "backlog_names": float64(s.Backlog),
			"pending_batches": float64(s.Pending), "refused_record_sets": float64(s.RefusedCount), "held_names": float64(s.Held),
			"last_list_timestamp_seconds": at(s.LastList), "last_apply_timestamp_seconds": at(s.LastApply), "last_in_sync_timestamp_seconds": at(s.LastInSync),
			"batches_total": float64(s.Calls.Applied), "changes_total": float64(s.Calls.Changes), "conflicts_total": float64(s.Calls.Conflicts),
			"refusals_total": float64(s.Calls.Refused), "throttled_total": float64(s.Calls.Throttled), "failures_total": float64(s.Calls.Failed),
			"lists_total": float64(s.Calls.Lists), "drifted_record_sets_total": float64(s.Calls.Drifted),
		} {
			put("fedns_provider_"+name, v, s.Provider, s.Zone)
		}
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
