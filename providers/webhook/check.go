package webhook

import (
	"slices"
	"strings"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/dnsserver/zonefile"
	"github.com/fedns/fedns/providers/hosted"
)

// verified is the day on which external-dns v0.22.0 was read.
const verified = "2026-11-21"

// Types are those that external-dns knows (endpoint.KnownRecordTypes). Which of
// them a server takes, it does not tell.
func Types() []uint16 {
	return []uint16{
		zone.TypeA, zone.TypeAAAA, zone.TypeCNAME, zone.TypeTXT, zone.TypeSRV, zone.TypeNS, zone.TypePTR,
		zone.TypeMX, dns.TypeNAPTR, zone.TypeDNAME,
	}
}

// Limits are what can be told in the protocol, of these types; without any, of
// all Types. There are more limits, which differ from server to server: what one
// refuses is told by Apply.
func Limits(apex dnsname.Name, types ...uint16) hosted.Limits {
	if len(types) == 0 {
		types = Types()
	}
	courtesy := hosted.Source{Text: "none documented; so many are a courtesy to the service behind", Verified: verified}
	return hosted.Limits{
		Provider: "webhook",
		Title:    "external-dns webhook",
		Batch: []hosted.Dimension{{
			Name: "changes", Max: 1000, Cost: func(hosted.Change) int { return 1 },
			Source: hosted.Source{Text: "none documented; so that one failure is about so many", Verified: verified},
		}},
		Rules: rules(apex, types),
		Rates: []hosted.Rate{
			{Action: ActionNegotiate, Burst: 10, PerSecond: 1, Source: courtesy},
			{Action: ActionRecords, Burst: 10, PerSecond: 1, Source: courtesy},
			{Action: ActionAdjust, Burst: 10, PerSecond: 1, Source: courtesy},
			{Action: ActionApply, Burst: 10, PerSecond: 1, Source: courtesy},
		},
	}
}

func rules(apex dnsname.Name, types []uint16) []hosted.Rule {
	return []hosted.Rule{
		{
			Name: "the types that external-dns knows",
			Refuse: func(e hosted.Entry) string {
				if !slices.Contains(types, e.Key.Type) {
					return "the webhook takes no " + zone.TypeString(e.Key.Type) + " records"
				}
				return ""
			},
			Source: hosted.Source{Text: "external-dns v0.22.0, endpoint.KnownRecordTypes", Verified: verified},
		},
		{
			Name:   "one record set for each name and type",
			Refuse: refuseSets,
			Source: hosted.Source{Text: "external-dns v0.22.0, endpoint.Endpoint: what a setIdentifier means is providerSpecific", Verified: verified},
		},
		{
			Name: "names without escapes",
			Refuse: func(e hosted.Entry) string {
				if !plainName(e.Key.Owner) {
					return "the name has octets that an endpoint's dnsName cannot tell"
				}
				return ""
			},
			Source: hosted.Source{Text: "external-dns v0.22.0, endpoint.NewEndpoint: labels are what is between dots", Verified: verified},
		},
		{
			Name:   "targets without escapes, texts in printable ASCII",
			Refuse: refuseTargets,
			Source: hosted.Source{Text: "external-dns v0.22.0, endpoint.Targets: how octets are escaped is not said", Verified: verified},
		},
		{
			Name: "TTL from 1 to 2147483647",
			Refuse: func(e hosted.Entry) string {
				for _, s := range e.Sets {
					if s.TTL() == 0 || s.TTL() >= 1<<31 {
						return "the TTL is not from 1 to 2147483647; 0 lets the webhook choose one"
					}
				}
				return ""
			},
			Source: hosted.Source{Text: "external-dns v0.22.0, endpoint.TTL.IsConfigured; RFC 2181 §8", Verified: verified},
		},
		{
			Name: "no CNAME at the apex",
			Refuse: func(e hosted.Entry) string {
				if e.Key.Type == zone.TypeCNAME && e.Key.Owner == apex {
					return "a CNAME cannot be beside the zone's SOA and NS (RFC 1034 §3.6.2)"
				}
				return ""
			},
			Source: hosted.Source{Text: "RFC 2136 §3.4.2.2", Verified: verified},
		},
		{
			Name: "one CNAME, one DNAME",
			Refuse: func(e hosted.Entry) string {
				if t := e.Key.Type; (t == zone.TypeCNAME || t == zone.TypeDNAME) && len(e.Sets) == 1 && e.Sets[0].Records.Len() > 1 {
					return "there can only be one " + zone.TypeString(t) + " record"
				}
				return ""
			},
			Source: hosted.Source{Text: "RFC 2136 §3.4.2.2", Verified: verified},
		},
	}
}

func refuseSets(e hosted.Entry) string {
	for _, s := range e.Sets {
		switch {
		case s.ID != "" || len(e.Sets) > 1:
			return "what a set identifier means is told by each webhook in its own way"
		case s.Alias.IsSet():
			return "aliases are told by each webhook in its own way"
		case s.Health.IsSet():
			return "health checks are told by each webhook in its own way"
		case s.Records.IsEmpty():
			return "there is no record in the record set"
		}
	}
	return ""
}

func plainName(n dnsname.Name) bool { return !strings.ContainsAny(n.String(), `\"; `) }

func refuseTargets(e hosted.Entry) string {
	for _, s := range e.Sets {
		for rdata := range s.Records.RDATA() {
			text := zonefile.RDATAText(e.Key.Type, rdata)
			if e.Key.Type == zone.TypeTXT {
				if escapedOctet(text) {
					return "the text has octets that are not printable ASCII"
				}
				continue
			}
			if again, err := rdataOf(e.Key.Type, targetText(e.Key.Type, text)); err != nil || again != rdata || strings.Contains(text, `\`) && e.Key.Type != dns.TypeNAPTR {
				return "the target " + text + " cannot be told as an endpoint has it"
			}
		}
	}
	return ""
}

// escapedOctet says that a text in zone file form has \DDD in it.
func escapedOctet(text string) bool {
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		if i++; i < len(text) && text[i] >= '0' && text[i] <= '9' {
			return true
		}
	}
	return false
}
