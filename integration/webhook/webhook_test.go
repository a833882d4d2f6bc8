package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/dnsserver/zonefile"
	"github.com/fedns/fedns/integration/harness/binaries"
	"github.com/fedns/fedns/integration/harness/process"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/providertest"
	"github.com/fedns/fedns/providers/webhook"
)

var apex = dnsname.MustParse("hosted.test.")

const media = "application/external.dns.webhook+json;version=1"

// start starts the server, which ends with the test, and returns its URL.
func start(t *testing.T) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	file, err := binaries.Cache{}.Nested(ctx, "external-dns-webhook", "integration/webhook/server")
	if err != nil {
		t.Fatal(err)
	}
	sp := process.NewSpawner()
	t.Cleanup(sp.Close)
	log := filepath.Join(t.TempDir(), "log")
	p, err := sp.Start(process.Command{Name: "webhook", Path: file, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("--- webhook\n%s", p.Tail(25))
		}
		_ = p.Kill()
	})
	var url string
	if err := p.WaitReady(ctx, func(context.Context) error {
		text, err := os.ReadFile(log)
		if err != nil {
			return err
		}
		_, after, ok := strings.Cut(string(text), "listening at ")
		if url, _, _ = strings.Cut(after, "\n"); !ok || !strings.Contains(after, "\n") {
			return errors.New("it does not listen yet")
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return url
}

// byHand makes what is at an Entry's Key exactly the Entry, as external-dns would.
func byHand(url string) func(context.Context, hosted.Entry) error {
	return func(ctx context.Context, e hosted.Entry) error {
		var there []map[string]any
		if err := request(ctx, http.MethodGet, url+"/records", nil, &there); err != nil {
			return err
		}
		name, typ := strings.TrimSuffix(e.Key.Owner.String(), "."), dns.TypeToString[e.Key.Type]
		var changes struct {
			Create []map[string]any `json:"create,omitempty"`
			Delete []map[string]any `json:"delete,omitempty"`
		}
		for _, o := range there {
			if o["dnsName"] == name && o["recordType"] == typ {
				changes.Delete = append(changes.Delete, o)
			}
		}
		// The in-memory provider takes no record in two lists of one request.
		if err := request(ctx, http.MethodPost, url+"/records", changes, nil); err != nil {
			return err
		}
		changes.Delete = nil
		for _, s := range e.Sets {
			var targets []string
			for rdata := range s.Records.RDATA() {
				targets = append(targets, strings.TrimSuffix(zonefile.RDATAText(e.Key.Type, rdata), "."))
			}
			changes.Create = append(changes.Create, map[string]any{"dnsName": name, "recordType": typ, "recordTTL": s.TTL(), "targets": targets})
		}
		return request(ctx, http.MethodPost, url+"/records", changes, nil)
	}
}

func request(ctx context.Context, method, url string, body, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(text))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", media)
	r, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer r.Body.Close()
	if r.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %s", method, url, r.Status)
	}
	if into != nil {
		return json.NewDecoder(r.Body).Decode(into)
	}
	_, err = io.Copy(io.Discard, r.Body)
	return err
}

func open(t *testing.T, url string) *webhook.Zone {
	t.Helper()
	z, err := webhook.New(webhook.Config{Apex: apex, URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(z.Close)
	return z
}

func TestSuite(t *testing.T) {
	url := start(t)
	z := open(t, url)
	providertest.Run(t, providertest.Config{
		Zone: z, Apex: apex, Limits: z.Limits(), Types: webhook.Types(), EditByHand: byHand(url),
	})
}

// TestOldIsCompared: a Change that expects something else is not made.
func TestOldIsCompared(t *testing.T) {
	url := start(t)
	z := open(t, url)
	entry := func(addr string) hosted.Entry {
		rdata, err := zonefile.ParseRDATA(zone.TypeA, addr)
		if err != nil {
			t.Fatal(err)
		}
		return hosted.Simple(zone.NewRRset(dnsname.MustParse("www.hosted.test"), zone.TypeA, 60, rdata))
	}
	apply := func(c hosted.Change) error {
		_, err := z.Apply(t.Context(), hosted.Batch{Changes: []hosted.Change{c}})
		return err
	}
	one, two, three := entry("192.0.2.1"), entry("192.0.2.2"), entry("192.0.2.3")
	for _, c := range []struct {
		change   hosted.Change
		conflict bool
	}{
		{hosted.Change{New: one}, false},
		{hosted.Change{New: one}, true},
		{hosted.Change{Old: two, New: three}, true},
		{hosted.Change{Old: two}, true},
		{hosted.Change{Old: one, New: two}, false},
		{hosted.Change{Old: one}, true},
		{hosted.Change{Old: two}, false},
		{hosted.Change{Old: two}, true},
	} {
		if err := apply(c.change); errors.Is(err, hosted.ErrConflict) != c.conflict || !c.conflict && err != nil {
			t.Errorf("%s: %v", c.change, err)
		}
	}
}
