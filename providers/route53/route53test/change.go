package route53test

import (
	"encoding/xml"
	"fmt"
	"strings"
	"time"
)

const (
	maxBatchRecords    = 1000
	maxBatchCharacters = 32000
	maxComment         = 256
)

// Change is one element of a batch.
type Change struct {
	Action            string
	ResourceRecordSet RecordSet
}

type changeRequest struct {
	XMLName xml.Name `xml:"ChangeResourceRecordSetsRequest"`
	Comment string   `xml:"ChangeBatch>Comment"`
	Changes []Change `xml:"ChangeBatch>Changes>Change"`
}

type changeResponse struct {
	XMLName xml.Name `xml:"ChangeResourceRecordSetsResponse"`
	Xmlns   string   `xml:"xmlns,attr"`
	Info    changeInfo
}

type changeInfo struct {
	XMLName     xml.Name `xml:"ChangeInfo"`
	ID          string   `xml:"Id"`
	Status      string
	SubmittedAt string
	Comment     string `xml:",omitempty"`
}

// change is a batch that was made.
type change struct {
	at      time.Time
	comment string
}

// changeRecordSets makes a batch. s.mu is held.
func (s *Simulator) changeRecordSets(req request) (any, *fail) {
	var in changeRequest
	if err := xml.Unmarshal(req.body, &in); err != nil {
		return nil, refuse("InvalidInput", "Invalid XML ; %v", err)
	}
	for i := range in.Changes {
		in.Changes[i].ResourceRecordSet.parse()
	}
	z, f := s.zone(req.id)
	if f != nil {
		return nil, f
	}
	now := s.cfg.Now()
	if z.working > 0 || z.busy && now.UnixNano() < z.busyEnd {
		return nil, prior()
	}
	if len(in.Comment) > maxComment {
		return nil, refuse("InvalidInput", "Invalid XML ; cvc-maxLength-valid: Value with length = '%d' is not facet-valid with respect to maxLength '%d' for type 'ResourceDescription'.", len(in.Comment), maxComment)
	}
	if !s.takeChanges(len(in.Changes)) {
		s.throttled["ChangeResourceRecordSets"]++
		return nil, refuse("Throttling", "Rate exceeded")
	}
	if f := s.apply(z, in.Changes); f != nil {
		return nil, f
	}
	if s.cfg.Busy > 0 {
		z.busy, z.busyEnd = true, now.Add(s.cfg.Busy).UnixNano()
	}
	id := fmt.Sprintf("C%014dSIM", s.next())
	s.changes[id] = change{now, in.Comment}
	return changeResponse{Xmlns: namespace, Info: s.info(id)}, nil
}

// apply makes changes, all of them or none. s.mu is held.
func (s *Simulator) apply(z *hostedZone, changes []Change) *fail {
	if len(changes) == 0 {
		return refuse("InvalidInput", "Invalid XML ; cvc-complex-type.2.4.b: The content of element 'Changes' is not complete.")
	}
	records, characters := 0, 0
	for _, c := range changes {
		if c.Action != "CREATE" && c.Action != "DELETE" && c.Action != "UPSERT" {
			return refuse("InvalidInput", "Invalid XML ; cvc-enumeration-valid: Value '%s' is not facet-valid with respect to enumeration '[CREATE, DELETE, UPSERT]'. It must be a value from the enumeration.", c.Action)
		}
		if f := c.ResourceRecordSet.schema(c.Action); f != nil {
			return f
		}
		if id := c.ResourceRecordSet.HealthCheckID; id != "" && c.Action != "DELETE" && s.checks[id] == nil {
			return &fail{status: 404, code: "NoSuchHealthCheck", message: "No health check exists with the specified ID."}
		}
		r, n := c.cost()
		records, characters = records+r, characters+n
	}
	if records > maxBatchRecords {
		return batch(fmt.Sprintf("Number of records limit of %d exceeded.", maxBatchRecords))
	}
	if characters > maxBatchCharacters {
		return batch(fmt.Sprintf("RDATA character limit of %d exceeded.", maxBatchCharacters))
	}
	t := staged{z, map[setKey]*set{}}
	if wrong := s.stage(t, changes); len(wrong) > 0 {
		return batch(wrong...)
	}
	if s.cfg.MaxRecordSets > 0 && t.size() > s.cfg.MaxRecordSets {
		return batch(fmt.Sprintf("Exceeded limit MAX_RRSETS_BY_ZONE for zone: %s", z.id))
	}
	for k, c := range t.changed {
		z.put(k, c)
	}
	return nil
}

func batch(messages ...string) *fail {
	return &fail{status: 400, code: "InvalidChangeBatch", messages: messages}
}

// cost is what a Change counts against the limits of a batch: an alias as one
// record, and everything twice in an UPSERT.
func (c Change) cost() (records, characters int) {
	records = max(1, len(c.ResourceRecordSet.Values))
	for _, v := range c.ResourceRecordSet.Values {
		characters += len(v)
	}
	if c.Action == "UPSERT" {
		return 2 * records, 2 * characters
	}
	return records, characters
}

// stage does one Change after the other on t, and says what is wrong with them and
// with what they leave.
func (s *Simulator) stage(t staged, changes []Change) []string {
	var wrong []string
	written := map[setKey]bool{}
	for _, c := range changes {
		n, bad := c.ResourceRecordSet.check()
		if n != nil && !under(n.Name, t.zone.name) {
			bad = append(bad, fmt.Sprintf("RRSet with DNS name %s is not permitted in zone %s", n.Name, t.zone.name))
		}
		if len(bad) > 0 {
			wrong = append(wrong, bad...)
			continue
		}
		k := n.key()
		old := t.get(k)
		if _, touched := t.changed[k]; written[k] || touched && c.Action != "CREATE" {
			wrong = append(wrong, fmt.Sprintf("The request contains an invalid set of changes for a resource record set '%s %s'", n.Type, n.Name))
			continue
		}
		switch {
		case c.Action == "CREATE" && old != nil:
			wrong = append(wrong, fmt.Sprintf("Tried to create resource record set %s but it already exists", n.label()))
		case c.Action == "DELETE" && old == nil:
			wrong = append(wrong, fmt.Sprintf("Tried to delete resource record set %s but it was not found", n.label()))
		case c.Action == "DELETE" && !old.same(n):
			wrong = append(wrong, fmt.Sprintf("Tried to delete resource record set %s but the values provided do not match the current values", n.label()))
		case c.Action == "DELETE":
			t.changed[k] = nil
		default:
			t.changed[k] = n
			written[k] = true
		}
	}
	if len(wrong) > 0 {
		return wrong
	}
	return s.left(t)
}

// getChange says whether a batch has arrived everywhere. s.mu is held.
func (s *Simulator) getChange(req request) (any, *fail) {
	if _, ok := s.changes[req.id]; !ok {
		return nil, &fail{status: 404, code: "NoSuchChange", message: "Could not find resource with ID: " + req.id}
	}
	return struct {
		XMLName xml.Name `xml:"GetChangeResponse"`
		Xmlns   string   `xml:"xmlns,attr"`
		Info    changeInfo
	}{Xmlns: namespace, Info: s.info(req.id)}, nil
}

func (s *Simulator) info(id string) changeInfo {
	c := s.changes[id]
	status := "PENDING"
	if s.cfg.Now().Sub(c.at) >= s.cfg.InSync {
		status = "INSYNC"
	}
	return changeInfo{ID: "/change/" + id, Status: status, SubmittedAt: c.at.UTC().Format(time.RFC3339), Comment: c.comment}
}

// zone finds a hosted zone. s.mu is held.
func (s *Simulator) zone(id string) (*hostedZone, *fail) {
	id = strings.TrimPrefix(id, "/hostedzone/")
	if z := s.zones[id]; z != nil {
		return z, nil
	}
	return nil, &fail{status: 404, code: "NoSuchHostedZone", message: "No hosted zone found with ID: " + id}
}
