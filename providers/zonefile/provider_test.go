package zonefile_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	rfc1035 "github.com/fedns/fedns/dnsserver/zonefile"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/providertest"
	"github.com/fedns/fedns/providers/zonefile"
)

var apex = dnsname.MustParse("example.com.")

func open(t *testing.T, file string) *zonefile.Zone {
	t.Helper()
	z, err := zonefile.New(zonefile.Config{
		Apex: apex, File: file, NameServers: []dnsname.Name{dnsname.MustParse("ns1.example.net."), dnsname.MustParse("ns2.example.net.")},
	})
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func a(owner string, ttl uint32, last byte) hosted.Entry {
	return hosted.Simple(zone.NewRRset(dnsname.MustParse(owner+".example.com."), zone.TypeA, ttl, string([]byte{192, 0, 2, last})))
}

func apply(t *testing.T, z *zonefile.Zone, changes ...hosted.Change) {
	t.Helper()
	if _, err := z.Apply(t.Context(), hosted.Batch{Changes: changes}); err != nil {
		t.Fatal(err)
	}
}

// edit changes the file as somebody else would: record by record.
func edit(file string, e hosted.Entry) error {
	octets, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var lines []string
	start := fmt.Sprintf("%s ", e.Key.Owner)
	typ := " IN " + rfc1035.TypeText(e.Key.Type) + " "
	for _, l := range strings.SplitAfter(string(octets), "\n") {
		if !strings.HasPrefix(l, start) || !strings.Contains(l, typ) {
			lines = append(lines, l)
		}
	}
	for _, s := range e.Sets {
		for d := range s.Records.RDATA() {
			lines = append(lines, fmt.Sprintf("%s %d%s%s\n", e.Key.Owner, s.Records.TTL, typ, rfc1035.RDATAText(e.Key.Type, d)))
		}
	}
	return os.WriteFile(file, []byte(strings.Join(lines, "")), 0o600)
}

// TestSuite is the suite of all providers. After it BIND's checker reads the file.
func TestSuite(t *testing.T) {
	file := filepath.Join(t.TempDir(), "example.com.zone")
	z := open(t, file)
	apply(t, z, hosted.Change{New: a("first", 60, 1)})
	apply(t, z, hosted.Change{Old: a("first", 60, 1)})
	providertest.Run(t, providertest.Config{
		Zone: z, Apex: apex, Limits: zonefile.Limits(),
		EditByHand: func(_ context.Context, e hosted.Entry) error { return edit(file, e) },
	})
}

// TestNamedCheckzone: BIND loads what stands in the file.
func TestNamedCheckzone(t *testing.T) {
	tool, err := exec.LookPath("named-checkzone")
	if err != nil {
		t.Skip("named-checkzone is not installed (bind9-utils)")
	}
	file := filepath.Join(t.TempDir(), "example.com.zone")
	z, err := zonefile.New(zonefile.Config{Apex: apex, File: file})
	if err != nil {
		t.Fatal(err)
	}
	var p rfc1035.RDATAParser
	var changes []hosted.Change
	for _, text := range []string{
		"www A 192.0.2.1", "*.w AAAA 2001:db8::1", "alias CNAME www.example.com.", `text TXT "a \"quoted\" one; two" "\001\255"`,
		"_443._tcp SRV 1 2 443 www.example.com.", "mail MX 10 www.example.com.", `ca CAA 0 issue "ca.example.net; policy=ev"`,
		`h HTTPS 1 . alpn="h2,h3" ipv4hint="192.0.2.1"`, "sub NS ns.example.net.", `odd\046name A 192.0.2.2`, `new TYPE65280 \# 2 0102`,
	} {
		owner, rest, _ := strings.Cut(text, " ")
		mnemonic, data, _ := strings.Cut(rest, " ")
		typ, ok := rfc1035.ParseType(mnemonic)
		rdata, err := p.Parse(typ, data)
		if err != nil || !ok {
			t.Fatalf("%s: %v", text, err)
		}
		changes = append(changes, hosted.Change{New: hosted.Simple(zone.NewRRset(dnsname.MustParse(owner+".example.com."), typ, 300, rdata))})
	}
	apply(t, z, changes...)
	out, err := exec.CommandContext(t.Context(), tool, "-i", "local", "example.com.", file).CombinedOutput()
	if err != nil {
		octets, _ := os.ReadFile(file)
		t.Errorf("%v: %s\n%s", err, out, octets)
	}
}

// TestSerial: it moves with every change, and not without one.
func TestSerial(t *testing.T) {
	z := open(t, filepath.Join(t.TempDir(), "zone"))
	serial := func() uint32 {
		es, err := z.Read(t.Context(), hosted.Key{Owner: apex, Type: zone.TypeSOA})
		if err != nil || len(es) != 1 {
			t.Fatalf("SOA: %v, %v", es, err)
		}
		soa, err := zone.ParseSOA(es[0].Sets[0].Records.First())
		if err != nil {
			t.Fatal(err)
		}
		return soa.Serial
	}
	last := serial()
	for i := range byte(5) {
		apply(t, z, hosted.Change{New: a(fmt.Sprint("h", i), 60, i)})
		if now := serial(); !zone.SerialLess(last, now) {
			t.Errorf("serial %d after %d", now, last)
		} else {
			last = now
		}
	}
	apply(t, z)
	if now := serial(); now != last {
		t.Errorf("serial %d after %d, though nothing changed", now, last)
	}
}

// TestNotOurs: a file of somebody else, or one that cannot be read, stays as it is.
func TestNotOurs(t *testing.T) {
	const soa = "@ 60 IN SOA ns. host. 1 2 3 4 5\n@ 60 NS ns.\n"
	for _, tt := range []struct{ name, content, want string }{
		{"written by hand", soa, "fedns has not written it"},
		{"with includes", "; Written by fedns.\n" + soa + "$INCLUDE other\n", "$INCLUDE"},
		{"with a mistake", "; Written by fedns.\n" + soa + "www 60 A 192.0.2\n", "zone:4: www.example.com. A"},
		{"empty", "", "fedns has not written it"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "zone")
			if err := os.WriteFile(file, []byte(tt.content), 0o600); err != nil {
				t.Fatal(err)
			}
			z := open(t, file)
			_, err := z.Apply(t.Context(), hosted.Batch{Changes: []hosted.Change{{New: a("www", 60, 1)}}})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("apply: %v, want an error with %q", err, tt.want)
			}
			if _, err := z.Records(t.Context()); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("records: %v, want an error with %q", err, tt.want)
			}
			if octets, _ := os.ReadFile(file); string(octets) != tt.content {
				t.Errorf("the file has become %s", octets)
			}
		})
	}
}

// TestWriters: of many that swap one record at once, each success is one step, and
// no reader ever sees half a file.
func TestWriters(t *testing.T) {
	file := filepath.Join(t.TempDir(), "zone")
	counter := func(n uint32) hosted.Entry { return a("counter", n, 1) }
	apply(t, open(t, file), hosted.Change{New: counter(0)})
	var wg sync.WaitGroup
	var mu sync.Mutex
	made := uint32(0)
	for range 4 {
		z := open(t, file)
		wg.Go(func() {
			for range 50 {
				es, err := z.Read(context.Background(), counter(0).Key)
				if err != nil || len(es) != 1 {
					t.Errorf("read %v, %v", es, err)
					return
				}
				_, err = z.Apply(context.Background(), hosted.Batch{Changes: []hosted.Change{{Old: es[0], New: counter(es[0].Sets[0].TTL() + 1)}}})
				var throttled *hosted.ThrottledError
				switch {
				case err == nil:
					mu.Lock()
					made++
					mu.Unlock()
				case !errors.Is(err, hosted.ErrConflict) && !errors.As(err, &throttled):
					t.Errorf("apply: %v", err)
				}
			}
		})
	}
	wg.Wait()
	es, err := open(t, file).Read(t.Context(), counter(0).Key)
	if err != nil || len(es) != 1 || !es[0].Equal(counter(made)) || made == 0 {
		t.Errorf("after %d batches there is %v, %v", made, es, err)
	}
	left, _ := filepath.Glob(file + "*")
	if len(left) != 2 { // the file and its lock
		t.Errorf("left behind: %v", left)
	}
}

func TestNew(t *testing.T) {
	dir := t.TempDir()
	for _, tt := range []struct {
		cfg  zonefile.Config
		want string
	}{
		{zonefile.Config{File: "x"}, "no zone"},
		{zonefile.Config{Apex: apex}, "no file"},
		{zonefile.Config{Apex: apex, File: filepath.Join(dir, "none", "x")}, "none: no such file"},
	} {
		if _, err := zonefile.New(tt.cfg); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: %v, want an error with %q", tt.cfg, err, tt.want)
		}
	}
}
