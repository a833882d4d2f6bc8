package dnssec

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/fedns/fedns/dnsserver/dnsname"
)

// publicFile is the one record of a K*.key file.
type publicFile struct {
	owner dnsname.Name
	rdata string // DNSKEY
}

// parsePublic reads a K*.key file: comments, and one DNSKEY record on a line or
// in brackets. A TTL is passed over: the zone's DNSKEY RRset has one for all.
func parsePublic(text string) (publicFile, error) {
	var words []string
	for _, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, ";")
		words = append(words, strings.FieldsFunc(line, func(c rune) bool { return strings.ContainsRune(" \t\r()", c) })...)
	}
	if len(words) == 0 {
		return publicFile{}, errors.New("holds no record")
	}
	owner, err := dnsname.Parse(words[0])
	if err != nil {
		return publicFile{}, fmt.Errorf("owner name: %w", err)
	}
	for i, w := range words[1:] {
		if i > 2 {
			break
		}
		if strings.EqualFold(w, "DNSKEY") {
			rdata, err := dnskeyOf(words[i+2:])
			return publicFile{owner, rdata}, err
		}
	}
	return publicFile{}, errors.New("type: want a DNSKEY record")
}

// dnskeyOf reads flags, protocol, algorithm and public key (RFC 4034 §2.2).
func dnskeyOf(words []string) (string, error) {
	if len(words) < 4 {
		return "", errors.New("DNSKEY: is cut short")
	}
	flags, err := strconv.ParseUint(words[0], 10, 16)
	if err != nil {
		return "", fmt.Errorf("flags: %q is no number from 0 to 65535", words[0])
	}
	switch f := uint16(flags); {
	case f&flagRevoke != 0:
		return "", errors.New("flags: a revoked key (RFC 5011) is not supported")
	case f&^flagSEP != flagZone:
		return "", fmt.Errorf("flags: %d, want 256 (ZSK) or 257 (KSK)", f)
	}
	if words[1] != "3" {
		return "", fmt.Errorf("protocol: %q, want 3 (RFC 4034 §2.1.2)", words[1])
	}
	alg, err := strconv.ParseUint(words[2], 10, 8)
	if err != nil {
		return "", fmt.Errorf("algorithm: %q is no number from 0 to 255", words[2])
	}
	public, err := base64.StdEncoding.DecodeString(strings.Join(words[3:], ""))
	if err != nil {
		return "", errors.New("public key: is not base64")
	}
	rdata := binary.BigEndian.AppendUint16(nil, uint16(flags))
	rdata = append(rdata, protocol, byte(alg))
	return string(append(rdata, public...)), nil
}

// publicText is the record as a K*.key file has it, under comments that say
// what dnssec-keygen's say.
func publicText(k Key) string {
	var b strings.Builder
	role := "zone"
	if k.SEP() {
		role = "key"
	}
	fmt.Fprintf(&b, "; This is a %s-signing key, keyid %d, for %s\n", role, k.Tag(), k.owner)
	for _, f := range k.times() {
		if !f.at.IsZero() {
			fmt.Fprintf(&b, "; %s: %s (%s)\n", f.name, f.at.UTC().Format(timeLayout), f.at.UTC().Format("Mon Jan _2 15:04:05 2006"))
		}
	}
	fmt.Fprintf(&b, "%s IN DNSKEY %d %d %d %s\n", k.owner, k.Flags(), protocol, k.Algorithm(), base64.StdEncoding.EncodeToString([]byte(k.dnskey[4:])))
	return b.String()
}

// fileText is the name as BIND writes it into file names: what is no letter,
// digit, hyphen or underscore is %XX.
func fileText(n dnsname.Name) string {
	if n == dnsname.Root {
		return "."
	}
	var b strings.Builder
	for ; n.Labels() > 0; n = n.Parent() {
		for _, c := range []byte(n.Label()) {
			if 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_' {
				b.WriteByte(c)
				continue
			}
			fmt.Fprintf(&b, "%%%02X", c)
		}
		b.WriteByte('.')
	}
	return b.String()
}
