package tsig_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/tsig"
)

func TestParseKeys(t *testing.T) {
	text := `# of tsig-keygen
key "a.example" {
	algorithm hmac-sha256;
	secret "` + secret64 + `";
};
/* two lines
   of comment */ key b { secret ` + secret64 + ` ; algorithm "HMAC-SHA512-256." ; } ; // end`
	keys, err := tsig.ParseKeys("keys", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if len(keys) != 2 || keys[0].Name != dnsname.MustParse("a.example") || keys[0].Algorithm != "hmac-sha256" ||
		string(keys[1].Secret) != string(secret) || keys[1].Name != dnsname.MustParse("b") || keys[1].Algorithm != "hmac-sha512-256" {
		t.Errorf("read as %v", keys)
	}
	if shown := fmt.Sprintf("%v %+v %#v %s", keys, keys[0], keys[1], &keys[0]); strings.Contains(shown, "0123") || strings.Contains(shown, "48 49") || strings.Contains(shown, "0x30") {
		t.Errorf("a secret is shown: %s", shown)
	}
}

func TestBadKeyFiles(t *testing.T) {
	good := "key a { algorithm hmac-sha256; secret \"" + secret64 + "\"; };\n"
	for _, c := range []struct{ text, want string }{
		{"zone x {};", `keys:1: "zone", want key`},
		{good + "\nkey b {\n algorithm hmac-md5; secret x; };", `keys:4: key "b": algorithm: hmac-md5 is too weak`},
		{"key b { algorithm hmac-sha1; };", `keys:1: key "b": algorithm: hmac-sha1 is too weak`},
		{"key b { algorithm sha256; };", `keys:1: key "b": algorithm: "sha256" is unknown, want hmac-sha256`},
		{"key b { algorithm hmac-sha256-64; };", `want a multiple of 8 from 128 to 256`},
		{"key b { secret \"abc\"; };", `keys:1: key "b": secret: is not base64`},
		{"key b { secret \"\"; };", `keys:1: key "b": secret: is empty`},
		{"key b { secret abcd; };", `keys:1: key "b": algorithm: is missing`},
		{"key b { algorithm hmac-sha256; };", `keys:1: key "b": secret: is missing`},
		{"key b { secret abcd; secret abcd; };", `keys:1: key "b": secret: is there twice`},
		{"key b { secret abcd }", `keys:1: key "b": secret: something else, want ;`},
		{"key b { secret ; };", `keys:1: key "b": secret: ";", want a value`},
		{"key b { algorithm", `keys:1: key "b": algorithm: the file ends, want a value`},
		{"key b { algorithm hmac-sha256; ", `keys:1: key "b": the file ends, want }`},
		{"key b { algorithm hmac-sha256; secret abcd; }", `keys:1: key "b": the file ends, want ;`},
		{"key a..b { };", `keys:1: key "a..b": its name: "a..b": label is not 1 to 63`},
		{"key { };", `keys:1: "{", want a key's name`},
		{"key \"a", `keys:1: the closing quote is missing`},
		{"key \"a\n\"", `keys:1: the closing quote is missing`},
		{"/* ", `keys:1: the comment has no end`},
		{good + good, `keys:2: key "a": is there twice, first in line 1`},
		{"key b { " + secret64 + " };", `keys:1: key "b": a word, want algorithm, secret or }`},
	} {
		_, err := tsig.ParseKeys("keys", []byte(c.text))
		var e *tsig.FileError
		if !errors.As(err, &e) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.text, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), secret64) {
			t.Errorf("a secret is shown: %v", err)
		}
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	key := func(name string) string {
		return "key " + name + " { algorithm hmac-sha256; secret \"" + secret64 + "\"; };"
	}
	a, b, c := file("a", key("a")), file("b", key("b")+key("c")), file("c", key("A"))
	k, err := tsig.Load(a, b)
	if err != nil || k.Len() != 3 || !k.Has(dnsname.MustParse("c")) {
		t.Errorf("%v, %v", k, err)
	}
	if _, err := tsig.Load(a, c); err == nil || !strings.Contains(err.Error(), a+" already") {
		t.Errorf("a key in two files: %v", err)
	}
	if _, err := tsig.Load(a, filepath.Join(dir, "none")); err == nil || !strings.Contains(err.Error(), "none") {
		t.Errorf("a file that is not there: %v", err)
	}
}

func FuzzParseKeys(f *testing.F) {
	f.Add([]byte("key \"a\" { algorithm hmac-sha256; secret \"" + secret64 + "\"; }; # x\n// y\n/* z */"))
	f.Fuzz(func(t *testing.T, text []byte) {
		keys, err := tsig.ParseKeys("keys", text)
		if err == nil {
			if _, err := tsig.NewKeyring(keys...); err != nil {
				t.Errorf("%q: read, but %v", text, err)
			}
		}
	})
}
