package secondary

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/integration/harness"
)

// ownZones are those that the daemon makes of Services; added is one from a file.
var ownZones = []string{"prod.", "example.com.", "clusterset.local."}

const (
	added   = "added.test."
	webName = "web.shop.prod."
)

// daemonConfig is the daemon's configuration; a %s takes the manifests' folder,
// the file of keys, and more.
const daemonConfig = `apiVersion: fedns.io/v1alpha1
kind: Config
listen: {dns: ["{{.DNS}}"], http: "{{.HTTP}}"}
federation: {name: prod, domain: example.com}
stateDir: "{{.StateDir}}"
clusters: [{name: edge, manifests: %q, region: eu-west, zone: eu-west-1a}]
catalog: catalog.test
tsigKeys: [%q]
access: {transfer: [{key: bind.secondary.test}, {key: knot.secondary.test}, {key: nsd.secondary.test}]}
%s`

// webOf is a Service whose address ends with a number.
func webOf(n int) string {
	return fmt.Sprintf(`apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop, annotations: {fedns.io/export: "true"}}
spec: {clusterIP: 10.0.0.%d, ports: [{name: http, port: 80}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-1, namespace: shop, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
ports: [{name: http, port: 80}]
endpoints: [{addresses: [10.1.0.1]}]
`, n)
}

// site is the daemon, and who follows it.
type site struct {
	*harness.Daemon
	addr   netip.AddrPort
	folder string // of manifests
	keys   string // file of TSIG keys
	all    []*server
}

func newSite(t *testing.T) *site {
	t.Helper()
	dir := t.TempDir()
	s := &site{folder: filepath.Join(dir, "edge"), keys: filepath.Join(dir, "keys")}
	if err := os.Mkdir(s.folder, 0o755); err != nil {
		t.Fatal(err)
	}
	var keys strings.Builder
	for i := range programs {
		fmt.Fprintf(&keys, "key %q { algorithm hmac-sha256; secret %q; };\n", strings.TrimSuffix(programs[i].key(), "."), secret)
	}
	write(t, s.keys, keys.String())
	s.web(t, 1)
	f := harness.Start(t, harness.Options{})
	s.Daemon = harness.Fedns(t, f, harness.DaemonSpec{Config: s.config(""), Args: []string{"--debug"}})
	s.addr = netip.MustParseAddrPort(s.DNSAddr)
	s.all = startSecondaries(t, s.addr, append([]string{added}, ownZones...))
	return s
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// web gives the Service an address.
func (s *site) web(t *testing.T, n int) {
	t.Helper()
	write(t, filepath.Join(s.folder, "web.yaml"), webOf(n))
}

// config is a configuration that tells the secondaries there are, and has more in it.
func (s *site) config(more string) string {
	if len(s.all) > 0 {
		more += "secondaries:\n"
	}
	for _, x := range s.all {
		more += fmt.Sprintf("- {address: %q, key: %s}\n", x.addr, x.key())
	}
	return fmt.Sprintf(daemonConfig, s.folder, s.keys, more)
}

// reconfigure has the running daemon take another configuration up.
func (s *site) reconfigure(t *testing.T, more string) {
	t.Helper()
	if err := s.Rewrite(s.config(more)); err != nil {
		t.Fatal(err)
	}
}

// serials are the primary's.
func (s *site) serials(t *testing.T, zones ...string) map[string]uint32 {
	t.Helper()
	a := &asker{addr: s.addr}
	defer a.close()
	all := map[string]uint32{}
	for _, z := range zones {
		serial, err := a.serial(z)
		if err != nil {
			t.Fatal(err)
		}
		all[z] = serial
	}
	return all
}

// agree waits until all secondaries have zones as the primary has them, the
// Service's address ends with n, and all say the same.
func (s *site) agree(t *testing.T, n int, zones ...string) {
	t.Helper()
	own := &asker{addr: s.addr}
	defer own.close()
	for _, x := range s.all {
		a := &asker{addr: x.addr}
		defer a.close()
		harness.Eventually(t, limit, func(context.Context) error {
			for _, z := range zones {
				want, err := own.serial(z)
				if err != nil {
					return err
				}
				got, err := a.serial(z)
				if err == nil && got != want {
					err = fmt.Errorf("%s has %s at serial %d, the primary at %d", x.name, z, got, want)
				}
				if err != nil {
					return err
				}
			}
			m, err := a.ask(webName, dns.TypeA)
			if err != nil {
				return err
			}
			if got, want := normal(m, dns.TypeA), fmt.Sprintf("NOERROR aa; answer: %s 5 IN A 10.0.0.%d", webName, n); got != want {
				return fmt.Errorf("%s says %s, want %s", x.name, got, want)
			}
			return nil
		})
	}
	var questions []question
	for _, z := range zones {
		for _, name := range []string{"", "web.shop.", "svc.", "shop.svc.", "web.shop.svc.", "web.shop.prod.svc.", "web.shop.prod.svc.eu-west.", "_http._tcp.web.shop.", "_http._tcp.web.shop.svc.", "www.", "other.", "nothing.shop."} {
			for _, typ := range askedTypes {
				questions = append(questions, question{name + z, typ})
			}
		}
	}
	wrong, _, err := compare(t.Context(), s.addr, s.all, questions)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range wrong {
		t.Error(m)
	}
}

// watch asks every secondary for the Service until the test ends: it is there all the time.
func (s *site) watch(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for _, x := range s.all {
		wg.Go(func() {
			a := &asker{addr: x.addr}
			defer a.close()
			n := 0
			for pace := time.NewTicker(5 * time.Millisecond); ; n++ {
				select {
				case <-ctx.Done():
					pace.Stop()
					t.Logf("%s was asked for %s %d times meanwhile", x.name, webName, n)
					return
				case <-pace.C:
				}
				m, err := a.ask(webName, dns.TypeA)
				if err != nil {
					t.Error(err)
				} else if m.Rcode != dns.RcodeSuccess || len(m.Answer) != 1 {
					t.Errorf("%s lost %s meanwhile: %s", x.name, webName, normal(m, dns.TypeA))
					return
				}
			}
		})
	}
	t.Cleanup(func() {
		cancel()
		wg.Wait()
	})
}

// TestSecondariesFollowTheDaemon takes the real daemon through what happens to
// one: Services change, it restarts, crashes, starts without its clusters, and
// zones come and go. The secondaries are not touched.
func TestSecondariesFollowTheDaemon(t *testing.T) {
	needServers(t)
	s := newSite(t)
	s.reconfigure(t, "")
	s.agree(t, 1, ownZones...)
	s.watch(t)
	for n := 2; n <= 4; n++ {
		s.web(t, n)
		s.agree(t, n, ownZones...)
	}
	_ = t.Run("restart", s.restart) && t.Run("start without clusters", s.withoutClusters) && t.Run("zones", s.zones)
}

// restart ends the daemon, gracefully and not, and changes the Service meanwhile.
func (s *site) restart(t *testing.T) {
	crash := func() error { return s.Process.Kill() } // of the one that runs then
	for i, end := range []func() error{s.Stop, crash} {
		before := s.serials(t, ownZones...)
		if err := end(); err != nil {
			t.Fatal(err)
		}
		s.web(t, 5+i)
		if err := s.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		for z, serial := range s.serials(t, ownZones...) {
			if !zone.SerialLess(before[z], serial) {
				t.Errorf("%s had serial %d before, has %d after", z, before[z], serial)
			}
		}
		s.agree(t, 5+i, ownZones...)
		s.web(t, 7+i)
		s.agree(t, 7+i, ownZones...)
	}
}

// withoutClusters starts the daemon when it cannot read its cluster, and has lost
// what it knew of it: it does not know the Service, and secondaries keep it.
func (s *site) withoutClusters(t *testing.T) {
	before := s.serials(t, ownZones...)
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	away := s.folder + ".away"
	if err := errors.Join(os.Rename(s.folder, away), os.RemoveAll(filepath.Join(s.StateDir, "groups"))); err != nil {
		t.Fatal(err)
	}
	if err := s.Launch(); err != nil {
		t.Fatal(err)
	}
	a := &asker{addr: s.addr}
	defer a.close()
	harness.Eventually(t, limit, func(context.Context) error {
		m, err := a.ask(webName, dns.TypeA)
		if err == nil && m.Rcode != dns.RcodeServerFailure {
			err = fmt.Errorf("the primary says %s", normal(m, dns.TypeA))
		}
		return err
	})
	// Somebody makes them ask for what there is.
	for _, x := range s.all {
		x.notify(t, "prod.")
	}
	for _, x := range s.all {
		// It was told to keep what it has.
		kept := regexp.MustCompile(fmt.Sprintf(`zone=prod\. .* key=%s kind=current from_serial=%d serial=%[2]d `, x.key(), before["prod."]))
		harness.Eventually(t, limit, func(context.Context) error {
			log, err := os.ReadFile(s.Process.Log)
			if err == nil && !kept.Match(log) {
				err = fmt.Errorf("%s has not asked yet", x.name)
			}
			return err
		})
		b := &asker{addr: x.addr}
		defer b.close()
		if serial, err := b.serial("prod."); err != nil || serial != before["prod."] {
			t.Errorf("%s has serial %d (%v), want the %d it had", x.name, serial, err, before["prod."])
		}
	}
	if err := os.Rename(away, s.folder); err != nil {
		t.Fatal(err)
	}
	s.agree(t, 8, ownZones...)
}

// notify tells the secondary that a zone changed, as the primary would.
func (s *server) notify(t *testing.T, apex string) {
	t.Helper()
	m := new(dns.Msg).SetNotify(apex)
	m.SetTsig(s.key(), dns.HmacSHA256, 300, time.Now().Unix())
	c := dns.Client{TsigSecret: map[string]string{s.key(): secret}}
	r, _, err := c.Exchange(m, s.addr.String())
	if err != nil || r.Rcode != dns.RcodeSuccess {
		t.Fatalf("%s, told of %s: %v %v", s.name, apex, r, err)
	}
}

// zones adds a zone, takes it away, and adds it again with other records and
// the same serial in its file.
func (s *site) zones(t *testing.T) {
	file := filepath.Join(filepath.Dir(s.keys), "added.zone")
	content := func(n int) string {
		return fmt.Sprintf("$TTL 60\n@ SOA ns hostmaster 1 7200 1800 86400 5\n@ NS ns\nns A 192.0.2.1\nwww A 192.0.2.%d\n* TXT any\n", n)
	}
	with := fmt.Sprintf("zones: [{name: added.test, files: [%q]}]\n", file)
	all := append([]string{added}, ownZones...)
	for n := 1; n <= 2; n++ {
		write(t, file, content(n))
		s.reconfigure(t, with)
		s.agree(t, 8, all...)
		// A change of the file, with its serial.
		write(t, file, strings.ReplaceAll(content(n+10), "master 1 ", "master 2 "))
		s.answer(t, "www."+added, fmt.Sprintf("192.0.2.%d", n+10))
		s.agree(t, 8, all...)
		s.reconfigure(t, "")
		for _, x := range s.all {
			if !x.catalogs {
				continue
			}
			a := &asker{addr: x.addr}
			defer a.close()
			harness.Eventually(t, limit, func(context.Context) error {
				m, err := a.ask(added, dns.TypeSOA)
				if err == nil && m.Rcode != dns.RcodeRefused {
					err = fmt.Errorf("%s says %s", x.name, normal(m, dns.TypeSOA))
				}
				return err
			})
		}
		s.agree(t, 8, ownZones...)
	}
}

// answer waits until all secondaries have an address for a name.
func (s *site) answer(t *testing.T, name, address string) {
	t.Helper()
	for _, x := range s.all {
		a := &asker{addr: x.addr}
		defer a.close()
		harness.Eventually(t, limit, func(context.Context) error {
			m, err := a.ask(name, dns.TypeA)
			if err == nil && !strings.HasSuffix(normal(m, dns.TypeA), " "+address) {
				err = fmt.Errorf("%s says %s", x.name, normal(m, dns.TypeA))
			}
			return err
		})
	}
}
