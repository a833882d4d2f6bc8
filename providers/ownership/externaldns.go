package ownership

import (
	"bytes"
	"compress/gzip"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"fmt"
	"io"
	"strings"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
)

// Affix is how an external-dns names and encrypts its TXT registry: its flags
// --txt-prefix, --txt-suffix, --txt-wildcard-replacement and --txt-encrypt-aes-key.
// The zero Affix is its default. Prefix and Suffix may have %{record_type} in them.
//
//	of web.example.com. A, with       since v0.12              before, and beside until v0.16
//	nothing                           a-web.example.com.       web.example.com.
//	Prefix "txt."                     txt.a-web.example.com.   txt.web.example.com.
//	Suffix "-txt"                     a-web-txt.example.com.   web-txt.example.com.
//	Prefix "%{record_type}-txt."      a-txt.web.example.com.   -txt.web.example.com.
type Affix struct {
	Prefix, Suffix string
	Wildcard       string // stands for the asterisk
	Key            []byte // 32 octets, as they are or in base64; nil: texts are plain
}

// Check says what is wrong with an Affix.
func (a Affix) Check() error {
	if a.Prefix != "" && a.Suffix != "" {
		return fmt.Errorf("external-dns registry: a prefix %q and a suffix %q: there may be only one", a.Prefix, a.Suffix)
	}
	if len(a.Key) > 0 && a.secret() == nil {
		return fmt.Errorf("external-dns registry: the key is not 32 octets, as they are or in base64")
	}
	return nil
}

func (a Affix) secret() []byte {
	if len(a.Key) == KeyLen {
		return a.Key
	}
	if k, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(a.Key))); err == nil && len(k) == KeyLen {
		return k
	}
	return nil
}

// Parse recognises a TXT of external-dns's registry: of which Keys it may speak,
// and of which owner and object. Of several record sets it is the first that
// counts. It is never certain by itself which Key is meant: of the old form any
// type may be, and what Wildcard says may be in a name by itself.
func (a Affix) Parse(e hosted.Entry) (k []hosted.Key, owner, resource string, ok bool) {
	if e.Key.Type != zone.TypeTXT {
		return nil, "", "", false
	}
	for _, s := range e.Sets {
		l, ok := a.label(s)
		if !ok {
			continue
		}
		r := a.reading(e.Key.Owner)
		return r.keys(), l.owner, l.resource, len(r.owners) > 0
	}
	return nil, "", "", false
}

// label is what a TXT says.
type label struct{ owner, resource string }

// label is what a record set says; false when it has nothing of external-dns's, or
// speaks of two owners.
func (a Affix) label(s hosted.Set) (label, bool) {
	var found []label
	for r := range s.Records.RDATA() {
		if l, ok := a.parseText(r); ok {
			found = append(found, l)
		}
	}
	if len(found) == 0 {
		return label{}, false
	}
	for _, l := range found[1:] {
		if l.owner != found[0].owner {
			return label{}, false
		}
	}
	return found[0], true
}

func (a Affix) parseText(rdata string) (label, bool) {
	text, ok := joinStrings(rdata)
	if !ok {
		return label{}, false
	}
	text = strings.Trim(text, `"`) // some providers keep the quotes that external-dns writes
	if secret := a.secret(); secret != nil {
		if opened, ok := openExternal(text, secret); ok {
			text = opened
		}
	}
	var l label
	ours := false
	for part := range strings.SplitSeq(text, ",") {
		key, value, ok := strings.Cut(part, "=")
		switch {
		case !ok, strings.Contains(value, "="): // as external-dns reads it
		case key == "heritage":
			ours = value == "external-dns"
			if !ours {
				return label{}, false
			}
		case key == "external-dns/owner":
			l.owner = value
		case key == "external-dns/resource":
			l.resource = value
		}
	}
	return l, ours && l.owner != ""
}

// maxUnpacked is the octets of a decrypted text: a TXT has no more, packed or not,
// that anybody wrote in good faith.
const maxUnpacked = 1 << 16

// openExternal decrypts base64 of a nonce and AES-256-GCM of gzip of a text.
func openExternal(text string, secret []byte) (string, bool) {
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return "", false
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		return "", false
	}
	aead, err := cipher.NewGCM(block)
	if err != nil || len(data) <= aead.NonceSize() {
		return "", false
	}
	packed, err := aead.Open(nil, data[:aead.NonceSize()], data[aead.NonceSize():], nil)
	if err != nil {
		return "", false
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return string(packed), true // it writes what it cannot pack as it is
	}
	plain, err := io.ReadAll(io.LimitReader(z, maxUnpacked))
	return string(plain), err == nil
}

const (
	typeNAPTR    uint16 = 35
	typeTemplate        = "%{record_type}"
)

// externalTypes are what external-dns knows in a TXT's name.
var externalTypes = []struct {
	name string
	typ  uint16
}{
	{"a", zone.TypeA}, {"aaaa", zone.TypeAAAA}, {"cname", zone.TypeCNAME}, {"ns", zone.TypeNS}, {"mx", zone.TypeMX},
	{"srv", zone.TypeSRV}, {"naptr", typeNAPTR}, {"txt", zone.TypeTXT},
}

// reading is what a TXT's name says.
type reading struct {
	owners []dnsname.Name // one, or with Wildcard two
	typ    uint16         // 0: the name does not tell (the old form)
}

// keys that may be meant.
func (r reading) keys() []hosted.Key {
	var out []hosted.Key
	for _, owner := range r.owners {
		switch r.typ {
		case 0:
			for _, t := range externalTypes {
				if t.typ != zone.TypeAAAA { // came with the new form
					out = append(out, hosted.Key{Owner: owner, Type: t.typ})
				}
			}
		case zone.TypeCNAME: // it long wrote this for Route 53's aliases too
			out = append(out, hosted.Key{Owner: owner, Type: zone.TypeCNAME}, hosted.Key{Owner: owner, Type: zone.TypeA})
		default:
			out = append(out, hosted.Key{Owner: owner, Type: r.typ})
		}
	}
	return out
}

// reading takes a TXT's name apart as external-dns does: what can be of the new
// form is of the new form.
func (a Affix) reading(at dnsname.Name) reading {
	name := strings.TrimSuffix(at.String(), ".")
	prefix, suffix := strings.ToLower(a.Prefix), strings.ToLower(a.Suffix)
	template := strings.Contains(prefix+suffix, typeTemplate)
	for _, t := range externalTypes {
		with := func(s string) string { return strings.ReplaceAll(s, typeTemplate, t.name) }
		rest, ok := strip(name, with(prefix), with(suffix))
		if ok && !template {
			rest, ok = strings.CutPrefix(rest, t.name+"-")
		}
		if !ok {
			continue
		}
		if owners := a.owners(rest); owners != nil {
			return reading{owners: owners, typ: t.typ}
		}
	}
	without := func(s string) string { return strings.ReplaceAll(s, typeTemplate, "") }
	rest, ok := strip(name, without(prefix), without(suffix))
	if !ok {
		return reading{}
	}
	return reading{owners: a.owners(rest)}
}

// strip takes the prefix off a name, and the suffix off its first label. Both may
// have dots in them.
func strip(name, prefix, suffix string) (string, bool) {
	name, ok := strings.CutPrefix(name, prefix)
	if !ok || suffix == "" {
		return name, ok
	}
	labels := strings.SplitN(name, ".", 2+strings.Count(suffix, "."))
	head := 1 + strings.Count(suffix, ".")
	if len(labels) < head {
		return "", false
	}
	first, ok := strings.CutSuffix(strings.Join(labels[:head], "."), suffix)
	return strings.Join(append([]string{first}, labels[head:]...), "."), ok
}

// owners that a name without affix may stand for.
func (a Affix) owners(name string) []dnsname.Name {
	owner, err := dnsname.Parse(name)
	if err != nil || owner == dnsname.Root {
		return nil
	}
	out := []dnsname.Name{owner}
	if a.Wildcard != "" && owner.Label() == strings.ToLower(a.Wildcard) {
		if w, err := owner.Parent().Child("*"); err == nil {
			out = append(out, w)
		}
	}
	return out
}
