package route53test

import (
	"encoding/xml"
	"maps"
	"slices"
	"strings"
)

type tagElement struct {
	Key, Value string
}

type tagSet struct {
	XMLName xml.Name     `xml:"ResourceTagSet"`
	Type    string       `xml:"ResourceType"`
	ID      string       `xml:"ResourceId"`
	Tags    []tagElement `xml:"Tags>Tag"`
}

func (h *healthCheck) tagSet() tagSet {
	t := tagSet{Type: "healthcheck", ID: h.id}
	for _, k := range slices.Sorted(maps.Keys(h.tags)) {
		t.Tags = append(t.Tags, tagElement{k, h.tags[k]})
	}
	return t
}

// listTags lists those of one health check or of at most ten. s.mu is held.
func (s *Simulator) listTags(req request) (any, *fail) {
	if req.action == "ListTagsForResource" {
		h := s.checks[req.id]
		if h == nil {
			return nil, noCheck(req.id)
		}
		return struct {
			XMLName xml.Name `xml:"ListTagsForResourceResponse"`
			Xmlns   string   `xml:"xmlns,attr"`
			Set     tagSet
		}{Xmlns: namespace, Set: h.tagSet()}, nil
	}
	var in struct {
		IDs []string `xml:"ResourceIds>ResourceId"`
	}
	if err := xml.Unmarshal(req.body, &in); err != nil || len(in.IDs) < 1 || len(in.IDs) > 10 {
		return nil, refuse("InvalidInput", "The request has to name 1 to 10 resources.")
	}
	out := struct {
		XMLName xml.Name `xml:"ListTagsForResourcesResponse"`
		Xmlns   string   `xml:"xmlns,attr"`
		Sets    []tagSet `xml:"ResourceTagSets>ResourceTagSet"`
	}{Xmlns: namespace}
	for _, id := range in.IDs {
		if s.checks[id] == nil {
			return nil, noCheck(id)
		}
		out.Sets = append(out.Sets, s.checks[id].tagSet())
	}
	return out, nil
}

// changeTags adds and removes tags; a resource has at most ten. s.mu is held.
func (s *Simulator) changeTags(req request) (any, *fail) {
	h := s.checks[strings.TrimSpace(req.id)]
	if h == nil {
		return nil, noCheck(req.id)
	}
	var in struct {
		Add    []tagElement `xml:"AddTags>Tag"`
		Remove []string     `xml:"RemoveTagKeys>Key"`
	}
	if err := xml.Unmarshal(req.body, &in); err != nil || len(in.Add)+len(in.Remove) == 0 {
		return nil, refuse("InvalidInput", "The request has no tags to add or remove.")
	}
	tags := maps.Clone(h.tags)
	for _, k := range in.Remove {
		delete(tags, k)
	}
	for _, t := range in.Add {
		if t.Key == "" || len(t.Key) > 128 || len(t.Value) > 256 {
			return nil, refuse("InvalidInput", "A tag's key has 1 to 128 characters, its value at most 256.")
		}
		tags[t.Key] = t.Value
	}
	if len(tags) > 10 {
		return nil, refuse("InvalidInput", "A resource has at most 10 tags.")
	}
	h.tags = tags
	return struct {
		XMLName xml.Name `xml:"ChangeTagsForResourceResponse"`
		Xmlns   string   `xml:"xmlns,attr"`
	}{Xmlns: namespace}, nil
}
