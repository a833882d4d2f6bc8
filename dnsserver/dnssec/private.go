package dnssec

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// timeLayout is how key files write times, in UTC.
const timeLayout = "20060102150405"

// privateFile is what stands in a K*.private file of BIND, formats v1.2 and v1.3.
type privateFile struct {
	algorithm uint8
	key       []byte
	when      Timing
}

// times are the timing fields in the order in which BIND writes them.
func (w *Timing) times() []timeField {
	return []timeField{
		{"Created", &w.Created}, {"Publish", &w.Publish}, {"Activate", &w.Activate}, {"Inactive", &w.Inactive},
		{"Delete", &w.Delete}, {"SyncPublish", &w.SyncPublish}, {"SyncDelete", &w.SyncDelete},
	}
}

type timeField struct {
	name string
	at   *time.Time
}

// refused are fields that change what a key is, in a way not known here.
var refused = map[string]string{
	"Engine": "keys in hardware are not supported",
	"Label":  "keys in hardware are not supported",
	"Revoke": "revoking a key (RFC 5011) is not supported; remove the line and set Inactive and Delete",
}

// parsePrivate reads a K*.private file. Errors name the line or the field, and
// never hold the key.
func parsePrivate(text string) (privateFile, error) {
	fields := map[string]string{}
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == ';' || line[0] == '#' {
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return privateFile{}, fmt.Errorf("line %d: want Field: value", i+1)
		}
		if _, twice := fields[name]; twice {
			return privateFile{}, fmt.Errorf("%s: is there twice", name)
		}
		if why, bad := refused[name]; bad {
			return privateFile{}, fmt.Errorf("%s: %s", name, why)
		}
		value, _, _ = strings.Cut(strings.TrimSpace(value), " ") // a remark in brackets follows
		fields[name] = value
	}
	return privateOf(fields)
}

func privateOf(fields map[string]string) (p privateFile, err error) {
	if v := fields["Private-key-format"]; v != "v1.2" && v != "v1.3" {
		return p, fmt.Errorf("%s: %q, want v1.2 or v1.3", "Private-key-format", v)
	}
	alg, err := strconv.ParseUint(fields["Algorithm"], 10, 8)
	if err != nil {
		return p, fmt.Errorf("Algorithm: %q is no number from 0 to 255", fields["Algorithm"])
	}
	p.algorithm = uint8(alg)
	if _, ok := mnemonics[p.algorithm]; !ok {
		return p, fmt.Errorf("Algorithm: %w", errAlgorithm(p.algorithm))
	}
	if p.key, err = base64.StdEncoding.DecodeString(fields["PrivateKey"]); err != nil || len(p.key) == 0 {
		return p, errors.New("PrivateKey: is missing or not base64")
	}
	for _, f := range p.when.times() {
		text, ok := fields[f.name]
		if !ok {
			continue
		}
		if *f.at, err = time.Parse(timeLayout, text); err != nil {
			return p, fmt.Errorf("%s: %q is no time, want YYYYMMDDHHMMSS in UTC", f.name, text)
		}
	}
	return p, nil
}

// String is the file's text in format v1.3.
func (p privateFile) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Private-key-format: v1.3\nAlgorithm: %d (%s)\nPrivateKey: %s\n",
		p.algorithm, mnemonics[p.algorithm], base64.StdEncoding.EncodeToString(p.key))
	for _, f := range p.when.times() {
		if !f.at.IsZero() {
			fmt.Fprintf(&b, "%s: %s\n", f.name, f.at.UTC().Format(timeLayout))
		}
	}
	return b.String()
}
