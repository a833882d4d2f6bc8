package ownership

import (
	"bytes"
	"compress/gzip"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
)

const theirText = "heritage=external-dns,external-dns/owner=old,external-dns/resource=service/shop/web"

// sealExternal encrypts as external-dns documents it.
func sealExternal(t testing.TB, text string, secret []byte) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	nonce := make([]byte, aead.NonceSize())
	_, _ = rand.Read(nonce) // it never fails
	return base64.StdEncoding.EncodeToString(aead.Seal(nonce, nonce, b.Bytes(), nil))
}

func show(keys []hosted.Key) string {
	var out []string
	for _, k := range keys {
		out = append(out, hosted.KeyString(k))
	}
	return strings.Join(out, ", ")
}

func TestParseExternalNames(t *testing.T) {
	old := func(name string) string {
		var out []string
		for _, typ := range []string{"A", "CNAME", "NS", "MX", "SRV", "TYPE35", "TXT"} {
			out = append(out, name+" "+typ)
		}
		return strings.Join(out, ", ")
	}
	for _, tt := range []struct {
		a        Affix
		at, want string
	}{
		{Affix{}, "a-web.example.com.", "web.example.com. A"},
		{Affix{}, "aaaa-web.example.com.", "web.example.com. AAAA"},
		{Affix{}, "cname-web.example.com.", "web.example.com. CNAME, web.example.com. A"},
		{Affix{}, "txt-web.example.com.", "web.example.com. TXT"},
		{Affix{}, "naptr-web.example.com.", "web.example.com. TYPE35"},
		{Affix{}, "a-a-web.example.com.", "a-web.example.com. A"},
		{Affix{}, "a-*.example.com.", "*.example.com. A"},
		{Affix{}, "web.example.com.", old("web.example.com.")},
		{Affix{}, "a-.example.com.", old("a-.example.com.")}, // no label is empty
		{Affix{Prefix: "TXT."}, "txt.a-web.example.com.", "web.example.com. A"},
		{Affix{Prefix: "txt."}, "txt.web.example.com.", old("web.example.com.")},
		{Affix{Prefix: "txt."}, "web.example.com.", ""},
		{Affix{Prefix: "x-"}, "x-mx-web.example.com.", "web.example.com. MX"},
		{Affix{Suffix: "-x"}, "a-web-x.example.com.", "web.example.com. A"},
		{Affix{Suffix: "-x"}, "web-x.example.com.", old("web.example.com.")},
		{Affix{Suffix: "-x"}, "web.example.com.", ""},
		{Affix{Suffix: "-x.own"}, "a-web-x.own.example.com.", "web.example.com. A"},
		{Affix{Suffix: "-x.own.by"}, "a.b.", ""},
		{Affix{Prefix: "%{record_type}-own."}, "aaaa-own.web.example.com.", "web.example.com. AAAA"},
		{Affix{Prefix: "%{record_type}-own."}, "-own.web.example.com.", old("web.example.com.")},
		{Affix{Prefix: "%{record_type}-own."}, "a-web.example.com.", ""},
		{Affix{Prefix: "%{record_type}."}, "a.example.com.", "example.com. A"},
		{Affix{Prefix: "own-%{record_type}."}, "own-a.a-web.example.com.", "a-web.example.com. A"},
		{Affix{Suffix: "-%{record_type}"}, "web-srv.example.com.", "web.example.com. SRV"},
		{Affix{Wildcard: "any"}, "a-any.example.com.", "any.example.com. A, *.example.com. A"},
		{Affix{Wildcard: "any", Suffix: "-x"}, "a-any-x.example.com.", "any.example.com. A, *.example.com. A"},
		{Affix{Wildcard: "any"}, "a-many.example.com.", "many.example.com. A"},
	} {
		k, owner, resource, ok := tt.a.Parse(txt(tt.at, theirText))
		if ok != (tt.want != "") || show(k) != tt.want {
			t.Errorf("%+v: %s is read as %s, %v; want %s", tt.a, tt.at, show(k), ok, tt.want)
		}
		if ok && (owner != "old" || resource != "service/shop/web") {
			t.Errorf("%s: owner %q, resource %q", tt.at, owner, resource)
		}
	}
}

func TestParseExternalTexts(t *testing.T) {
	secret := []byte("0123456789abcdef0123456789ABCDEF")
	sealed := sealExternal(t, theirText, secret)
	for _, tt := range []struct {
		name  string
		key   []byte
		texts []string
		owner string // empty: not external-dns's
	}{
		{"plain", nil, []string{theirText}, "old"},
		{"in quotes", nil, []string{`"` + theirText + `"`}, "old"},
		{"beside others", nil, []string{"v=spf1 -all", theirText}, "old"},
		{"twice", nil, []string{theirText, theirText + "2"}, "old"},
		{"two owners", nil, []string{theirText, strings.Replace(theirText, "=old", "=new", 1)}, ""},
		{"no owner", nil, []string{"heritage=external-dns,external-dns/resource=service/shop/web"}, ""},
		{"another heritage", nil, []string{"heritage=mate,external-dns/owner=old"}, ""},
		{"two heritages", nil, []string{"heritage=external-dns,heritage=mate,external-dns/owner=old"}, ""},
		{"ours", nil, []string{"heritage=fedns,owner=old"}, ""},
		{"sealed", secret, []string{sealed}, "old"},
		{"sealed, key in base64", []byte(base64.StdEncoding.EncodeToString(secret)), []string{sealed}, "old"},
		{"sealed, no key", nil, []string{sealed}, ""},
		{"sealed, another key", bytes.Repeat([]byte("x"), 32), []string{sealed}, ""},
		{"plain, with a key", secret, []string{theirText}, "old"},
		{"cut short", secret, []string{sealed[:12]}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, owner, _, ok := Affix{Key: tt.key}.Parse(txt("a-web.example.com.", tt.texts...))
			if ok != (tt.owner != "") || owner != tt.owner {
				t.Errorf("owner %q, %v", owner, ok)
			}
		})
	}
	if _, _, _, ok := (Affix{}).Parse(hosted.Entry{Key: key("a-web.example.com.", zone.TypeTXT)}); ok {
		t.Error("nothing is external-dns's")
	}
}

func TestAffixCheck(t *testing.T) {
	for _, a := range []Affix{{}, {Prefix: "x"}, {Suffix: "x"}, {Key: bytes.Repeat([]byte("x"), 32)}} {
		if err := a.Check(); err != nil {
			t.Error(err)
		}
	}
	for _, a := range []Affix{{Prefix: "x", Suffix: "y"}, {Key: []byte("x")}} {
		if a.Check() == nil {
			t.Errorf("%+v is fine", a)
		}
	}
}

// FuzzParseExternal: whatever Parse takes a name for, external-dns makes that name
// of it.
func FuzzParseExternal(f *testing.F) {
	f.Add("a-web.example.com.", "", "", "any", theirText)
	f.Add("own-a.web.example.com.", "own-%{record_type}.", "", "", theirText)
	f.Add("web-x.y.example.com.", "", "-x.y", "", theirText)
	f.Add(`a-we\.b.example.com.`, "a-", "", "", "heritage=external-dns,external-dns/owner=a=b,external-dns/owner=c")
	f.Fuzz(func(t *testing.T, at, prefix, suffix, wildcard, text string) {
		e, err := parseTXT(at, text)
		a := Affix{Prefix: prefix, Suffix: suffix, Wildcard: wildcard, Key: bytes.Repeat([]byte("k"), 32)}
		if err != nil || a.Check() != nil {
			return
		}
		keys, owner, _, ok := a.Parse(e)
		if !ok {
			return
		}
		if owner == "" || len(keys) == 0 {
			t.Fatalf("%+v: of nobody, or nothing: %v", e, keys)
		}
		for _, k := range keys {
			if !slices.Contains(written(a, k), strings.TrimSuffix(e.Key.Owner.String(), ".")) {
				t.Fatalf("%+v: %s is read as %s, which is written at %q", a, e.Key.Owner, hosted.KeyString(k), written(a, k))
			}
		}
	})
}
