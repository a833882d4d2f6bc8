package recordsync

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/fedns/fedns/cmd/fedns/config"
	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/providers/hosted"
)

// Reference is what each provider can and cannot do, in Markdown, from the limits
// that its package lists.
func Reference() string {
	var b strings.Builder
	apex := dnsname.MustParse("example.com.")
	for _, kind := range []string{config.Route53, config.CloudDNS, config.RFC2136, config.Webhook, config.ZoneFile, config.InMemory} {
		c := config.Provider{Kind: kind}
		section(&b, kind, constructors[kind].limits(c, apex))
	}
	return b.String()
}

// section is one provider's.
func section(b *strings.Builder, kind string, l hosted.Limits) {
	fmt.Fprintf(b, "### %s (`%s`)\n\n", l.Title, kind)
	b.WriteString(nature(l))
	var policies []string
	for _, p := range l.Policies {
		policies = append(policies, p.String())
	}
	if len(policies) > 0 {
		fmt.Fprintf(b, " Routing policies: %s.", strings.Join(policies, ", "))
	} else {
		b.WriteString(" It has no routing policies.")
	}
	b.WriteString("\n\n| what | limit | documented | verified |\n|---|---|---|---|\n")
	row := func(what, limit string, s hosted.Source) {
		verified := s.Verified
		if verified == "" {
			verified = "no"
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", what, limit, s.Text, verified)
	}
	for _, d := range l.Batch {
		row("a batch: "+d.Name, strconv.Itoa(d.Max), d.Source)
	}
	for _, r := range l.Rates {
		row("calls: "+strings.Replace(r.Action, "*", "all together", 1), fmt.Sprintf("%d at once, then %v a second", r.Burst, r.PerSecond), r.Source)
	}
	for _, r := range l.Rules {
		row(r.Name, "else refused", r.Source)
	}
	b.WriteString("\n")
}

// nature is how a provider makes a batch, in a sentence.
func nature(l hosted.Limits) string {
	switch {
	case l.Atomic && l.Swaps:
		return "A batch is made whole or not at all, and only if what it replaces is exactly what is there."
	case l.Atomic:
		return "A batch is made whole or not at all; what it replaces is not compared."
	case l.Swaps:
		return "What a change replaces is compared; a batch may be made in part."
	}
	return "A batch may be made in part, and what it replaces is not compared: there is no fence."
}
