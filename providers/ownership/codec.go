package ownership

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
)

const (
	// recordTTL of claims and fences, in seconds. Nobody resolves them but for
	// looking into a fault, and then they had better be new.
	recordTTL = 300
	// maxText is the octets of a text. Route 53 takes 4,000 characters, of which each
	// string of 255 octets has two quotes and a space beside it.
	maxText = 3900
	// renewedTTL is what claims have every other time: see Renewed.
	renewedTTL = recordTTL - 1
)

// Codec reads and writes the claims of one hosted zone. It is immutable, and safe
// for concurrent use.
type Codec struct {
	apex   dnsname.Name
	sealer *sealer // nil: plain text
	old    []*sealer
}

// NewCodec is for a zone's apex. With a key, of KeyLen octets, claims are
// encrypted; plain ones are still read. Without one (nil) they are plain text.
// With old keys claims are only read, and claims of others written again: that is
// how a key is replaced, or given up.
func NewCodec(apex dnsname.Name, key []byte, old ...[]byte) (Codec, error) {
	if apex.IsZero() {
		return Codec{}, fmt.Errorf("ownership claims: the zone has no name")
	}
	c := Codec{apex: apex}
	var err error
	if key != nil {
		if c.sealer, err = newSealer(key); err != nil {
			return Codec{}, err
		}
	}
	for _, k := range old {
		s, err := newSealer(k)
		if err != nil {
			return Codec{}, fmt.Errorf("old %w", err)
		}
		c.old = append(c.old, s)
	}
	return c, nil
}

// open reads a sealed text with whichever key it was sealed with.
func (c Codec) open(at dnsname.Name, sealed string) (text string, by *sealer, err error) {
	if err = fmt.Errorf("claim is sealed, and there is no key"); c.sealer != nil {
		if text, err = c.sealer.open(at, sealed); err == nil {
			return text, c.sealer, nil
		}
	}
	for _, s := range c.old {
		if text, err := s.open(at, sealed); err == nil {
			return text, s, nil
		}
	}
	return "", nil, err
}

// Encode is the Entry that holds the claims of k: one TXT record each, or more
// where one would be too long. Claims with the same owner, cluster, object and set
// become one. Without claims the Entry is empty. The same claims in any order give
// the same Entry. claims is left as it is.
func (c Codec) Encode(k hosted.Key, claims []Claim) (hosted.Entry, error) {
	at, err := c.Key(k)
	if err != nil {
		return hosted.Entry{}, err
	}
	var rdatas []string
	for _, claim := range gather(claims) {
		if claim.IsUnknown() && claim.opaque != "" {
			rdatas = append(rdatas, claim.opaque)
			continue
		}
		if err := CheckOwner(claim.Owner); err != nil {
			return hosted.Entry{}, fmt.Errorf("claim of %s: %w", hosted.KeyString(k), err)
		}
		texts, err := c.texts(k, at, claim)
		if err != nil {
			return hosted.Entry{}, fmt.Errorf("claim of %s for %s: %w", hosted.KeyString(k), claim, err)
		}
		for _, t := range texts {
			rdatas = append(rdatas, zone.TXT(t))
		}
	}
	return entry(at, rdatas), nil
}

// Rewrite is Encode for an Entry that exists: TXT records of old that are no
// claims stay in it, and the TTL of one that was Renewed.
func (c Codec) Rewrite(old hosted.Entry, k hosted.Key, claims []Claim) (hosted.Entry, error) {
	e, err := c.Encode(k, claims)
	if err != nil {
		return hosted.Entry{}, err
	}
	if e.Key != old.Key {
		return hosted.Entry{}, fmt.Errorf("claims of %s are not at %s", hosted.KeyString(k), hosted.KeyString(old.Key))
	}
	if err := checkSimple(old); err != nil {
		return hosted.Entry{}, err
	}
	var rdatas []string
	for r := range records(e) {
		rdatas = append(rdatas, r)
	}
	for r := range records(old) {
		if _, ok := claimText(r); !ok {
			rdatas = append(rdatas, r)
		}
	}
	now := entry(e.Key, rdatas)
	if renewed := Renewed(now); !now.IsEmpty() && !old.IsEmpty() && old.Sets[0].TTL() == renewed.Sets[0].TTL() {
		return renewed, nil
	}
	return now, nil
}

// Renewed is an Entry of claims that says the same, and is not equal to it: a Change
// from one to the other fails if somebody else has changed the claims meanwhile. One
// that leaves them equal would assert nothing: providers neither write nor compare
// what stays as it is.
func Renewed(e hosted.Entry) hosted.Entry {
	if e.IsEmpty() {
		return e
	}
	r := e.Sets[0].Records
	if r.TTL == recordTTL {
		r.TTL = renewedTTL
	} else {
		r.TTL = recordTTL
	}
	return hosted.Simple(r)
}

func entry(k hosted.Key, rdatas []string) hosted.Entry {
	if len(rdatas) == 0 {
		return hosted.Entry{Key: k}
	}
	return hosted.Simple(zone.NewRRset(k.Owner, k.Type, recordTTL, rdatas...))
}

// records yields the RDATA of a simple Entry.
func records(e hosted.Entry) func(func(string) bool) {
	if e.IsEmpty() {
		return func(func(string) bool) {}
	}
	return e.Sets[0].Records.RDATA()
}

// checkSimple: claims and fences are plain records, so that one swap sees them all.
func checkSimple(e hosted.Entry) error {
	for _, s := range e.Sets {
		if s.ID != "" || s.Routing.Policy != hosted.PolicySimple || s.Alias.IsSet() {
			return fmt.Errorf("%s has a routing policy or is an alias: fedns did not write it", hosted.KeyString(e.Key))
		}
	}
	return nil
}

// claimText is the text of a TXT that says it is fedns's.
func claimText(rdata string) (string, bool) {
	text, ok := joinStrings(rdata)
	rest, ours := strings.CutPrefix(text, heritage)
	return text, ok && ours && (rest == "" || rest[0] == ',')
}

// texts are a claim's, each short enough for a TXT.
func (c Codec) texts(k, at hosted.Key, claim Claim) ([]string, error) {
	by := c.sealer
	if claim.read {
		by = claim.by
	}
	limit := maxText
	if by != nil {
		limit = (maxText-len(sealedStart))/4*3 - by.aead.NonceSize() - by.aead.Overhead()
	}
	head := formatFields(c.fields(k, at, claim, ""))
	room := (limit - len(head) - len(",rdata=")) / digestLen
	if room < 1 {
		return nil, fmt.Errorf("cluster, object and set are too long for a TXT record: %d octets of %d", len(head), limit)
	}
	for _, d := range claim.Digests {
		if len(d) != digestLen || strings.Trim(d, digestAlphabet) != "" {
			return nil, fmt.Errorf("%q is no digest", d)
		}
	}
	var out []string
	for _, part := range chunks(claim.Digests, room) {
		text := formatFields(c.fields(k, at, claim, strings.Join(part, "")))
		if by != nil {
			text = by.seal(at.Owner, text)
		}
		out = append(out, text)
	}
	return out, nil
}

const digestAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// chunks are at least one, if an empty one.
func chunks(digests []string, size int) [][]string {
	if len(digests) == 0 {
		return [][]string{nil}
	}
	return slices.Collect(slices.Chunk(digests, size))
}

// fields of a claim in the order in which they are written.
func (c Codec) fields(k, at hosted.Key, claim Claim, rdata string) []field {
	f := append(make([]field, 0, 7), field{"owner", claim.Owner})
	add := func(key, value string) {
		if value != "" {
			f = append(f, field{key, value})
		}
	}
	add("cluster", claim.Cluster)
	add("object", claim.Object)
	add("set", claim.Set)
	if p, _ := parseLabel(at); p.hash != "" {
		add("name", k.Owner.String())
	}
	add("ttl", strconv.FormatUint(uint64(claim.TTL), 10))
	add("rdata", rdata)
	return f
}
