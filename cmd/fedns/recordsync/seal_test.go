package recordsync

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fedns/fedns/cmd/fedns/config"
	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/ownership"
)

// TestSealKeyIsReplaced: with a file of two keys claims of either are read, and ours are
// written with the first; then the second can go.
func TestSealKeyIsReplaced(t *testing.T) {
	apex := dnsname.MustParse("example.com.")
	before, after := strings.Repeat("ab", ownership.KeyLen), strings.Repeat("cd", ownership.KeyLen)
	file := filepath.Join(t.TempDir(), "registry.key")
	with := func(text string) ownership.Codec {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := codec(config.Provider{SealKey: file}, apex)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	k := hosted.Key{Owner: dnsname.MustParse("web.example.com."), Type: zone.TypeA}
	claims := []ownership.Claim{{Owner: "prod", Cluster: "eu-1", Object: "Service/shop/web", TTL: 30}}
	known := func(c ownership.Codec, e hosted.Entry) bool {
		t.Helper()
		_, got, _, err := c.Decode(e)
		if err != nil || len(got) != 1 {
			t.Fatalf("read %v, %v", got, err)
		}
		return !got[0].IsUnknown()
	}
	old, err := with(before+"\n").Encode(k, claims)
	if err != nil {
		t.Fatal(err)
	}
	if first := with(before + "\n" + after + "\n"); !known(first, old) {
		t.Error("the old key does not read its own with another behind it")
	}
	both := with(after + "\n" + before + "\n")
	if !known(both, old) {
		t.Error("the old key is not read as the second line")
	}
	anew, err := both.Rewrite(old, k, claims)
	if err != nil || anew.Equal(old) {
		t.Fatalf("ours are not sealed anew: %v", err)
	}
	last := with(after)
	if !known(last, anew) || known(last, old) {
		t.Error("want the claims of the new key to be read alone once the old one is gone")
	}
	for text, want := range map[string]string{"": "no key", before + "\nabc": "line 2: want 32 octets"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := codec(config.Provider{SealKey: file}, apex); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), file) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}
