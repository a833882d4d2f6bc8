package difftest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/integration/harness"
	"github.com/fedns/fedns/integration/harness/process"
)

// spoiled is a zone that was good when fedns started and is so no longer.
type spoiled struct {
	zone    *zone
	file    string
	mistake *mistake
	text    string // the spoiled file
	at      int    // line of the mistake
}

// TestDifferentialInvalidZones spoils served zones, each in one way, and wants of fedns that
// it names the line and goes on answering from what it has; and that a zone put
// right is read again. What named-checkzone says to the same files is compared.
func TestDifferentialInvalidZones(t *testing.T) {
	findServers(t)
	harness.Need(t, "named-checkzone", "bind9-utils")
	seed := seedSetting(t)
	each := int(setting(t, "FEDNS_DIFF_INVALID", inSoak(25, 2))) // zones for each mistake
	t.Logf("FEDNS_DIFF_SEED=%d FEDNS_DIFF_INVALID=%d", seed, each)

	dir := t.TempDir()
	cases := spoilZones(t, seed, each*len(mistakes))
	zones := make([]*zone, len(cases))
	for i := range cases {
		zones[i] = cases[i].zone
	}
	for i, file := range writeZones(t, dir, seed, zones) {
		cases[i].file = file
	}
	s := startFedns(t, dir, zones, cases)
	c := newClient(s.addr())
	defer c.close()

	for _, sp := range cases {
		agreeWithBIND(t, &sp)
		replace(t, sp.file, sp.text)
	}
	for _, sp := range cases {
		t.Run(fmt.Sprintf("%s in %s", sp.mistake.name, sp.zone.apex), func(t *testing.T) {
			where := fmt.Sprintf("%s:%d", sp.file, sp.at)
			waitLog(t, s.proc, where+":", " at "+where+",")
			if got, want := serial(t, c, sp.zone), soaSerial(sp.zone.records[0].rdata); got != want {
				t.Errorf("the zone is served with serial %d, want the last good one, %d", got, want)
			}
		})
	}
	for _, sp := range cases {
		good := sp.zone.text(random(seed, 0, "again"))
		was := soaSerial(sp.zone.records[0].rdata)
		replace(t, sp.file, strings.Replace(good, fmt.Sprintf("\n\t%d\n", was), fmt.Sprintf("\n\t%d\n", was+1), 1))
	}
	for _, sp := range cases {
		want := soaSerial(sp.zone.records[0].rdata) + 1
		harness.Eventually(t, 30*time.Second, func(context.Context) error {
			if got := serial(t, c, sp.zone); got != want {
				return fmt.Errorf("%s put right is served with serial %d, want %d", sp.zone.apex, got, want)
			}
			return nil
		})
	}
}

// spoilZones makes n good zones and the spoiled form of each.
func spoilZones(t *testing.T, seed uint64, n int) []spoiled {
	t.Helper()
	var cases []spoiled
	for i := 0; len(cases) < n; i++ {
		if i > 100*n {
			t.Fatal("zones do not offer the occasion for every mistake")
		}
		m := &mistakes[len(cases)%len(mistakes)]
		g := &generator{Rand: random(seed, i, "zone"), zone: newZone(apexOf(i)), total: n}
		g.apex()
		g.content(false)
		line := m.line(g)
		if line == "" {
			continue
		}
		text, at := spoil(g, g.zone.text(random(seed, i, "text")), line)
		cases = append(cases, spoiled{zone: g.zone, mistake: m, text: text, at: at})
	}
	return cases
}

func startFedns(t *testing.T, dir string, zones []*zone, cases []spoiled) *server {
	t.Helper()
	own := fedns
	own.tool = buildFedns(t, dir)
	spawner := process.NewSpawner()
	t.Cleanup(spawner.Close)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	files := make([]string, len(cases))
	for i := range cases {
		files[i] = cases[i].file
	}
	s, err := own.start(ctx, spawner, dir, zones, files)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.proc.Stop(30 * time.Second); err != nil {
			t.Error(err)
		}
	})
	return s
}

// agreeWithBIND wants the mistake to be one to BIND, too, unless the table says otherwise.
func agreeWithBIND(t *testing.T, sp *spoiled) {
	t.Helper()
	file := sp.file + ".spoiled"
	if err := os.WriteFile(file, []byte(sp.text), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("named-checkzone", "-i", "none", "-k", "ignore", sp.zone.apex.String(), file).CombinedOutput()
	switch {
	case err == nil && sp.mistake.bind == "":
		t.Errorf("%s: named-checkzone accepts line %d of %s:\n%s", sp.mistake.name, sp.at, file, out)
	case err != nil && sp.mistake.bind != "":
		t.Errorf("%s: named-checkzone refuses %s, and the table says that BIND %s:\n%s", sp.mistake.name, file, sp.mistake.bind, out)
	}
}

// replace writes a file as editors and Kubernetes do: beside it, and then renamed.
func replace(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file+".new", []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
}

// waitLog waits until the process has written one of these texts.
func waitLog(t *testing.T, p *process.Process, texts ...string) {
	t.Helper()
	harness.Eventually(t, 30*time.Second, func(context.Context) error {
		log, err := os.ReadFile(p.Log)
		if err != nil {
			return err
		}
		for _, text := range texts {
			if strings.Contains(string(log), text) {
				return nil
			}
		}
		return fmt.Errorf("%s does not hold %q", filepath.Base(p.Log), texts)
	})
}

// serial is the serial of the zone as it is served.
func serial(t *testing.T, c *client, z *zone) uint32 {
	t.Helper()
	wire, err := c.ask(&query{zone: z, name: z.apex, typ: dns.TypeSOA, class: dns.ClassINET})
	if err != nil {
		t.Fatal(err)
	}
	a := normalise(wire)
	if len(a.answer) != 1 || rrType(a.answer[0]) != "SOA" {
		t.Fatalf("%s SOA: %s", z.apex, a.String())
	}
	_, rdata, _ := strings.Cut(a.answer[0], " SOA ")
	return soaSerial(rdata)
}

// soaSerial is the third word of an SOA's RDATA.
func soaSerial(rdata string) uint32 {
	var v uint32
	if _, err := fmt.Sscan(strings.Fields(rdata)[2], &v); err != nil {
		panic(err)
	}
	return v
}
