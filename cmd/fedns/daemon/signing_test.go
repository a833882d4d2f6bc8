package daemon

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fedns/fedns/cmd/fedns/config"
	"github.com/fedns/fedns/cmd/fedns/propagation"
	"github.com/fedns/fedns/discovery"
	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/quorum"
	"github.com/fedns/fedns/dnsserver"
	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/dnssec"
	"github.com/fedns/fedns/dnsserver/zone"
)

// TestKeysAreTakenUp: the first key of a zone that had none, and the record of
// each at the moment that its timing names, for it may sign from then on.
func TestKeysAreTakenUp(t *testing.T) {
	dir, apex := t.TempDir(), dnsname.MustParse("example.com.")
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	write("zone", "$TTL 60\n@ SOA ns host 1 3600 600 86400 60\n@ NS ns\nns A 192.0.2.1\n")
	file := write("fedns.yaml", "apiVersion: fedns.io/v1alpha1\nkind: Config\nzones: [{name: example.com, files: [zone]}]\ndnssec: {keys: ., zones: [example.com]}\n")
	cfg, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		log := slog.New(slog.DiscardHandler)
		d := &Daemon{meter: propagation.New(), log: log, dns: dnsserver.New(dnsserver.Config{Log: log}), parts: newParts()}
		d.engine = discovery.New(discovery.Config{Log: log}, d.dns)
		d.probes = newProbes(&config.Config{}, log, func(cluster.ID, quorum.Agreed) {})
		d.fleet = newFleet(log, d.meter, d.setMembers)
		d.hosted = d.newHosted(cfg)
		d.Apply(cfg)
		defer d.parts.end()
		makeKey := func(publish time.Time) {
			if _, err := dnssec.Generate(dir, apex, dnssec.ECDSAP256SHA256, true, publish); err != nil {
				t.Fatal(err)
			}
		}
		after := func(wait time.Duration, want int) {
			t.Helper()
			time.Sleep(wait)
			synctest.Wait()
			keys, _ := d.dns.Snapshot(apex).Lookup(apex, zone.TypeDNSKEY)
			if keys.Len() != want {
				t.Errorf("%d DNSKEY records, want %d", keys.Len(), want)
			}
		}
		after(0, 0)
		makeKey(time.Now())
		after(lookAtKeys, 1)
		makeKey(time.Now().Add(lookAtKeys + 3*time.Second))
		after(lookAtKeys, 1)
		after(3*time.Second-time.Millisecond, 1)
		after(2*time.Millisecond, 2)
	})
}

// TestKeysDueSoonAfterTheStart: not only what comes after the first look is taken up.
func TestKeysDueSoonAfterTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir, apex := t.TempDir(), dnsname.MustParse("example.com.")
		for _, wait := range []time.Duration{0, 2 * time.Second} {
			if _, err := dnssec.Generate(dir, apex, dnssec.ECDSAP256SHA256, true, time.Now().Add(wait)); err != nil {
				t.Fatal(err)
			}
		}
		log := slog.New(slog.DiscardHandler)
		d := &Daemon{meter: propagation.New(), log: log, dns: dnsserver.New(dnsserver.Config{Log: log}), parts: newParts()}
		d.engine = discovery.New(discovery.Config{Log: log}, d.dns)
		d.probes = newProbes(&config.Config{}, log, func(cluster.ID, quorum.Agreed) {})
		d.fleet = newFleet(log, d.meter, d.setMembers)
		d.hosted = d.newHosted(&config.Config{})
		cfg := &config.Config{Zones: []config.Zone{{Name: apex}}}
		cfg.Federation.Domain = apex
		cfg.Serving.DNSSEC = config.DNSSEC{Keys: dir, Zones: []dnsname.Name{apex}}
		d.Apply(cfg)
		defer d.parts.end()
		time.Sleep(2*time.Second + time.Millisecond)
		synctest.Wait()
		if keys, _ := d.dns.Snapshot(apex).Lookup(apex, zone.TypeDNSKEY); keys.Len() != 2 {
			t.Errorf("%d DNSKEY records, want 2", keys.Len())
		}
	})
}
