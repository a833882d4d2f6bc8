package ownership

import (
	"math"
	"strings"
	"testing"

	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
)

func TestFence(t *testing.T) {
	for _, f := range []Fence{
		{Owner: "prod", Holder: "fedns-0", Generation: 1, Nonce: "x"},
		{Owner: "prod", Holder: `a,b="c"\ é`, Generation: math.MaxUint64},
		{Owner: strings.Repeat("a", 40)},
	} {
		e, err := f.Entry(apex)
		if err != nil {
			t.Fatal(err)
		}
		if want := key("_fedns-fence-"+f.Owner+".example.com.", zone.TypeTXT); e.Key != want || !IsFence(e.Key) || IsClaim(e.Key) {
			t.Errorf("at %s", e.Key.Owner)
		}
		if got, err := ParseFence(e); err != nil || got != f {
			t.Errorf("%q is read as %+v, %v", texts(e), got, err)
		}
	}
}

func TestFenceRefuses(t *testing.T) {
	at := "_fedns-fence-prod.example.com."
	for _, tt := range []struct {
		name string
		e    hosted.Entry
		want string
	}{
		{"another's", txt(at, "heritage=fedns,fence=test,holder=a,generation=1,nonce=x"), `says that it is "test"'s`},
		{"a newer version", txt(at, "heritage=fedns,fence=prod,holder=a,generation=1,nonce=x,v=2"), "more in it"},
		{"no number", txt(at, "heritage=fedns,fence=prod,holder=a,generation=-1,nonce=x"), `generation "-1"`},
		{"two", txt(at, "heritage=fedns,fence=prod,holder=a,generation=1,nonce=x", "heritage=fedns,fence=prod,holder=a,generation=2,nonce=x"), "want one"},
		{"none", hosted.Entry{Key: key(at, zone.TypeTXT)}, "want one"},
		{"by hand", txt(at, "stop"), "does not begin"},
		{"claims", txt("_fedns-a.example.com.", "heritage=fedns"), "no name of a fence"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := ParseFence(tt.e); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	if _, err := (Fence{Owner: "prod", Holder: strings.Repeat("x", 4000)}).Entry(apex); err == nil {
		t.Error("a fence of 4,000 octets is written")
	}
}

func TestCheckOwner(t *testing.T) {
	for id, want := range map[string]string{
		"prod": "", "a": "", "eu-1-x": "", "0": "", strings.Repeat("a", 40): "",
		"": "empty", "-a": "hyphen", "a-": "hyphen", "-": "hyphen", "Prod": `'P'`, "a.b": `'.'`, "?": `'?'`, strings.Repeat("a", 41): "longer than 40",
	} {
		err := CheckOwner(id)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", id, err, want)
		}
	}
}
