package config

import "testing"

// TestPlaces has entries that write beside each other, and do not meet.
func TestPlaces(t *testing.T) {
	for name, entries := range map[string]string{
		"other owners":       "{name: a, zones: [example.com], owner: a, webhook: {url: 'http://h'}}\n- {name: b, zones: [example.com], owner: b, webhook: {url: 'http://h'}}",
		"one only decides":   "{name: a, zones: [example.com], webhook: {url: 'http://h'}}\n- {name: b, zones: [example.com], dryRun: true, webhook: {url: 'http://h'}}",
		"a zone each":        "{name: a, zones: [example.com], webhook: {url: 'http://h'}}\n- {name: b, zones: [prod], retire: true, webhook: {url: 'http://h'}}",
		"views by key":       "{name: a, zones: [example.com], view: Public, rfc2136: {servers: [h], key: k1}}\n- {name: b, zones: [example.com], view: Private, rfc2136: {servers: [h], key: k2}}",
		"public and private": "{name: a, zones: [example.com], route53: {}}\n- {name: b, zones: [example.com], route53: {private: true}}",
		"other hosted zones": "{name: a, zones: [example.com], route53: {hostedZoneID: Z1}}\n- {name: b, zones: [example.com], route53: {hostedZoneID: Z2}}",
		"other accounts":     "{name: a, zones: [example.com], route53: {profile: a}}\n- {name: b, zones: [example.com], route53: {profile: b}}",
		"managed zones":      "{name: a, zones: [example.com], clouddns: {project: p}}\n- {name: b, zones: [example.com], clouddns: {project: p, private: true}}",
		"memories":           "{name: a, zones: [example.com], inmemory: {}}\n- {name: b, zones: [example.com], inmemory: {}}",
		"folders":            "{name: a, zones: [example.com], zonefile: {dir: a}}\n- {name: b, zones: [example.com], zonefile: {dir: b}}",
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Parse("f", []byte(providersOf(entries))); err != nil {
				t.Error(err)
			}
		})
	}
	for name, entries := range map[string]string{
		"route53":  "{name: a, zones: [example.com], route53: {region: us-east-1}}\n- {name: b, zones: [example.com], route53: {}}",
		"clouddns": "{name: a, zones: [example.com], clouddns: {project: p}}\n- {name: b, zones: [example.com], clouddns: {project: p, credentials: c}}",
		"webhook":  "{name: a, zones: [example.com], webhook: {url: 'http://h'}}\n- {name: b, zones: [example.com], webhook: {url: 'http://h'}}",
		"zonefile": "{name: a, zones: [example.com], zonefile: {dir: a}}\n- {name: b, zones: [example.com], retire: true, zonefile: {dir: a}}",
	} {
		t.Run("twice in "+name, func(t *testing.T) {
			if _, err := Parse("f", []byte(providersOf(entries))); err == nil {
				t.Error("it is taken, want an error")
			}
		})
	}
}
