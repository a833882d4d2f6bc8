package route53test

import (
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

const maxCheckPage = 1000

// HealthCheckConfig is that of the API, as far as it is played.
type HealthCheckConfig struct {
	IPAddress                string `xml:",omitempty"`
	Port                     int    `xml:",omitempty"`
	Type                     string
	ResourcePath             string   `xml:",omitempty"`
	FullyQualifiedDomainName string   `xml:",omitempty"`
	SearchString             string   `xml:",omitempty"`
	RequestInterval          int      `xml:",omitempty"`
	FailureThreshold         int      `xml:",omitempty"`
	MeasureLatency           bool     `xml:",omitempty"`
	Inverted                 bool     `xml:",omitempty"`
	Disabled                 bool     `xml:",omitempty"`
	HealthThreshold          int      `xml:",omitempty"`
	ChildHealthChecks        []string `xml:"ChildHealthChecks>ChildHealthCheck,omitempty"`
	EnableSNI                bool     `xml:",omitempty"`
}

type healthCheck struct {
	id, reference string
	config        HealthCheckConfig
	tags          map[string]string
}

type checkElement struct {
	XMLName         xml.Name `xml:"HealthCheck"`
	ID              string   `xml:"Id"`
	CallerReference string
	Config          HealthCheckConfig `xml:"HealthCheckConfig"`
	Version         int               `xml:"HealthCheckVersion"`
}

func (h *healthCheck) element() checkElement {
	return checkElement{ID: h.id, CallerReference: h.reference, Config: h.config, Version: 1}
}

// content compares configurations.
func (c HealthCheckConfig) content() string {
	c.ChildHealthChecks = slices.Sorted(slices.Values(c.ChildHealthChecks))
	return fmt.Sprintf("%+v", c)
}

// createHealthCheck makes a health check; the same again is the same one. s.mu is held.
func (s *Simulator) createHealthCheck(req request) (any, *fail) {
	var in struct {
		CallerReference string
		Config          HealthCheckConfig `xml:"HealthCheckConfig"`
	}
	if err := xml.Unmarshal(req.body, &in); err != nil {
		return nil, refuse("InvalidInput", "Invalid XML ; %v", err)
	}
	if in.CallerReference == "" || len(in.CallerReference) > 64 {
		return nil, refuse("InvalidInput", "Invalid XML ; the caller reference has to have 1 to 64 characters.")
	}
	if f := s.checkConfig(&in.Config); f != nil {
		return nil, f
	}
	id, seen := s.used[in.CallerReference]
	h := s.checks[id]
	switch {
	case seen && (h == nil || h.config.content() != in.Config.content()):
		return nil, &fail{status: http.StatusConflict, code: "HealthCheckAlreadyExists", message: "The request to create a health check with the caller reference " + in.CallerReference + " was already made."}
	case !seen && s.cfg.MaxHealthChecks > 0 && len(s.checks) >= s.cfg.MaxHealthChecks:
		return nil, refuse("TooManyHealthChecks", "Limits Exceeded: MAX_HEALTH_CHECKS_BY_OWNER - Cannot create more health checks.")
	case !seen:
		n := s.next()
		h = &healthCheck{id: fmt.Sprintf("%08x-0000-4000-8000-%012x", n, n), reference: in.CallerReference, config: in.Config, tags: map[string]string{}}
		s.checks[h.id], s.used[in.CallerReference] = h, h.id
		s.checkIDs = append(s.checkIDs, h.id)
	}
	return struct {
		XMLName xml.Name `xml:"CreateHealthCheckResponse"`
		Xmlns   string   `xml:"xmlns,attr"`
		Check   checkElement
	}{Xmlns: namespace, Check: h.element()}, nil
}

// checkConfig says what is wrong with a configuration, and fills in defaults.
func (s *Simulator) checkConfig(c *HealthCheckConfig) *fail {
	if c.Type == "CALCULATED" {
		for _, child := range c.ChildHealthChecks {
			if s.checks[child] == nil {
				return refuse("InvalidInput", "The child health check %s does not exist.", child)
			}
		}
		if len(c.ChildHealthChecks) > 255 || c.HealthThreshold < 0 || c.HealthThreshold > 256 {
			return refuse("InvalidInput", "Invalid parameter : calculated health checks have at most 255 children and a threshold from 0 to 256.")
		}
		return nil
	}
	if c.RequestInterval == 0 {
		c.RequestInterval = 30
	}
	if c.FailureThreshold == 0 {
		c.FailureThreshold = 3
	}
	switch {
	case !slices.Contains([]string{"HTTP", "HTTPS", "TCP"}, c.Type):
		return refuse("InvalidInput", "Invalid parameter : health checks of type %s are not simulated.", c.Type)
	case c.Port < 1 || c.Port > 65535:
		return refuse("InvalidInput", "Invalid parameter : Port must be from 1 to 65535.")
	case c.RequestInterval != 10 && c.RequestInterval != 30:
		return refuse("InvalidInput", "Invalid parameter : Request interval must be 10 or 30 seconds.")
	case c.FailureThreshold < 1 || c.FailureThreshold > 10:
		return refuse("InvalidInput", "Invalid parameter : Failure threshold must be from 1 to 10.")
	case len(c.ResourcePath) > 255 || len(c.FullyQualifiedDomainName) > 255:
		return refuse("InvalidInput", "Invalid XML ; cvc-maxLength-valid: a value is not facet-valid with respect to maxLength '255'.")
	case c.IPAddress == "" && c.FullyQualifiedDomainName == "":
		return refuse("InvalidInput", "Invalid parameter : Either IP address or fully qualified domain name must be specified.")
	case c.Type == "TCP" && c.ResourcePath != "":
		return refuse("InvalidInput", "Invalid parameter : Resource path cannot be specified for health checks of type TCP.")
	}
	if c.IPAddress != "" {
		a, err := netip.ParseAddr(c.IPAddress)
		if err != nil || !a.IsGlobalUnicast() || a.IsPrivate() {
			return refuse("InvalidInput", "Invalid parameter : IP address %s is not a public address.", c.IPAddress)
		}
	}
	return nil
}

// listHealthChecks lists those of the account, as created. s.mu is held.
func (s *Simulator) listHealthChecks(req request) (any, *fail) {
	most, f := maxItems(req.query, maxCheckPage)
	if f != nil {
		return nil, f
	}
	ids := s.checkIDs
	if marker := req.query.Get("marker"); marker != "" {
		at := slices.Index(ids, marker)
		if at < 0 {
			return nil, refuse("InvalidInput", "The marker %s does not exist.", marker)
		}
		ids = ids[at:]
	}
	out := struct {
		XMLName     xml.Name       `xml:"ListHealthChecksResponse"`
		Xmlns       string         `xml:"xmlns,attr"`
		Checks      []checkElement `xml:"HealthChecks>HealthCheck"`
		IsTruncated bool
		NextMarker  string `xml:",omitempty"`
		MaxItems    string
	}{Xmlns: namespace, MaxItems: strconv.Itoa(most)}
	if len(ids) > most {
		out.IsTruncated, out.NextMarker = true, ids[most]
		ids = ids[:most]
	}
	for _, id := range ids {
		out.Checks = append(out.Checks, s.checks[id].element())
	}
	return out, nil
}

func (s *Simulator) getHealthCheck(req request) (any, *fail) {
	h := s.checks[req.id]
	if h == nil {
		return nil, noCheck(req.id)
	}
	return struct {
		XMLName xml.Name `xml:"GetHealthCheckResponse"`
		Xmlns   string   `xml:"xmlns,attr"`
		Check   checkElement
	}{Xmlns: namespace, Check: h.element()}, nil
}

func noCheck(id string) *fail {
	return &fail{status: http.StatusNotFound, code: "NoSuchHealthCheck", message: "A health check with id " + id + " does not exist."}
}

// deleteHealthCheck deletes one, referred to or not, unless KeepUsedChecks is set.
// Its caller reference stays taken. s.mu is held.
func (s *Simulator) deleteHealthCheck(req request) (any, *fail) {
	if s.checks[req.id] == nil {
		return nil, noCheck(req.id)
	}
	if s.cfg.KeepUsedChecks && s.isUsed(req.id) {
		return nil, refuse("HealthCheckInUse", "The health check %s is in use.", req.id)
	}
	delete(s.checks, req.id)
	s.checkIDs = slices.DeleteFunc(s.checkIDs, func(id string) bool { return id == req.id })
	return struct {
		XMLName xml.Name `xml:"DeleteHealthCheckResponse"`
		Xmlns   string   `xml:"xmlns,attr"`
	}{Xmlns: namespace}, nil
}

func (s *Simulator) isUsed(id string) bool {
	for _, z := range s.zones {
		for _, r := range z.sets {
			if r.HealthCheckID == id {
				return true
			}
		}
	}
	for _, h := range s.checks {
		if slices.Contains(h.config.ChildHealthChecks, id) {
			return true
		}
	}
	return false
}

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
