package protocol

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/integration/harness"
)

const rolledZone = `$TTL 1
@       SOA ns host 1 3600 600 86400 1
@       NS  ns
ns      A   192.0.2.53
www     A   192.0.2.80
*.wild  A   192.0.2.42
`

// keysKept is how long Unbound keeps keys, in seconds: it stands for a TTL of hours.
const keysKept = 3

// The course of the rehearsal, in seconds from its beginning. Between a step and
// the next that relies on it lies what the daemon may take to see files, 10 s,
// and what Unbound may take to see the daemon's keys.
const (
	newZSKSigns    = 10 + keysKept + 1
	oldZSKGoes     = newZSKSigns + 3
	newKSKAppears  = oldZSKGoes + 3
	oldKSKInactive = newKSKAppears + 4
	oldKSKGoes     = oldKSKInactive + 4
	rolled         = oldKSKGoes + 2 + keysKept
)

// keyring is a folder of keys as an operator works in it.
type keyring struct {
	t     *testing.T
	dir   string
	began time.Time
}

// run runs one of BIND's tools on the folder and returns what it says.
func (k *keyring) run(tool string, args ...string) string {
	k.t.Helper()
	out, err := exec.CommandContext(k.t.Context(), tool, append([]string{"-K", k.dir}, args...)...).Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = fmt.Errorf("%w: %s", err, exit.Stderr)
		}
		k.t.Fatalf("%s: %v", tool, err)
	}
	return strings.TrimSpace(string(out))
}

// at is a moment of the rehearsal in the form the tools take.
func (k *keyring) at(seconds int) string {
	return k.began.Add(time.Duration(seconds) * time.Second).UTC().Format("20060102150405")
}

// make makes a key whose flags and timing are given by args.
func (k *keyring) make(args ...string) (name string) {
	k.t.Helper()
	return k.run("dnssec-keygen", append(append([]string{"-q", "-a", "ECDSAP256SHA256"}, args...), parent)...)
}

// record is a key's DNSKEY.
func (k *keyring) record(name string) *dns.DNSKEY {
	k.t.Helper()
	text, err := os.ReadFile(k.dir + "/" + name + ".key")
	if err != nil {
		k.t.Fatal(err)
	}
	rr, err := dns.NewRR(string(text))
	if err != nil {
		k.t.Fatal(err)
	}
	return rr.(*dns.DNSKEY)
}

// TestRollover: a ZSK is replaced by pre-publication, then a KSK with two DS at
// the parent (RFC 6781 §4.1), by an operator who works on the key files while the
// daemon runs. Unbound is asked all the time, and all it is answered is secure.
func TestRollover(t *testing.T) {
	t.Parallel() // with TestUpstream: both wait most of the time
	harness.Need(t, "unbound", "unbound")
	harness.Need(t, "dnssec-keygen", "bind9-utils")
	harness.Need(t, "dnssec-settime", "bind9-utils")
	f := harness.Start(t, harness.Options{})
	k := &keyring{t: t, dir: t.TempDir(), began: time.Now()}
	oldKSK, oldZSK := k.make("-f", "KSK"), k.make()
	// The next KSK is made ahead, so that its DS can be at the parent before it is seen.
	newKSK := k.make("-f", "KSK", "-P", "none", "-A", "none")
	before, after := k.record(oldKSK).ToDS(dns.SHA256), k.record(newKSK).ToDS(dns.SHA256)
	write(t, f.Dir, "zone", rolledZone)
	write(t, f.Dir, "transfer.key", transfer)
	server := start(t, f, listenPlain+`
zones: [{name: fedns.example, files: [zone]}]
tsigKeys: [transfer.key]
access: {transfer: [{key: transfer}]}
dnssec: {keys: `+k.dir+`, zones: [fedns.example]}
`).DNSAddr
	// It gets no second chance: else it asks again for keys that do not fit.
	unforgiving := fmt.Sprintf("  cache-max-ttl: %d\n  val-max-restart: 0\n  aggressive-nsec: no", keysKept)
	resolver := unbound(t, trusting(t, server, []*dns.DS{before, after}, unforgiving))

	k.began = time.Now()
	w := watch(t, resolver)
	newZSK := k.make("-P", "now", "-A", k.at(newZSKSigns))
	k.run("dnssec-settime", "-I", k.at(newZSKSigns), "-D", k.at(oldZSKGoes), oldZSK)
	k.run("dnssec-settime", "-P", k.at(newKSKAppears), "-A", k.at(newKSKAppears), newKSK)
	k.run("dnssec-settime", "-I", k.at(oldKSKInactive), "-D", k.at(oldKSKGoes), oldKSK)

	for _, step := range []struct {
		seconds    int // by when
		keys       []string
		signs, ksk string
	}{
		{1, []string{oldKSK, oldZSK}, oldZSK, oldKSK},
		{newZSKSigns - 2, []string{oldKSK, oldZSK, newZSK}, oldZSK, oldKSK},
		{newZSKSigns + 1, []string{oldKSK, oldZSK, newZSK}, newZSK, oldKSK},
		{oldZSKGoes + 1, []string{oldKSK, newZSK}, newZSK, oldKSK},
		{newKSKAppears + 1, []string{oldKSK, newKSK, newZSK}, newZSK, oldKSK},
		{oldKSKInactive + 1, []string{oldKSK, newKSK, newZSK}, newZSK, newKSK},
		{oldKSKGoes + 1, []string{newKSK, newZSK}, newZSK, newKSK},
	} {
		time.Sleep(time.Until(k.began.Add(time.Duration(step.seconds) * time.Second)))
		r := ask(t, server, question(parent, dns.TypeDNSKEY, dnssecOK))
		var want []string
		for _, name := range step.keys {
			key := k.record(name)
			want = append(want, strings.TrimPrefix(key.String(), key.Hdr.String()))
		}
		slices.Sort(want)
		if got := data(r, dns.TypeDNSKEY); step.seconds > 1 && !slices.Equal(got, want) {
			t.Errorf("after %d s the keys are\n%s\nwant\n%s", step.seconds, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if got, want := signers(r), k.record(step.ksk).KeyTag(); !slices.Contains(got, want) {
			t.Errorf("after %d s the keys are signed by %d, want %d", step.seconds, got, want)
		}
		r = ask(t, server, question("www."+parent, dns.TypeA, dnssecOK))
		if got, want := signers(r), k.record(step.signs).KeyTag(); !slices.Equal(got, []uint16{want}) {
			t.Errorf("after %d s the zone is signed by %d, want %d", step.seconds, got, want)
		}
		verify(t, server, "bind9-utils", "dnssec-verify", "-o", parent)
	}
	time.Sleep(time.Until(k.began.Add(rolled * time.Second)))
	t.Logf("%d answers were secure", w.end(t))
	// The parent has taken the old DS away.
	alone := unbound(t, trusting(t, server, []*dns.DS{after}, unforgiving))
	if r := ask(t, alone, question("www."+parent, dns.TypeA, dnssecOK)); !r.AuthenticatedData {
		t.Errorf("by the new DS alone the answer is not secure:\n%s", r)
	}
}

// signers are the tags of the keys that made an answer's signatures.
func signers(r *dns.Msg) (tags []uint16) {
	for _, rr := range r.Answer {
		if sig, ok := rr.(*dns.RRSIG); ok {
			tags = append(tags, sig.KeyTag)
		}
	}
	return tags
}

// watcher asks a validator all the time.
type watcher struct {
	cancel context.CancelFunc
	done   sync.WaitGroup
	asked  int
	failed []string
}

// watch begins to ask for what is there, for what a wildcard makes, for names
// that are not there and for the keys.
func watch(t *testing.T, resolver string) *watcher {
	w := &watcher{}
	ctx, cancel := context.WithCancel(t.Context())
	w.cancel = cancel
	began := time.Now()
	w.done.Go(func() {
		for ; ctx.Err() == nil && len(w.failed) < 10; w.asked++ {
			n := fmt.Sprint(w.asked)
			qs := []*dns.Msg{
				question("www."+parent, dns.TypeA, dnssecOK), question(n+".wild."+parent, dns.TypeA, dnssecOK),
				question(n+"."+parent, dns.TypeA, dnssecOK), question(parent, dns.TypeDNSKEY, dnssecOK),
			}
			q := qs[w.asked%len(qs)]
			r, err := exchange(resolver, q)
			at := time.Since(began).Round(10 * time.Millisecond)
			switch {
			case err != nil:
				w.failed = append(w.failed, fmt.Sprintf("after %v: %s: %v", at, q.Question[0].Name, err))
			case r.Rcode == dns.RcodeServerFailure || !r.AuthenticatedData:
				w.failed = append(w.failed, fmt.Sprintf("after %v: %s", at, r))
			}
			time.Sleep(20 * time.Millisecond)
		}
	})
	return w
}

// end ends it and tells how many answers were good, all of them.
func (w *watcher) end(t *testing.T) int {
	w.cancel()
	w.done.Wait()
	for _, f := range w.failed {
		t.Error(f)
	}
	return w.asked
}
