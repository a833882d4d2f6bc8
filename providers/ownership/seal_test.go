package ownership

import (
	"slices"
	"strings"
	"testing"

	"github.com/fedns/fedns/dnsserver/zone"
)

func TestSealed(t *testing.T) {
	plain, mine, other := newCodec(t, ""), newCodec(t, "k"), newCodec(t, "x")
	web, shop := key("web.example.com.", zone.TypeA), key("shop.example.com.", zone.TypeA)
	claims := []Claim{claim("prod", "eu-1", digest("192.0.2.1"))}
	e, err := mine.Encode(web, claims)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range texts(e) {
		if !strings.HasPrefix(text, "heritage=fedns,sealed=") || strings.Contains(text, "prod") {
			t.Errorf("sealed as %q", text)
		}
	}
	at, err := mine.Encode(shop, claims)
	if err != nil || texts(at)[0] == texts(e)[0] {
		t.Errorf("at another name it is the same text: %q, %v", texts(at), err)
	}

	// Who has no key, or another one, sees somebody's claim and gives it back as it was.
	for _, c := range []Codec{plain, other} {
		k, got, _, err := c.Decode(e)
		if err != nil || k != web || len(got) != 1 || !got[0].IsUnknown() {
			t.Fatalf("%+v, %v", got, err)
		}
		again, err := c.Encode(web, append(got, claim("test", "")))
		if err != nil || !slices.Contains(texts(again), texts(e)[0]) {
			t.Errorf("%q is lost: %q, %v", texts(e), texts(again), err)
		}
		if _, got, _, err := mine.Decode(again); err != nil || !slices.ContainsFunc(got, claims[0].Equal) {
			t.Errorf("its owner reads %+v, %v", got, err)
		}
	}

	// A text that was carried to another name is nobody's that is known.
	moved := txt("_fedns-a.shop.example.com.", texts(e)...)
	if _, got, _, err := mine.Decode(moved); err != nil || len(got) != 1 || !got[0].IsUnknown() {
		t.Errorf("at another name it is read as %+v, %v", got, err)
	}
}

// TestPlainStaysPlain: an owner with a key and one without share a name.
func TestPlainStaysPlain(t *testing.T) {
	plain, mine := newCodec(t, ""), newCodec(t, "k")
	web := key("web.example.com.", zone.TypeA)
	theirs := []Claim{claim("test", "eu-1", digest("192.0.2.1"))}
	e, err := plain.Encode(web, theirs)
	if err != nil {
		t.Fatal(err)
	}
	_, got, _, err := mine.Decode(e)
	if err != nil || !equal(got, theirs) {
		t.Fatalf("%+v, %v", got, err)
	}
	both, err := mine.Encode(web, append(got, claim("prod", "us-1", digest("192.0.2.2"))))
	if err != nil {
		t.Fatal(err)
	}
	if all := texts(both); len(all) != 2 || !slices.Contains(all, texts(e)[0]) {
		t.Errorf("plain text is not plain any longer: %q", all)
	}
	if _, got, _, _ := plain.Decode(both); !slices.ContainsFunc(got, theirs[0].Equal) {
		t.Errorf("its owner reads %+v", got)
	}
}

// TestOwnClaimsAreSealed: what is claimed anew is sealed, whatever of it was plain.
func TestOwnClaimsAreSealed(t *testing.T) {
	plain, mine := newCodec(t, ""), newCodec(t, "k")
	web := key("web.example.com.", zone.TypeA)
	before := claim("prod", "eu-1", digest("192.0.2.1"))
	e, err := plain.Encode(web, []Claim{before})
	if err != nil {
		t.Fatal(err)
	}
	_, read, _, err := mine.Decode(e)
	if err != nil {
		t.Fatal(err)
	}
	for _, ttl := range []uint32{before.TTL - 1, before.TTL + 1} {
		anew := before
		anew.TTL = ttl
		both, err := mine.Encode(web, []Claim{read[0], anew})
		if all := texts(both); err != nil || len(all) != 1 || !strings.HasPrefix(all[0], sealedStart) {
			t.Errorf("TTL %d: %q, %v", ttl, all, err)
		}
	}
}

// TestReplaceKey: with the old key at hand claims are read, what is claimed anew is
// sealed with the new one, and who has the old key only still reads its own.
func TestReplaceKey(t *testing.T) {
	web := key("web.example.com.", zone.TypeA)
	oldKey, newKey := []byte(strings.Repeat("k", KeyLen)), []byte(strings.Repeat("n", KeyLen))
	before := newCodec(t, "k")
	ours, theirs := claim("prod", "eu-1", digest("192.0.2.1")), claim("test", "eu-1", digest("192.0.2.2"))
	e, err := before.Encode(web, []Claim{ours, theirs})
	if err != nil {
		t.Fatal(err)
	}
	for _, next := range [][]byte{newKey, nil} {
		both, err := NewCodec(apex, next, oldKey)
		if err != nil {
			t.Fatal(err)
		}
		_, read, _, err := both.Decode(e)
		if err != nil || !equal(read, []Claim{ours, theirs}) {
			t.Fatalf("%+v, %v", read, err)
		}
		again, err := both.Encode(web, []Claim{ours, read[1]})
		if err != nil {
			t.Fatal(err)
		}
		only, err := NewCodec(apex, next)
		if err != nil {
			t.Fatal(err)
		}
		if _, got, _, _ := only.Decode(again); !slices.ContainsFunc(got, ours.Equal) {
			t.Errorf("with the new key only: %+v", got)
		}
		if _, got, _, _ := before.Decode(again); !slices.ContainsFunc(got, theirs.Equal) {
			t.Errorf("with the old key only: %+v", got)
		}
	}
	if _, err := NewCodec(apex, newKey, []byte("short")); err == nil || !strings.HasPrefix(err.Error(), "old key") {
		t.Error(err)
	}
}

// TestNonces: one that came twice for different data would tell the key of GCM's
// hash, with which claims can be forged.
func TestNonces(t *testing.T) {
	s := newCodec(t, "k").sealer
	web, shop := key("web.example.com.", zone.TypeTXT).Owner, key("shop.example.com.", zone.TypeTXT).Owner
	seen := make(map[string]bool)
	for _, n := range [][]byte{s.nonce(web, "x"), s.nonce(shop, "x"), s.nonce(web, "y"), newCodec(t, "l").sealer.nonce(web, "x")} {
		if len(n) != 12 || seen[string(n)] {
			t.Errorf("nonce %x: twice, or of another length", n)
		}
		seen[string(n)] = true
	}
	if a, b := s.nonce(web, "x"), s.nonce(web, "x"); string(a) != string(b) {
		t.Error("the same text has two nonces")
	}
}

func TestKeyLength(t *testing.T) {
	if _, err := NewCodec(apex, []byte("short")); err == nil || !strings.Contains(err.Error(), "5 octets, want 32") {
		t.Error(err)
	}
}
