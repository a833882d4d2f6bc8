package main

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fedns/fedns/providers/route53/route53test"
)

// TestCheckReachesProviders: one line for each hosted zone, with the provider's words,
// and one that hangs does not keep the others from being told.
func TestCheckReachesProviders(t *testing.T) {
	sim := route53test.New(route53test.Config{})
	sim.AddZone("example.com", false)
	amazon := httptest.NewServer(sim)
	defer amazon.Close()
	denied := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/xml")
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>User fedns is not authorized</Message></Error></ErrorResponse>`)
	}))
	defer denied.Close()
	silent, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0") // accepts, and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("credentials", "[default]\naws_access_key_id = AKID\naws_secret_access_key = SECRET\n")
	write("short.key", "abcd\n")
	for _, folder := range []string{"zones", "others"} {
		if err := os.Mkdir(filepath.Join(dir, folder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	write("zones/prod.zone", "; Written by fedns.\n$ORIGIN prod.\n@ 300 IN SOA ns.invalid. hostmaster 1 7200 900 1209600 300\n@ 300 IN NS ns.invalid.\n"+
		`_fedns-fence-prod 300 IN TXT "heritage=fedns,fence=prod,holder=pod-a,generation=7,nonce=x"`+"\n")
	write("fedns.yaml", fmt.Sprintf(`apiVersion: fedns.io/v1alpha1
kind: Config
federation: {name: prod, domain: example.com}
providers:
- {name: aws, zones: [example.com], route53: {credentials: credentials, endpoint: "%s"}}
- {name: other-aws, zones: [prod], route53: {credentials: credentials, endpoint: "%s"}}
- {name: denied, zones: [example.com], route53: {hostedZoneID: Z1, credentials: credentials, endpoint: "%s"}}
- {name: silent, zones: [example.com], webhook: {url: "http://%s"}}
- {name: sealed, zones: [example.com], sealKey: short.key, inmemory: {}}
- {name: routed, zones: [example.com], routing: Weighted, zonefile: {dir: others}}
- {name: disk, zones: [example.com, prod], zonefile: {dir: zones}}
`, amazon.URL, amazon.URL, denied.URL, silent.Addr()))
	var lines []string
	var before int
	for timeout := 2 * time.Second; ; timeout *= 4 { // of which one is used up; a busy machine needs more for the others
		before = sim.Calls()["ListResourceRecordSets"]
		lines = nil
		var out strings.Builder
		began := time.Now()
		code := run(t.Context(), []string{"check", "--config", filepath.Join(dir, "fedns.yaml"), "--timeout", timeout.String()}, &out, &out)
		if code != exitWanting {
			t.Errorf("exit %d", code)
		}
		if took := time.Since(began); took > timeout+15*time.Second {
			t.Errorf("it took %v with --timeout %v", took, timeout)
		}
		late := 0
		for line := range strings.Lines(out.String()) {
			if strings.Contains(line, "provider ") {
				lines = append(lines, strings.TrimSpace(line))
			}
			if strings.Contains(line, "no answer in time") {
				late++
			}
		}
		if late <= 1 || timeout > 30*time.Second {
			break
		}
	}
	want := []string{
		"ok    provider aws: zone example.com.: can be read; the owner prod has written nothing there yet",
		"wrong provider other-aws: zone prod.: route53: there are 0 hosted zones prod.",
		"wrong provider denied: zone example.com.: * AccessDenied: User fedns is not authorized",
		"wrong provider silent: zone example.com.: no answer in time: ",
		"wrong provider sealed: zone example.com.: sealKey: * want 32 octets",
		"wrong provider routed: zone example.com.: * has no routing policy Weighted",
		"ok    provider disk: zone example.com.: can be read; the owner prod has written nothing there yet",
		"ok    provider disk: zone prod.: can be read; pod-a wrote last of the owner prod, generation 7",
	}
	if len(lines) != len(want) {
		t.Fatalf("got\n%s\nwant %d lines", strings.Join(lines, "\n"), len(want))
	}
	for i, w := range want {
		head, tail, _ := strings.Cut(w, "*")
		if !strings.HasPrefix(lines[i], head) || !strings.Contains(lines[i], tail) {
			t.Errorf("line %d is\n%s\nwant\n%s", i+1, lines[i], w)
		}
	}
	if n := sim.Calls()["ListResourceRecordSets"] - before; n > 1 {
		t.Errorf("Route 53 was asked for records %d times, want once", n)
	}
}
