package daemon

import (
	"context"
	"errors"
	"maps"
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
	due    time.Time // when signatures or keys' records are others next; zero: never
}

// tellKeys makes known how the keys of the zones that are to be signed are.
func (d *Daemon) tellKeys() {
	faults := map[string]string{}
	for _, apex := range d.serving.dnssec.Zones {
		faults[apex.String()] = d.serving.keyFaults[apex]
	}
	d.keyFaults.Store(&faults)
}

// KeyFaults tells, by zone that is to be signed, what was wrong with its keys
// when they were last read; empty: nothing.
func (d *Daemon) KeyFaults() map[string]string {
	if faults := d.keyFaults.Load(); faults != nil {
		return *faults
	}
	return nil
}

// lookAtKeys is how often key files are looked at. When signatures or keys'
// records become due is known beforehand.
const lookAtKeys = 10 * time.Second

// applySigning makes the Signers of the zones that are signed. A zone whose keys
// cannot be read is signed by those before, or not at all if there were none.
func (d *Daemon) applySigning(cfg *config.Config) {
	s, c := &d.serving, cfg.Serving.DNSSEC
	if s.signing == nil {
		s.signing, s.keyFaults = map[dnsname.Name]*signing{}, map[dnsname.Name]string{}
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
	maps.DeleteFunc(s.keyFaults, func(apex dnsname.Name, _ string) bool { return !wanted[apex] })
	s.dnssec = c
	d.tellKeys()
	if s.stopKeys == nil && len(c.Zones) > 0 {
		s.stopKeys = d.parts.run(d.watchKeys)
	}
}

// denialBudget is how many denials and expanded wildcards of a zone are signed a
// second, about a tenth of a processor: what is asked for again costs nothing.
const denialBudget = 4000

// signZone reads a zone's keys; d.applying is held. It says whether they are others.
func (d *Daemon) signZone(apex dnsname.Name, c config.DNSSEC) (changed bool) {
	z := d.serving.signing[apex]
	keys, err := dnssec.ReadKeys(c.Keys, apex)
	if err == nil && len(keys) == 0 {
		if !c.Generate || z != nil { // files that are gone for a moment must not roll a key over
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
		if signer, err = dnssec.New(apex, dnssec.Config{Keys: keys, Budget: denialBudget}); err == nil {
			d.serving.signing[apex] = &signing{signer: signer, keys: keys, stop: d.parts.run(signer.Run), due: signer.NextChange(time.Now())}
			delete(d.serving.keyFaults, apex)
			return true
		}
	}
	if err != nil {
		if d.serving.keyFaults[apex] != err.Error() {
			for _, e := range Lines(err) {
				d.log.Error("DNSSEC keys were refused, those before stay in force", "zone", apex.String(), "error", e)
			}
		}
		d.serving.keyFaults[apex] = err.Error()
		return false
	}
	delete(d.serving.keyFaults, apex)
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
	look := time.NewTimer(d.untilKeys(time.Now()))
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-look.C:
			d.lookAtKeys(now)
			look.Reset(d.untilKeys(now))
		}
	}
}

// untilKeys is how long it is until keys have to be looked at: a key's record has
// to be there when its time comes, for signatures of the key follow the clock.
func (d *Daemon) untilKeys(now time.Time) time.Duration {
	d.applying.Lock()
	defer d.applying.Unlock()
	wait := lookAtKeys
	for _, z := range d.serving.signing {
		if !z.due.IsZero() {
			wait = min(wait, z.due.Sub(now))
		}
	}
	return max(wait, 10*time.Millisecond) // the clock may have been set back
}

func (d *Daemon) lookAtKeys(now time.Time) {
	d.applying.Lock()
	defer d.applying.Unlock()
	var others []dnsname.Name
	for _, apex := range d.serving.dnssec.Zones { // one may have had no key so far
		changed := d.signZone(apex, d.serving.dnssec)
		if z := d.serving.signing[apex]; changed || z != nil && !z.due.IsZero() && !now.Before(z.due) {
			others = append(others, apex)
			z.due = z.signer.NextChange(now)
		}
	}
	d.tellKeys()
	if len(others) == 0 || d.current == nil {
		return
	}
	if err := d.dns.SetZones(d.readZones(d.current)); err != nil { // the keys' records are part of the zones
		d.log.Error("zones were refused and stay as they were", "error", err)
	}
	for _, apex := range others {
		d.dns.Resign(apex)
	}
}
