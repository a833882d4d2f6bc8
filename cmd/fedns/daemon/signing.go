package daemon

import (
	"context"
	"errors"
	"reflect"
	"time"

	"github.com/fedns/fedns/cmd/fedns/config"
	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/dnssec"
)

// signing is one zone that is signed.
type signing struct {
	signer *dnssec.Signer
	keys   []dnssec.Key
	stop   context.CancelFunc
	fault  string // what was wrong with the keys last time
}

// lookAtKeys is how often key files are looked at, and whether signatures or
// keys' records have become due.
const lookAtKeys = 10 * time.Second

// applySigning makes the Signers of the zones that are signed. A zone whose keys
// cannot be read is signed by those before, or not at all if there were none.
func (d *Daemon) applySigning(cfg *config.Config) {
	s, c := &d.serving, cfg.Serving.DNSSEC
	if s.signing == nil {
		s.signing = map[dnsname.Name]*signing{}
	}
	if !reflect.DeepEqual(s.dnssec, c) {
		if s.stopKeys != nil {
			s.stopKeys()
			s.stopKeys = nil
		}
	}
	wanted := map[dnsname.Name]bool{}
	for _, apex := range c.Zones {
		wanted[apex] = true
		d.signZone(apex, c)
	}
	for apex, z := range s.signing {
		if !wanted[apex] {
			z.stop()
			delete(s.signing, apex)
		}
	}
	s.dnssec = c
	if s.stopKeys == nil && len(c.Zones) > 0 {
		s.stopKeys = d.parts.run(d.watchKeys)
	}
}

// signZone reads a zone's keys; d.applying is held. It says whether they are others.
func (d *Daemon) signZone(apex dnsname.Name, c config.DNSSEC) (changed bool) {
	z := d.serving.signing[apex]
	keys, err := dnssec.ReadKeys(c.Keys, apex)
	if err == nil && len(keys) == 0 {
		if !c.Generate {
			err = errors.New("no key of the zone in " + c.Keys + "; want one, or dnssec.generate")
		} else {
			var k dnssec.Key
			if k, err = dnssec.Generate(c.Keys, apex, dnssec.ECDSAP256SHA256, true, time.Now()); err == nil {
				keys = []dnssec.Key{k}
				d.log.Info("DNSSEC key was made; give the DS to the zone's parent", "zone", apex.String(), "key", k.String())
			}
		}
	}
	if err == nil && z == nil {
		var signer *dnssec.Signer
		if signer, err = dnssec.New(apex, dnssec.Config{Keys: keys}); err == nil {
			d.serving.signing[apex] = &signing{signer: signer, keys: keys, stop: d.parts.run(signer.Run)}
			return true
		}
	}
	if err != nil {
		if z == nil || z.fault != err.Error() {
			for _, e := range Lines(err) {
				d.log.Error("DNSSEC keys were refused, those before stay in force", "zone", apex.String(), "error", e)
			}
		}
		if z != nil {
			z.fault = err.Error()
		}
		return false
	}
	z.fault = ""
	if sameKeys(z.keys, keys) {
		return false
	}
	if err := z.signer.SetKeys(keys); err != nil {
		d.log.Error("DNSSEC keys were refused, those before stay in force", "zone", apex.String(), "error", err)
		return false
	}
	z.keys = keys
	return true
}

func sameKeys(a, b []dnssec.Key) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Timing != b[i].Timing || a[i].DNSKEY() != b[i].DNSKEY() {
			return false
		}
	}
	return true
}

// watchKeys takes up keys that have changed, and has zones transferred again
// when their signatures or their keys' records are others.
func (d *Daemon) watchKeys(ctx context.Context) {
	look := time.NewTicker(lookAtKeys)
	defer look.Stop()
	next := map[dnsname.Name]time.Time{}
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-look.C:
			d.lookAtKeys(now, next)
		}
	}
}

func (d *Daemon) lookAtKeys(now time.Time, next map[dnsname.Name]time.Time) {
	d.applying.Lock()
	defer d.applying.Unlock()
	rebuild := false
	for apex, z := range d.serving.signing {
		changed := d.signZone(apex, d.serving.dnssec)
		if at, ok := next[apex]; !changed && ok && now.Before(at) {
			continue
		} else if changed || ok {
			rebuild = true
			d.dns.Resign(apex)
		}
		next[apex] = z.signer.NextChange(now)
	}
	if rebuild { // the keys' records are part of the zones
		if err := d.dns.SetZones(d.readZones(d.current)); err != nil {
			d.log.Error("zones were refused and stay as they were", "error", err)
		}
	}
}
