package dnssec_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/dnssec"
	"github.com/fedns/fedns/dnsserver/zone"
)

func TestReadsWhatDNSSECKeygenWrites(t *testing.T) {
	for _, c := range []struct{ name, alg, flags string }{
		{"example.", "13", "KSK"}, {"example.", "15", ""}, {"x_y/z.example.", "13", ""}, {".", "15", "KSK"},
	} {
		dir := t.TempDir()
		args := []string{"-K", dir, "-a", c.alg, "-P", "now", "-A", "+1h", "-I", "+1y", "-D", "+2y"}
		if c.flags != "" {
			args = append(args, "-f", c.flags, "-P", "sync", "+1d", "-D", "sync", "+1mo")
		}
		base := strings.TrimSpace(lastLine(tool(t, "bind9-utils", "dnssec-keygen", append(args, c.name)...)))
		keys, err := dnssec.ReadKeys(dir, dnsname.MustParse(c.name))
		if err != nil || len(keys) != 1 {
			t.Fatalf("%s: %d keys, %v", base, len(keys), err)
		}
		k := keys[0]
		if k.String() != base || k.SEP() != (c.flags != "") || k.Active(time.Now()) || !k.Active(time.Now().Add(2*time.Hour)) || !k.Published(time.Now()) || k.Published(time.Now().Add(3*366*24*time.Hour)) {
			t.Errorf("%s read as %v %+v", base, k, k.Timing)
		}
		s, err := dnssec.New(dnsname.MustParse(c.name), dnssec.Config{Keys: keys})
		if err != nil {
			t.Fatal(err)
		}
		want := strings.Fields(tool(t, "bind9-utils", "dnssec-dsfromkey", "-2", filepath.Join(dir, base)))
		if got := strings.Fields(records(t, s.DS())[0].String()); !strings.EqualFold(strings.Join(got[4:], ""), strings.Join(want[3:], "")) {
			t.Errorf("DS %v, want %v", got, want)
		}
	}
}

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return lines[len(lines)-1]
}

// TestBINDTakesWhatGenerateWrites has BIND read times and sign with our keys.
func TestBINDTakesWhatGenerateWrites(t *testing.T) {
	for _, alg := range []uint8{13, 15} {
		dir := t.TempDir()
		k, err := dnssec.Generate(dir, apex, alg, true, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(filepath.Join(dir, k.String()+".private")); err != nil || info.Mode().Perm() != 0o600 {
			t.Fatalf("private file: %v, %v", info, err)
		}
		if keys, err := dnssec.ReadKeys(dir, apex); err != nil || len(keys) != 1 || keys[0].DNSKEY() != k.DNSKEY() || keys[0].Timing != k.Timing {
			t.Fatalf("read back: %v, %v; want %v", keys, err, k)
		}
		if out := tool(t, "bind9-utils", "dnssec-settime", "-u", "-p", "all", filepath.Join(dir, k.String())); !strings.Contains(out, "Activate: "+itoa(k.Activate.Unix())) {
			t.Errorf("dnssec-settime says:\n%s", out)
		}
		path := masterFile(t, []zone.RRset{
			zone.NewRRset(apex, zone.TypeSOA, 60, zone.SOA{MName: apex, RName: apex, Serial: 1}.RDATA()),
			zone.NewRRset(apex, zone.TypeNS, 60, zone.Target(dnsname.MustParse("ns.test."))),
		})
		tool(t, "bind9-utils", "dnssec-signzone", "-S", "-z", "-K", dir, "-d", dir, "-o", "example.", path)
	}
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

func TestReadKeysTellsFileAndField(t *testing.T) {
	for _, c := range []struct{ file, old, with, want string }{
		{".private", "v1.3", "v9", ".private: Private-key-format: "},
		{".private", "Algorithm: 13", "Algorithm: 8", ".private: Algorithm: algorithm 8 is not signed with here"},
		{".private", "PrivateKey: ", "PrivateKey: !", ".private: PrivateKey: "},
		{".private", "PrivateKey: ", "PrivateKey: QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE= ", ".key: public key: is not the one"},
		{".private", "Publish: 2", "Publish: x2", ".private: Publish: "},
		{".private", "Created", "Revoke", ".private: Revoke: "},
		{".private", "Created", "Label", ".private: Label: "},
		{".key", " 257 ", " 385 ", ".key: flags: "},
		{".key", " 257 ", " 256 ", ".key: the key in it is K"},
		{".key", " 257 3 13 ", " 257 3 15 ", ".key: algorithm: "},
		{".key", "\nexample.", "\nother.", ".key: owner name: "},
		{".key", "DNSKEY", "TXT", ".key: type: "},
	} {
		dir := t.TempDir()
		k, err := dnssec.Generate(dir, apex, 13, true, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, k.String()+c.file)
		text, _ := os.ReadFile(path)
		os.WriteFile(path, []byte(strings.Replace(string(text), c.old, c.with, 1)), 0o600)
		if _, err := dnssec.ReadKeys(dir, apex); err == nil || !strings.Contains(err.Error(), k.String()+c.want) {
			t.Errorf("%s %q for %q: %v; want %s", c.file, c.with, c.old, err, c.want)
		}
	}
	dir := t.TempDir()
	k, _ := dnssec.Generate(dir, apex, 13, true, time.Now())
	os.Remove(filepath.Join(dir, k.String()+".private"))
	if _, err := dnssec.ReadKeys(dir, apex); err == nil || !strings.Contains(err.Error(), ".private") {
		t.Errorf("without a private file: %v", err)
	}
}
