package secondary

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fedns/fedns/dnsserver"
	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/policy"
	"github.com/fedns/fedns/dnsserver/transfer"
	"github.com/fedns/fedns/dnsserver/tsig"
	"github.com/fedns/fedns/integration/harness"
	"github.com/fedns/fedns/integration/harness/process"
)

const (
	rate    = 2000                  // RRsets changed a second
	batches = 50                    // Publish calls a second, at least
	limit   = time.Minute           // until all have what the primary has
	catalog = "catalog.test."       // of the test's zones
	busy    = "busy.test."          // gets four of five changes
	other   = "other.test."         // gets the fifth
	late    = "late.test."          // is served from the middle of the changes on, and gets some of other's
	tick    = time.Second / batches // between Publish calls
)

func soak() bool { return os.Getenv("FEDNS_SOAK") == "1" }

// seed is what the changes follow from.
func seed(t *testing.T) uint64 {
	t.Helper()
	s := rand.Uint64()
	if text := os.Getenv("FEDNS_SECONDARY_SEED"); text != "" {
		var err error
		if s, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("FEDNS_SECONDARY_SEED: %v", err)
		}
	}
	t.Logf("FEDNS_SECONDARY_SEED=%d", s)
	return s
}

// startSecondaries starts one of each program. They end with the test.
func startSecondaries(t *testing.T, primary netip.AddrPort, zones []string) []*server {
	t.Helper()
	dir := t.TempDir()
	sp := process.NewSpawner()
	t.Cleanup(sp.Close)
	var all []*server
	for i := range programs {
		s, err := newServer(&programs[i], dir, primary, catalog, zones)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.start(sp); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if t.Failed() {
				t.Logf("--- %s\n%s", s.name, s.proc.Tail(25))
			}
			if err := s.proc.Stop(30 * time.Second); err != nil {
				t.Error(err)
			}
		})
		all = append(all, s)
	}
	return all
}

// needServers looks for programs also where Debian puts name servers.
func needServers(t *testing.T) {
	t.Helper()
	t.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin:/sbin")
	for _, p := range programs {
		harness.Need(t, p.tool, p.pkg)
	}
}

// primary is a fedns in this process, and who follows it.
type primary struct {
	*dnsserver.Server
	addr      netip.AddrPort
	notifier  *transfer.Notifier
	told      notices
	transfers *transfers
	all       []*server
}

// startPrimary starts it with zones, and secondaries that follow it. It listens
// at an address that its NOTIFYs do not come from, so that a secondary believes
// them for their key alone.
func startPrimary(t *testing.T, zones ...string) *primary {
	t.Helper()
	addr, err := process.FreeAddr("127.0.0.2")
	if err != nil {
		t.Fatal(err)
	}
	p := &primary{addr: addr, transfers: newTransfers(), told: notices{to: map[netip.AddrPort]int{}}}
	p.Server = dnsserver.New(dnsserver.Config{Listen: []netip.AddrPort{addr}, Log: slog.New(p.transfers)})
	var keys []tsig.Key
	var grants []policy.Grant
	octets, err := base64.StdEncoding.DecodeString(secret)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range programs {
		keys = append(keys, tsig.Key{Name: dnsname.MustParse(s.key()), Algorithm: "hmac-sha256", Secret: octets})
		grants = append(grants, policy.Grant{Key: s.key()})
	}
	ring, err := tsig.NewKeyring(keys...)
	if err != nil {
		t.Fatal(err)
	}
	p.SetPolicy(policy.New(policy.Config{Keys: ring, Transfer: grants}))
	if err := p.serve(zones...); err != nil {
		t.Fatal(err)
	}
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	p.all = startSecondaries(t, addr, []string{busy, other, late})
	var to []transfer.Secondary
	for _, s := range p.all {
		to = append(to, transfer.Secondary{Addr: s.addr, Key: dnsname.MustParse(s.key())})
	}
	p.notifier = transfer.NewNotifier(transfer.NotifierConfig{
		Secondaries: func(dnsname.Name) []transfer.Secondary { return to },
		Keys:        func() *tsig.Keyring { return ring },
		Dial:        p.told.dial,
		Failed:      p.told.failed,
	})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = p.notifier.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	p.SetNotify(p.notifier.Changed)
	return p
}

// serve makes zones, and a catalog of them, those that are served.
func (p *primary) serve(zones ...string) error {
	var members []dnsname.Name
	var specs []dnsserver.ZoneSpec
	for _, z := range zones {
		apex := dnsname.MustParse(z)
		members = append(members, apex)
		specs = append(specs, dnsserver.ZoneSpec{Apex: apex, Filled: true})
	}
	apex := dnsname.MustParse(catalog)
	records, err := transfer.Catalog(apex, members)
	if err != nil {
		return err
	}
	return p.SetZones(append(specs, dnsserver.ZoneSpec{Apex: apex, Static: records}))
}

// follow waits until a secondary has the zones as they are now, and tells how
// long that took.
func (p *primary) follow(ctx context.Context, s *server, zones ...string) (time.Duration, error) {
	began := time.Now()
	a := &asker{addr: s.addr}
	defer a.close()
	err := s.proc.WaitReady(ctx, func(context.Context) error {
		for _, z := range zones {
			want := p.Snapshot(dnsname.MustParse(z)).Serial()
			if got, err := a.serial(z); err != nil {
				return err
			} else if got != want {
				return fmt.Errorf("%s is at serial %d, the primary at %d", z, got, want)
			}
		}
		return nil
	})
	return time.Since(began), err
}

// allFollow is follow of all secondaries side by side.
func (p *primary) allFollow(t *testing.T, zones ...string) map[string]time.Duration {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	took, errs := make([]time.Duration, len(p.all)), make([]error, len(p.all))
	var wg sync.WaitGroup
	for i, s := range p.all {
		wg.Go(func() { took[i], errs[i] = p.follow(ctx, s, zones...) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		p.tell(t)
		t.Fatal(err)
	}
	by := map[string]time.Duration{}
	for i, s := range p.all {
		by[s.name] = took[i]
	}
	return by
}

// tell logs what was done so far.
func (p *primary) tell(t *testing.T) {
	t.Helper()
	t.Logf("NOTIFY: %+v %q", p.notifier.Counts(), p.told.given())
	for _, w := range p.transfers.warned() {
		t.Logf("primary warns: %s", w)
	}
	p.transfers.mu.Lock()
	defer p.transfers.mu.Unlock()
	for _, s := range p.all {
		k := s.key()
		t.Logf("%-4s told %d times, transfers %v, of them whole %v; differences had %d records in %d octets",
			s.name, p.told.count(s.addr), p.transfers.by[k], p.transfers.whole[k], p.transfers.records[k], p.transfers.octets[k])
	}
}

// TestSecondariesFollowManyChanges changes 2,000 RRsets a second, adds a zone in
// the middle, has each secondary miss some of it, and compares every name and
// type when all is over.
func TestSecondariesFollowManyChanges(t *testing.T) {
	needServers(t)
	length, size := 10*time.Second, 4000
	if soak() {
		length, size = 2*time.Minute, 12_000
	}
	seed := seed(t)
	p := startPrimary(t, busy, other)
	flows := []*traffic{newTraffic(busy, seed, size), newTraffic(other, seed, size/4), newTraffic(late, seed, size/8)}
	for _, f := range flows[:2] {
		if err := p.Publish(f.edits(2 * len(f.places))); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("first transfers took %v", p.allFollow(t, busy, other))
	whole := map[string]int{}
	for _, s := range p.all {
		whole[s.name] = p.transfers.count(s.key(), "whole")
	}

	did := p.change(t, flows, length)
	took := p.allFollow(t, busy, other, late)
	t.Logf("%d changes in %v, %.0f a second; the last was everywhere after %v", did.changes, did.took, did.rate(), took)
	p.tell(t)
	if did.rate() < 0.95*rate {
		t.Errorf("%.0f changes a second were made, want %d", did.rate(), rate)
	}
	p.checkTransfers(t, whole, length)
	p.checkAnswers(t, flows)
}

// done is what change did.
type done struct {
	changes int
	took    time.Duration
}

func (d done) rate() float64 { return float64(d.changes) / d.took.Seconds() }

// change makes changes at the rate for a while. The last flow's zone is added in
// the middle, and each secondary is away for an eighth of the time.
func (p *primary) change(t *testing.T, flows []*traffic, length time.Duration) (d done) {
	t.Helper()
	began, ticks := time.Now(), time.Tick(tick)
	added := false
	away := make([]bool, len(p.all))
	for turn := 0; time.Since(began) < length; turn++ {
		<-ticks
		now := time.Since(began)
		if !added && now > length/2 {
			if err := p.serve(busy, other, late); err != nil {
				t.Fatal(err)
			}
			added = true
		}
		for i, s := range p.all {
			if in := now/(length/8) == time.Duration(2*i+1); in != away[i] {
				if err := s.pause(in); err != nil {
					t.Fatal(err)
				}
				away[i] = in
			}
		}
		f := flows[0]
		switch {
		case turn%5 == 4 && added && turn%2 == 0:
			f = flows[2]
		case turn%5 == 4:
			f = flows[1]
		}
		// What a late tick left undone is made up for.
		due := int(min(time.Since(began), length).Seconds()*rate) - d.changes
		edits := f.edits(due)
		if err := p.Publish(edits); err != nil {
			t.Fatal(err)
		}
		d.changes += len(edits)
	}
	d.took = time.Since(began)
	return d
}

// checkTransfers wants that while changes went on secondaries fetched what had
// changed, and whole zones only when they were new.
func (p *primary) checkTransfers(t *testing.T, before map[string]int, length time.Duration) {
	t.Helper()
	for _, s := range p.all {
		whole := p.transfers.count(s.key(), "whole") - before[s.name]
		differences := p.transfers.count(s.key(), "differences")
		// Each of two zones changes all the time, and is told of once a second; a slow
		// machine may do with half.
		if least := int(length.Seconds()); differences < least {
			t.Errorf("%s fetched differences %d times, want %d at least", s.name, differences, least)
		}
		// NSD 4.6 takes a zone whole when it got two transfers of it within one second,
		// for it loads them at the end of that, and misses the first.
		if most := 3 + differences/5; whole > most {
			t.Errorf("%s fetched zones whole %d times beside differences %d times, want %d at most", s.name, whole, differences, most)
		}
	}
	for _, f := range p.told.given() {
		// NOTAUTH is from who has not found the zone in the catalog yet, and fetches it when it has.
		if !strings.HasSuffix(f, "NOTAUTH") {
			t.Errorf("NOTIFY was given up: %s", f)
		}
	}
	for _, w := range p.transfers.warned() {
		t.Errorf("primary warns: %s", w)
	}
}

// checkAnswers asks all for every name and type.
func (p *primary) checkAnswers(t *testing.T, flows []*traffic) {
	t.Helper()
	var questions []question
	for _, f := range flows {
		if err := holds(p.Snapshot(dnsname.MustParse(f.apex)), f.sets); err != nil {
			t.Error(err)
		}
		for _, n := range f.names() {
			for _, typ := range askedTypes {
				questions = append(questions, question{n.String(), typ})
			}
		}
	}
	began := time.Now()
	wrong, kinds, err := compare(t.Context(), p.addr, p.all, questions)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d questions asked of each in %v, %d mismatches; the primary's answers: %v", len(questions), time.Since(began).Round(time.Second), len(wrong), kinds)
	for i, m := range wrong {
		if i == 10 {
			t.Errorf("and %d more", len(wrong)-i)
			break
		}
		t.Error(m)
	}
	// Else the zones were not what this test is about.
	for _, kind := range []string{"NOERROR aa", "NXDOMAIN aa", "NOERROR"} {
		if kinds[kind] == 0 {
			t.Errorf("no answer was %q", kind)
		}
	}
}
