package webhook

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// endpoint is a record set in the protocol's JSON (external-dns, endpoint.Endpoint).
type endpoint struct {
	DNSName       string            `json:"dnsName,omitempty"`
	Targets       []string          `json:"targets,omitempty"`
	RecordType    string            `json:"recordType,omitempty"`
	SetIdentifier string            `json:"setIdentifier,omitempty"`
	RecordTTL     int64             `json:"recordTTL,omitempty"` // seconds; 0: as the provider likes
	Labels        map[string]string `json:"labels,omitempty"`
	// ProviderSpecific is kept as it came: it is between the server and its service.
	ProviderSpecific []property `json:"providerSpecific,omitempty"`
}

type property struct {
	Name  string `json:"name,omitempty"`
	Value string `json:"value,omitempty"`
}

// String shows it to people.
func (e endpoint) String() string {
	return fmt.Sprintf("%s %s %d %q", e.DNSName, e.RecordType, e.RecordTTL, e.Targets)
}

// changes is what is to be made (external-dns, plan.Changes). UpdateOld and
// UpdateNew are paired by their order.
type changes struct {
	Create    []endpoint `json:"create,omitempty"`
	UpdateOld []endpoint `json:"updateOld,omitempty"`
	UpdateNew []endpoint `json:"updateNew,omitempty"`
	Delete    []endpoint `json:"delete,omitempty"`
}

func (m *changes) isEmpty() bool { return len(m.Create)+len(m.UpdateNew)+len(m.Delete) == 0 }

// decodeEndpoints reads an array of endpoints, one at a time; null is an empty one,
// as Go's encoder writes it.
func decodeEndpoints(r io.Reader, each func(endpoint)) error {
	d := json.NewDecoder(r)
	begin, err := d.Token()
	if err != nil {
		return fmt.Errorf("body is no JSON: %w", cutShort(err))
	}
	if begin == json.Delim('[') {
		for i := 0; d.More(); i++ {
			var e *endpoint
			if err := d.Decode(&e); err != nil {
				return fmt.Errorf("endpoint %d: %w", i, cutShort(err))
			}
			if e != nil {
				each(*e)
			}
		}
		if _, err := d.Token(); err != nil {
			return fmt.Errorf("body is no whole array: %w", cutShort(err))
		}
	} else if begin != nil {
		return fmt.Errorf("body begins with %v, want an array of endpoints", begin)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is something behind the array of endpoints")
	}
	return nil
}

func cutShort(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// bounded reads up to left octets, and then fails.
type bounded struct {
	r    io.Reader
	left int64
	max  int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, fmt.Errorf("body is longer than %d octets", b.max)
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, fmt.Errorf("body is longer than %d octets", b.max)
	}
	return n, err
}
