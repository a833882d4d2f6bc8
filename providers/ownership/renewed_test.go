package ownership

import (
	"testing"

	"github.com/fedns/fedns/dnsserver/zone"
)

// TestRenewed: an Entry of claims that was renewed is another, says the same, and is
// written as it is while its claims stay.
func TestRenewed(t *testing.T) {
	c := newCodec(t, "")
	k := key("web.example.com.", zone.TypeA)
	claims := []Claim{claim("prod", "eu-1", digest("192.0.2.1"))}
	first, err := c.Encode(k, claims)
	if err != nil {
		t.Fatal(err)
	}
	second := Renewed(first)
	if second.Equal(first) || !Renewed(second).Equal(first) {
		t.Errorf("got %s after %s", second, first)
	}
	of, got, foreign, err := c.Decode(second)
	if err != nil || of != k || foreign != 0 || !equal(got, claims) {
		t.Errorf("it says %v of %v, %d foreign, %v", got, of, foreign, err)
	}
	if again, err := c.Rewrite(second, k, claims); err != nil || !again.Equal(second) {
		t.Errorf("it is written as %s: %v", again, err)
	}
}
