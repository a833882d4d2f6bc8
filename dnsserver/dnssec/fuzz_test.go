package dnssec

import (
	"strings"
	"testing"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
)

// FuzzKeyFiles reads both files of a key; what is read is written and read back.
func FuzzKeyFiles(f *testing.F) {
	apex := dnsname.MustParse("x/y.example.")
	for _, alg := range []uint8{ECDSAP256SHA256, Ed25519} {
		k, err := Generate(f.TempDir(), apex, alg, true, time.Unix(1.7e9, 0))
		if err != nil {
			f.Fatal(err)
		}
		raw, _ := privateBytes(k.private)
		f.Add(publicText(k), privateFile{alg, raw, k.Timing}.String())
	}
	f.Add("x. ( 3600 IN DNSKEY 256 3 13\n AAAA )", "Private-key-format: v1.2\nAlgorithm: 13\nPrivateKey: AQ==\n")
	f.Fuzz(func(t *testing.T, public, private string) {
		pub, err := parsePublic(public)
		if err == nil && len(pub.rdata) < 4 {
			t.Fatalf("RDATA %q", pub.rdata)
		}
		priv, err2 := parsePrivate(private)
		if err2 != nil && strings.Contains(err2.Error(), "AQEBAQEB") {
			t.Fatal("a secret in the error")
		}
		if err != nil || err2 != nil {
			return
		}
		k, _, err := joined(pub, priv)
		if err != nil {
			return
		}
		raw, err := privateBytes(k.private)
		if err != nil {
			t.Fatal(err)
		}
		pub, err = parsePublic(publicText(k))
		if err != nil {
			t.Fatal(err)
		}
		priv, err = parsePrivate(privateFile{k.Algorithm(), raw, k.Timing}.String())
		if err != nil {
			t.Fatal(err)
		}
		back, _, err := joined(pub, priv)
		if err != nil || back.dnskey != k.dnskey || back.owner != k.owner || back.Timing != k.Timing {
			t.Fatalf("%v read back as %v, %v", k, back, err)
		}
	})
}
