package config

import (
	"slices"
	"strings"

	"github.com/fedns/fedns/discovery/evidence"
	"github.com/fedns/fedns/federation/failover"
)

// Dialects are those there are, as the file names them: whose manifests are propagated.
var Dialects = []string{"kubefed", "karmada", "federation-v1"}

// Propagation is how templates get from the host into the member clusters.
type Propagation struct {
	Enabled          bool     // the file has such a section
	Dialects         []string // of Dialects
	DryRun           bool     // nothing is written: fedns plan says what would be
	CreateNamespaces bool     // members get the namespaces that templates need
	Karmada          KarmadaDialect
	Failover         failover.Config // zero fields: its defaults
	Withdrawals      evidence.Limits // zero fields: its defaults
}

// KarmadaDialect is what is said of Karmada's manifests alone. Empty fields are
// left to the dialect.
type KarmadaDialect struct {
	Propagation   string // auto, on, off
	PolicyDeleted string // Keep, Withdraw
	WithoutWorks  bool
}

func (r *reader) propagation(v value, p *Propagation) {
	*p = Propagation{Enabled: true, Dialects: Dialects, CreateNamespaces: true}
	for name, f := range r.fields(v) {
		switch name {
		case "dialects":
			p.Dialects = r.oneOfEach(f, Dialects)
			r.some(f, "one of "+strings.Join(Dialects, ", "))
		case "dryRun":
			p.DryRun = r.truth(f)
		case "createNamespaces":
			p.CreateNamespaces = r.truth(f)
		case "karmada":
			r.karmadaDialect(f, &p.Karmada)
		case "failover":
			r.failover(f, &p.Failover)
		case "withdrawals":
			r.withdrawals(f, &p.Withdrawals)
		}
	}
}

// oneOfEach is a list of some of what there is, none twice.
func (r *reader) oneOfEach(v value, there []string) (all []string) {
	want := "one of " + strings.Join(there, ", ")
	for item := range r.items(v, "a list of "+strings.Join(there, ", ")) {
		text, ok := r.text(item, want)
		switch {
		case !ok:
		case !slices.Contains(there, text):
			r.want(item, want)
		case slices.Contains(all, text):
			r.want(item, "one that is not listed before")
		default:
			all = append(all, text)
		}
	}
	return all
}

// one is one of what there is.
func (r *reader) one(v value, there ...string) string {
	want := "one of " + strings.Join(there, ", ")
	text, ok := r.text(v, want)
	if ok && !slices.Contains(there, text) {
		r.want(v, want)
		return ""
	}
	return text
}

func (r *reader) karmadaDialect(v value, k *KarmadaDialect) {
	for name, f := range r.fields(v) {
		switch name {
		case "propagation":
			k.Propagation = r.one(f, "auto", "on", "off")
		case "policyDeleted":
			k.PolicyDeleted = r.one(f, "Keep", "Withdraw")
		case "works":
			k.WithoutWorks = !r.truth(f)
		}
	}
}

func (r *reader) failover(v value, c *failover.Config) {
	for name, f := range r.fields(v) {
		switch name {
		case "toleration":
			c.Toleration = r.span(f)
		case "grace":
			c.Grace = r.span(f)
		case "holdShare":
			c.HoldShare = r.share(f)
		case "holdWindow":
			c.HoldWindow = r.span(f)
		}
	}
}

// checkPropagation: what is propagated is read from the host.
func (r *reader) checkPropagation(c *Config) {
	if c.Propagation.Enabled && !c.Host.Configured() {
		r.lack("", "host", "the cluster whose templates and policies propagation is for")
	}
}

// propagationFields are the fields of the section, for the reference.
func propagationFields() []Field {
	return []Field{
		{"propagation", "mapping", "none: nothing is propagated", "Has templates in the `host` placed and propagated into the member clusters, as their policies say. `{}` is enough. One of the replicas does it, by the Lease `fedns-propagation`. Members need to let fedns write, as `fedns join --propagate` sets them up."},
		{"propagation.dialects", "list of `kubefed`, `karmada`, `federation-v1`", "all", "Whose manifests are looked at. What was placed by one that is left out stays where it is."},
		{"propagation.dryRun", "`true` or `false`", "`false`", "Whether nothing is written, to the host nor to members. `fedns plan` says what would be."},
		{"propagation.createNamespaces", "`true` or `false`", "`true`", "Whether a member gets a namespace that it lacks and a template needs. Otherwise the template waits for it."},
		{"propagation.karmada", "mapping", "see below", "What is said of Karmada's manifests alone."},
		{"propagation.karmada.propagation", "`auto`, `on` or `off`", "`auto`", "Whether its policies are carried out. `auto`: not while a Karmada runs in the host, which does it itself."},
		{"propagation.karmada.policyDeleted", "`Keep` or `Withdraw`", "`Keep`", "What becomes of templates in members when their policy is deleted."},
		{"propagation.karmada.works", "`true` or `false`", "`true`", "Whether there is a Work in the host for each template and cluster, as Karmada has them."},
		{"propagation.failover", "mapping", "see below", "When templates move away from clusters, where their policies do not say otherwise."},
		{"propagation.failover.toleration", spanTakes, "`5m`", "How long a cluster that is lost is waited for."},
		{"propagation.failover.grace", spanTakes, "`10m`", "How long at most what moves stays where it was while its replacement is not ready."},
		{"propagation.failover.holdShare", shareTakes, "`50%`", "When more than this share of three or more clusters is lost at once, nothing moves: it may be fedns that is cut off. `100%`: always moves."},
		{"propagation.failover.holdWindow", spanTakes, "`5m`", "What at once means."},
		{"propagation.withdrawals", "mapping", "see below", "How much may be taken out of members at a time because its orders are gone. More waits for `fedns release --federation`."},
		{"propagation.withdrawals.window", spanTakes, "`1m`", "The time over which it adds up."},
		{"propagation.withdrawals.count", "a number from 1 to 1000000000", "`20`", "So many templates may always be withdrawn, if each was seen to be deleted."},
		{"propagation.withdrawals.share", shareTakes, "`50%`", "Beyond that, so many of all that are placed."},
	}
}
