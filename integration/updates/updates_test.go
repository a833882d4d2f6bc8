package updates

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/dnsserver/zonefile"
	"github.com/fedns/fedns/integration/harness"
	"github.com/fedns/fedns/integration/harness/pki"
	"github.com/fedns/fedns/integration/harness/process"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/rfc2136"
)

var apexName = dnsname.MustParse(apex)

// run starts a server, which ends with the test, and waits until it answers.
func run(t *testing.T, sp *process.Spawner, p *program, secondary string) *server {
	t.Helper()
	t.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin:/sbin")
	harness.Need(t, p.tool, p.pkg)
	s, err := start(sp, p, t.TempDir(), secondary, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.endWith(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := s.proc.WaitReady(ctx, func(ctx context.Context) error {
		_, err := s.serial(ctx)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return s
}

// endWith ends the server with the test, and shows its log if that failed.
func (s *server) endWith(t *testing.T) {
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("--- %s\n%s", s.name, s.proc.Tail(25))
		}
		if err := s.proc.Stop(30 * time.Second); err != nil {
			t.Error(err)
		}
	})
}

func spawner(t *testing.T) *process.Spawner {
	sp := process.NewSpawner()
	t.Cleanup(sp.Close)
	return sp
}

// serial is the zone's, asked without a key.
func (s *server) serial(ctx context.Context) (uint32, error) {
	var q dns.Msg
	q.SetQuestion(apex, dns.TypeSOA)
	a, _, err := (&dns.Client{Net: "tcp"}).ExchangeContext(ctx, &q, s.addr.String())
	if err != nil {
		return 0, err
	}
	for _, rr := range a.Answer {
		if soa, ok := rr.(*dns.SOA); ok {
			return soa.Serial, nil
		}
	}
	return 0, fmt.Errorf("%s: no SOA yet", dns.RcodeToString[a.Rcode])
}

// zoneAt is the provider, with a key of a name.
func zoneAt(t *testing.T, s *server, key string, change func(*rfc2136.Config)) *rfc2136.Zone {
	t.Helper()
	cfg := rfc2136.Config{Apex: apexName, Servers: []string{s.addr.String()}, Timeout: 20 * time.Second}
	if key != "" {
		var err error
		if cfg.KeyFile, err = keyFile(t.TempDir(), key); err != nil {
			t.Fatal(err)
		}
	}
	if change != nil {
		change(&cfg)
	}
	z, err := rfc2136.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// byHand makes what is at an Entry's Key exactly the Entry, with nsupdate.
func (s *server) byHand(t *testing.T) func(context.Context, hosted.Entry) error {
	key, err := keyFile(t.TempDir(), writer)
	if err != nil {
		t.Fatal(err)
	}
	return func(ctx context.Context, e hosted.Entry) error {
		var b strings.Builder
		fmt.Fprintf(&b, "server %s %d\nzone %s\ndel %s TYPE%d\n", s.addr.Addr(), s.addr.Port(), apex, e.Key.Owner, e.Key.Type)
		for _, set := range e.Sets {
			for rdata := range set.Records.RDATA() {
				fmt.Fprintf(&b, "add %s %d TYPE%d \\# %d %x\n", e.Key.Owner, set.TTL(), e.Key.Type, len(rdata), rdata)
			}
		}
		b.WriteString("send\n")
		cmd := exec.CommandContext(ctx, "nsupdate", "-v", "-k", key)
		cmd.Stdin = strings.NewReader(b.String())
		if said, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("nsupdate: %w: %s", err, said)
		}
		return nil
	}
}

func key(owner string, typ uint16) hosted.Key {
	if owner == "@" {
		return hosted.Key{Owner: apexName, Type: typ}
	}
	return hosted.Key{Owner: dnsname.MustParse(owner + "." + apex), Type: typ}
}

// entry is one in zone file form.
func entry(t *testing.T, owner string, typ uint16, ttl uint32, texts ...string) hosted.Entry {
	t.Helper()
	var rdatas []string
	for _, text := range texts {
		rdata, err := zonefile.ParseRDATA(typ, text)
		if err != nil {
			t.Fatal(err)
		}
		rdatas = append(rdatas, rdata)
	}
	k := key(owner, typ)
	return hosted.Simple(zone.NewRRset(k.Owner, k.Type, ttl, rdatas...))
}

func apply(t *testing.T, z hosted.Zone, changes ...hosted.Change) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err := z.Apply(ctx, hosted.Batch{Changes: changes})
	return err
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// read is what the zone holds of keys.
func read(t *testing.T, z hosted.Zone, keys ...hosted.Key) []hosted.Entry {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	got, err := z.Read(ctx, keys...)
	must(t, err)
	return got
}

func same(t *testing.T, what string, got []hosted.Entry, want ...hosted.Entry) {
	t.Helper()
	if !slices.EqualFunc(got, want, hosted.Entry.Equal) {
		t.Errorf("%s: %s, want %s", what, got, want)
	}
}

var plain = []*program{&bind, &knot}

// TestWildcards: what is made from a wildcard is not there.
func TestWildcards(t *testing.T) {
	for _, p := range plain {
		t.Run(p.name, func(t *testing.T) {
			z := zoneAt(t, run(t, spawner(t), p, ""), writer, nil)
			wild := entry(t, "*", zone.TypeA, 300, "192.0.2.1")
			real, other := entry(t, "real", zone.TypeA, 300, "192.0.2.1"), entry(t, "other", zone.TypeA, 300, "192.0.2.2")
			must(t, apply(t, z, hosted.Change{New: wild}, hosted.Change{New: real}, hosted.Change{New: other}))
			same(t, "read", read(t, z, wild.Key, key("none", zone.TypeA), real.Key, key("below.none", zone.TypeA), other.Key),
				wild, other, real)
			must(t, apply(t, z, hosted.Change{New: entry(t, "none", zone.TypeA, 300, "192.0.2.9")}))
		})
	}
}

// TestBehindACut: records that queries do not show.
func TestBehindACut(t *testing.T) {
	for _, p := range plain {
		t.Run(p.name, func(t *testing.T) {
			z := zoneAt(t, run(t, spawner(t), p, ""), writer, nil)
			cut, glue := entry(t, "sub", zone.TypeNS, 300, "ns.sub."+apex), entry(t, "ns.sub", zone.TypeA, 300, "192.0.2.1")
			must(t, apply(t, z, hosted.Change{New: cut}, hosted.Change{New: glue}))
			same(t, "read", read(t, z, glue.Key, cut.Key, key("none.sub", zone.TypeA)), cut, glue)
		})
	}
}

// TestCNAME: what a server would leave out in silence is refused, and nothing of
// the batch made.
func TestCNAME(t *testing.T) {
	for _, p := range []*program{&bind, &knot, &bindSigned, &knotSigned} {
		t.Run(p.name, func(t *testing.T) {
			z := zoneAt(t, run(t, spawner(t), p, ""), writer, nil)
			a, txt, cname := entry(t, "www", zone.TypeA, 300, "192.0.2.1"), entry(t, "www", zone.TypeTXT, 300, `"theirs"`), entry(t, "www", zone.TypeCNAME, 300, "web.example.")
			good := func(i int) hosted.Change {
				return hosted.Change{New: entry(t, fmt.Sprintf("good%d", i), zone.TypeCNAME, 300, "web.example.")}
			}
			must(t, apply(t, z, hosted.Change{New: a}, hosted.Change{New: txt}))

			refused := func(what string, err error, k hosted.Key) {
				t.Helper()
				var r *hosted.RefusedError
				if !errors.As(err, &r) || r.Key == nil || *r.Key != k {
					t.Errorf("%s: %v, want %s refused", what, err, hosted.KeyString(k))
				}
			}
			refused("a CNAME beside others", apply(t, z, good(1), good(2), hosted.Change{New: cname}, good(3)), cname.Key)
			refused("a CNAME in place of one of two", apply(t, z, good(1), hosted.Change{Old: a}, hosted.Change{New: cname}), cname.Key)
			same(t, "after refusals", read(t, z, a.Key, cname.Key, good(1).New.Key), a)
			must(t, apply(t, z, hosted.Change{Old: a}, hosted.Change{Old: txt}, hosted.Change{New: cname}))
			same(t, "all replaced", read(t, z, a.Key, txt.Key, cname.Key), cname)
			refused("an address beside a CNAME", apply(t, z, good(1), hosted.Change{New: a}), a.Key)
			must(t, apply(t, z, hosted.Change{Old: cname}, hosted.Change{New: a}, hosted.Change{New: txt}))
			same(t, "back", read(t, z, a.Key, txt.Key, cname.Key), a, txt)
		})
	}
}

// TestWhoIsToBlame: a key that may not, and a record that may not.
func TestWhoIsToBlame(t *testing.T) {
	refused := func(err error) bool {
		var r *hosted.RefusedError
		return errors.As(err, &r)
	}
	for _, p := range []*program{&bind, &knot, &bindPolicy, &knotOwners} {
		t.Run(p.name, func(t *testing.T) {
			s := run(t, spawner(t), p, "")
			good := hosted.Change{New: entry(t, "a.open", zone.TypeA, 300, "192.0.2.1")}
			private := hosted.Change{New: entry(t, "a.private", zone.TypeA, 300, "192.0.2.1")}
			for _, k := range []string{reader, stranger, ""} {
				err := apply(t, zoneAt(t, s, k, nil), good)
				if err == nil || refused(err) || errors.Is(err, hosted.ErrConflict) {
					t.Errorf("key %q: %v, want an error that blames no record", k, err)
				}
				t.Logf("key %q: %v", k, err)
			}
			z := zoneAt(t, s, writer, nil)
			must(t, apply(t, z, good))
			fence := hosted.Change{Old: good.New, New: entry(t, "a.open", zone.TypeA, 300, "192.0.2.2")}
			err := apply(t, z, private, fence)
			good.New = read(t, z, good.New.Key)[0]
			if (p == &bindPolicy || p == &knotOwners) != refused(err) {
				t.Errorf("a name that this key may not write: %v", err)
			}
			t.Logf("a name that this key may not write: %v", err)

			// Who may only transfer reads all the same.
			same(t, "read by who may not write", read(t, zoneAt(t, s, reader, nil), good.New.Key), good.New)
			for _, k := range []string{stranger, ""} {
				_, err := zoneAt(t, s, k, nil).Records(t.Context())
				if err == nil {
					t.Errorf("key %q: the zone is transferred", k)
				}
				t.Logf("key %q: %v", k, err)
			}
		})
	}
}

// TestSecondary: Confirm tells when a secondary has it.
func TestSecondary(t *testing.T) {
	for _, p := range plain {
		t.Run(p.name, func(t *testing.T) {
			sp := spawner(t)
			addr, err := process.FreeAddr("127.0.0.1")
			must(t, err)
			primary := run(t, sp, p, fmt.Sprint(addr.Port()))
			z := zoneAt(t, primary, writer, func(c *rfc2136.Config) { c.Secondaries = []string{addr.String()} })
			follower := bind
			follower.name = "secondary"
			follower.config = func(dir, _, _, _ string) string {
				return bind.config(dir, "", fmt.Sprint(addr.Port()), "of "+fmt.Sprint(primary.addr.Port()))
			}
			s, err := start(sp, &follower, t.TempDir(), "", nil)
			must(t, err)
			s.addr = netip.MustParseAddrPort(addr.String())
			s.endWith(t)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			must(t, s.proc.WaitReady(ctx, func(ctx context.Context) error { _, err := s.serial(ctx); return err }))

			r, err := z.Apply(ctx, hosted.Batch{Changes: []hosted.Change{{New: entry(t, "www", zone.TypeA, 300, "192.0.2.1")}}})
			must(t, err)
			if r == "" {
				t.Fatal("no receipt")
			}
			must(t, process.Wait(ctx, func(ctx context.Context) error {
				ok, err := z.Confirm(ctx, r)
				if err == nil && !ok {
					err = errors.New("not confirmed")
				}
				return err
			}))
			must(t, s.proc.Pause())
			quick := zoneAt(t, primary, writer, func(c *rfc2136.Config) {
				c.Secondaries, c.Timeout = []string{addr.String()}, 2*time.Second
			})
			r, err = quick.Apply(ctx, hosted.Batch{Changes: []hosted.Change{{New: entry(t, "api", zone.TypeA, 300, "192.0.2.1")}}})
			must(t, err)
			if ok, err := quick.Confirm(ctx, r); ok || err == nil {
				t.Errorf("a secondary that does not answer: %v, %v", ok, err)
			}
			must(t, s.proc.Resume())
		})
	}
}

// TestChecks: what BIND refuses by default is refused alone, in its words.
func TestChecks(t *testing.T) {
	z := zoneAt(t, run(t, spawner(t), &bind, ""), writer, nil)
	good := hosted.Change{New: entry(t, "good", zone.TypeA, 300, "192.0.2.1")}
	must(t, apply(t, z, good))
	for what, bad := range map[string]hosted.Entry{
		"check-names: an address at a name that is no host's": entry(t, "_under", zone.TypeA, 300, "192.0.2.1"),
		"check-mx: no address for an exchange":                entry(t, "mail", zone.TypeMX, 300, "10 none."+apex),
		"check-integrity: no address for a name server":       entry(t, "@", zone.TypeNS, 300, "none."+apex),
	} {
		c := hosted.Change{New: bad}
		if bad.Key.Type == zone.TypeNS {
			c.Old = read(t, z, bad.Key)[0]
		}
		before := read(t, z, good.New.Key)[0]
		fence := hosted.Change{Old: before, New: hosted.Simple(zone.NewRRset(before.Key.Owner, zone.TypeA, before.Sets[0].TTL()+1, before.Sets[0].Records.First()))}
		var r *hosted.RefusedError
		if err := apply(t, z, c, fence); !errors.As(err, &r) {
			t.Errorf("%s: %v", what, err)
		}
		same(t, what, read(t, z, good.New.Key), before)
		must(t, apply(t, z, fence))
	}
}

// TestTLS: updates, queries and transfers by TLS, to a server that proves who it is.
func TestTLS(t *testing.T) {
	t.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin:/sbin")
	harness.Need(t, bindTLS.tool, bindTLS.pkg)
	ours, err := pki.New("ours")
	must(t, err)
	theirs, err := pki.New("theirs")
	must(t, err)
	pair, err := ours.Server([]string{"ns.hosted.test"})
	must(t, err)
	s, err := start(spawner(t), &bindTLS, t.TempDir(), "", map[string][]byte{"cert": pair.Cert, "key": pair.Key})
	must(t, err)
	s.endWith(t)
	ca := filepath.Join(t.TempDir(), "ca")
	must(t, os.WriteFile(ca, theirs.Certificate(), 0o600))
	z := zoneAt(t, s, writer, func(c *rfc2136.Config) { c.TLS = &rfc2136.TLS{CAFile: ca, ServerName: "ns.hosted.test"} })
	e := entry(t, "www", zone.TypeA, 300, "192.0.2.1")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	must(t, s.proc.WaitReady(ctx, func(context.Context) error {
		var unknown x509.UnknownAuthorityError
		if err := apply(t, z, hosted.Change{New: e}); !errors.As(err, &unknown) {
			return fmt.Errorf("a server that somebody else vouches for: %w", err)
		}
		return nil
	}))
	must(t, os.WriteFile(ca, ours.Certificate(), 0o600)) // read for each connection
	must(t, apply(t, z, hosted.Change{New: e}))
	same(t, "read", read(t, z, e.Key), e)
	if all, err := z.Records(ctx); err != nil || len(all) != 3 {
		t.Errorf("transfer: %s, %v", all, err)
	}
}
