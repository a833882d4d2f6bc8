package ownership

import (
	"strings"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
)

// parseTXT is txt for names that may be bad.
func parseTXT(at, text string) (hosted.Entry, error) {
	owner, err := dnsname.Parse(at)
	if err != nil {
		return hosted.Entry{}, err
	}
	return entry(hosted.Key{Owner: owner, Type: zone.TypeTXT}, []string{zone.TXT(text)}), nil
}

// written are the names that some version of external-dns gives to the TXT of k.
func written(a Affix, k hosted.Key) []string {
	var out []string
	for _, t := range externalTypes {
		if t.typ == k.Type || t.typ == zone.TypeCNAME && k.Type == zone.TypeA {
			out = append(out, writtenAs(a, k, t.name, true))
		}
	}
	return append(out, writtenAs(a, k, "", false))
}

func writtenAs(a Affix, k hosted.Key, typ string, withType bool) string {
	prefix, suffix := strings.ToLower(a.Prefix), strings.ToLower(a.Suffix)
	template := strings.Contains(prefix+suffix, typeTemplate)
	first, rest, more := strings.Cut(strings.TrimSuffix(k.Owner.String(), "."), ".")
	if a.Wildcard != "" && first == "*" {
		first = strings.ToLower(a.Wildcard)
	}
	if withType && !template {
		first = typ + "-" + first
	}
	name := strings.ReplaceAll(prefix, typeTemplate, typ) + first + strings.ReplaceAll(suffix, typeTemplate, typ)
	if more {
		name += "." + rest
	}
	return name
}
