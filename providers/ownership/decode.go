package ownership

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/providers/hosted"
)

// Decode reads an Entry of claims: whose they are (k), the claims in canonical
// order, and how many TXT records are no claims (foreign; Rewrite keeps them). k is
// the zero Key when the name does not tell and no text could be read. A text of
// fedns that is not understood is a claim of Unknown.
//
// An error means that the Entry is not fedns's at all, whatever its name: it is
// not to be touched.
func (c Codec) Decode(e hosted.Entry) (k hosted.Key, claims []Claim, foreign int, err error) {
	k, p, err := c.about(e.Key)
	if err == nil {
		err = checkSimple(e)
	}
	if err != nil {
		return hosted.Key{}, nil, 0, fmt.Errorf("claims: %w", err)
	}
	for r := range records(e) {
		text, ok := claimText(r)
		if !ok {
			foreign++
			continue
		}
		claim, of, err := c.decode(e.Key, k, p, text)
		if err != nil {
			claims = append(claims, Claim{Owner: Unknown, opaque: r})
			continue
		}
		k = of
		claims = append(claims, claim)
	}
	return k, gather(claims), foreign, nil
}

// decode reads one text at a place. k is what is known of whose claim it is.
func (c Codec) decode(at, k hosted.Key, p place, text string) (Claim, hosted.Key, error) {
	var by *sealer
	if strings.HasPrefix(text, sealedStart) {
		var err error
		if text, by, err = c.open(at.Owner, text); err != nil {
			return Claim{}, k, err
		}
	}
	fields, err := parseFields(text)
	if err != nil {
		return Claim{}, k, err
	}
	if p.hash != "" {
		of, err := c.named(at, p, fields["name"])
		if err != nil {
			return Claim{}, k, err
		}
		if k != (hosted.Key{}) && k != of {
			return Claim{}, k, fmt.Errorf("claim is of %s, and another here of %s", hosted.KeyString(of), hosted.KeyString(k))
		}
		k = of
	}
	claim, err := parseClaim(fields)
	if err != nil {
		return Claim{}, k, err
	}
	claim.read, claim.by = true, by
	// Whatever would be written otherwise has something in it that is not understood.
	if formatFields(c.fields(k, at, claim, fields["rdata"])) != text {
		return Claim{}, hosted.Key{}, fmt.Errorf("claim has more in it, or another order, than this version writes")
	}
	return claim, k, nil
}

// named is whose claim it is where the text says so.
func (c Codec) named(at hosted.Key, p place, name string) (hosted.Key, error) {
	owner, err := dnsname.Parse(name)
	if err != nil {
		return hosted.Key{}, fmt.Errorf("claim's name %q: %w", name, err)
	}
	of := hosted.Key{Owner: owner, Type: p.typ}
	if there, err := c.Key(of); err != nil || there != at {
		return hosted.Key{}, fmt.Errorf("claim of %s is not at its place", hosted.KeyString(of))
	}
	return of, nil
}

func parseClaim(fields map[string]string) (Claim, error) {
	ttl, err := strconv.ParseUint(fields["ttl"], 10, 32)
	if err != nil {
		return Claim{}, fmt.Errorf("claim's ttl %q is no number of seconds", fields["ttl"])
	}
	if err := CheckOwner(fields["owner"]); err != nil {
		return Claim{}, err
	}
	c := Claim{
		Owner: fields["owner"], Cluster: fields["cluster"], Object: fields["object"], Set: fields["set"],
		TTL: uint32(ttl),
	}
	joined := fields["rdata"]
	if len(joined)%digestLen != 0 || strings.Trim(joined, digestAlphabet) != "" {
		return Claim{}, fmt.Errorf("claim's rdata is no list of digests")
	}
	for last := ""; joined != ""; joined = joined[digestLen:] {
		d := joined[:digestLen]
		if d <= last {
			return Claim{}, fmt.Errorf("claim's digests are not sorted and unique")
		}
		c.Digests, last = append(c.Digests, d), d
	}
	return c, nil
}
