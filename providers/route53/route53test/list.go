package route53test

import (
	"encoding/xml"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// maxPage is how many record sets are listed at once, and how many unless it is said.
const maxPage = 300

type listResponse struct {
	XMLName              xml.Name    `xml:"ListResourceRecordSetsResponse"`
	Xmlns                string      `xml:"xmlns,attr"`
	Sets                 []RecordSet `xml:"ResourceRecordSets>ResourceRecordSet"`
	IsTruncated          bool
	NextRecordName       string `xml:",omitempty"`
	NextRecordType       string `xml:",omitempty"`
	NextRecordIdentifier string `xml:",omitempty"`
	MaxItems             string
}

// listRecordSets lists a page. s.mu is held.
func (s *Simulator) listRecordSets(req request) (any, *fail) {
	z, f := s.zone(req.id)
	if f != nil {
		return nil, f
	}
	most, f := maxItems(req.query, maxPage)
	if f != nil {
		return nil, f
	}
	from := setKey{typ: req.query.Get("type"), id: req.query.Get("identifier")}
	name := req.query.Get("name")
	if name == "" && from.typ != "" {
		return nil, refuse("InvalidInput", "The request cannot have a record type without a record name.")
	}
	if from.id != "" && from.typ == "" {
		return nil, refuse("InvalidInput", "The request cannot have a record identifier without a record type.")
	}
	if from.typ != "" && !slices.Contains(recordTypes, from.typ) {
		return nil, refuse("InvalidInput", "Invalid record type %s", from.typ)
	}
	if name != "" {
		canonical, err := canonicalName(name)
		if err != nil {
			return nil, refuse("InvalidInput", "%s", err)
		}
		from.order = listOrder(canonical)
	}
	out := listResponse{Xmlns: namespace, MaxItems: strconv.Itoa(most)}
	keys := z.keys[z.from(from):]
	if len(keys) > most {
		next := z.sets[keys[most]]
		out.IsTruncated, out.NextRecordName, out.NextRecordType, out.NextRecordIdentifier = true, next.Name, next.Type, next.SetIdentifier
		keys = keys[:most]
	}
	for _, k := range keys {
		out.Sets = append(out.Sets, z.sets[k].out())
	}
	return out, nil
}

func maxItems(query url.Values, most int) (int, *fail) {
	text := query.Get("maxitems")
	if text == "" {
		return most, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, refuse("InvalidInput", "Invalid value for maxitems: %s", text)
	}
	return min(n, most), nil
}

type zoneElement struct {
	XMLName         xml.Name `xml:"HostedZone"`
	ID              string   `xml:"Id"`
	Name            string
	CallerReference string
	PrivateZone     bool `xml:"Config>PrivateZone"`
	Count           int  `xml:"ResourceRecordSetCount"`
}

func (z *hostedZone) element() zoneElement {
	return zoneElement{ID: "/hostedzone/" + z.id, Name: z.name, CallerReference: z.id, PrivateZone: z.private, Count: len(z.sets)}
}

func (s *Simulator) getHostedZone(req request) (any, *fail) {
	z, f := s.zone(req.id)
	if f != nil {
		return nil, f
	}
	return struct {
		XMLName xml.Name `xml:"GetHostedZoneResponse"`
		Xmlns   string   `xml:"xmlns,attr"`
		Zone    zoneElement
	}{Xmlns: namespace, Zone: z.element()}, nil
}

// listHostedZones lists from a name on, at most 100 at once. s.mu is held.
func (s *Simulator) listHostedZones(req request) (any, *fail) {
	most, f := maxItems(req.query, 100)
	if f != nil {
		return nil, f
	}
	from := ""
	if name := req.query.Get("dnsname"); name != "" {
		canonical, err := canonicalName(name)
		if err != nil {
			return nil, refuse("InvalidDomainName", "%s", err)
		}
		from = listOrder(canonical)
	}
	ids := slices.Clone(s.order)
	slices.SortStableFunc(ids, func(a, b string) int { return strings.Compare(listOrder(s.zones[a].name), listOrder(s.zones[b].name)) })
	out := struct {
		XMLName     xml.Name      `xml:"ListHostedZonesByNameResponse"`
		Xmlns       string        `xml:"xmlns,attr"`
		Zones       []zoneElement `xml:"HostedZones>HostedZone"`
		IsTruncated bool
		MaxItems    string
	}{Xmlns: namespace, MaxItems: strconv.Itoa(most)}
	for _, id := range ids {
		if z := s.zones[id]; listOrder(z.name) >= from {
			if len(out.Zones) == most {
				out.IsTruncated = true
				break
			}
			out.Zones = append(out.Zones, z.element())
		}
	}
	return out, nil
}
