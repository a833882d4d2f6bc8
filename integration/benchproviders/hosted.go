package main

import (
	"context"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/providers/clouddns"
	"github.com/fedns/fedns/providers/clouddns/clouddnstest"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/inmemory"
	"github.com/fedns/fedns/providers/rfc2136"
	"github.com/fedns/fedns/providers/route53"
	"github.com/fedns/fedns/providers/route53/route53test"
	"github.com/fedns/fedns/providers/webhook"
)

// kind is a provider and how its hosted zones are had.
type kind struct {
	name   string
	limits func(apex dnsname.Name) hosted.Limits
	open   func(apex dnsname.Name, gate hosted.Gate) (hosted.Zone, error)
}

// route53Of plays Route 53; its accounts have as many records as they want.
func route53Of(api *route53test.Simulator) kind {
	return kind{"route53", route53.Limits, func(apex dnsname.Name, gate hosted.Gate) (hosted.Zone, error) {
		return route53.New(route53.Config{
			Apex: apex, HostedZoneID: api.AddZone(apex.String(), false), Owner: "bench", HTTP: api.Client(), Endpoint: "http://route53.test",
			Credentials: credentials.NewStaticCredentialsProvider("AKID", "SECRET", ""), Gate: gate,
		})
	}}
}

// cloudDNSOf plays Cloud DNS.
func cloudDNSOf(api *clouddnstest.Server) kind {
	of := func(apex dnsname.Name) clouddns.Config {
		return clouddns.Config{Project: "test", Apex: apex, HTTPClient: api.Client()}
	}
	return kind{"clouddns", func(apex dnsname.Name) hosted.Limits { return clouddns.Limits(of(apex)) },
		func(apex dnsname.Name, gate hosted.Gate) (hosted.Zone, error) {
			api.AddZone("zone-"+apex.String()[:len(apex.String())-len(".example.com.")], apex.String(), "public")
			cfg := of(apex)
			cfg.Gate = gate
			return clouddns.New(cfg)
		}}
}

// inMemoryOf is a hosted zone in memory with another provider's limits.
func inMemoryOf(name string, limits func(dnsname.Name) hosted.Limits) kind {
	return kind{name, limits, func(apex dnsname.Name, gate hosted.Gate) (hosted.Zone, error) {
		return inmemory.New(inmemory.Config{Server: inmemory.NewServer(apex, limits(apex)), Gate: gate})
	}}
}

// kinds are those that are measured, each with a fresh account.
func kinds() []kind {
	return []kind{
		route53Of(route53test.New(route53test.Config{})),
		cloudDNSOf(clouddnstest.New(clouddnstest.Config{Quota: clouddnstest.Quota{RRsetsPerZone: 10_000_000}})),
		inMemoryOf("rfc2136", rfc2136.Limits),
		inMemoryOf("webhook", func(apex dnsname.Name) hosted.Limits { return webhook.Limits(apex) }),
	}
}

// meter is a hosted.Zone that counts what is asked of it.
type meter struct {
	hosted.Zone

	mu      sync.Mutex
	lists   int
	reads   int
	batches []hosted.Batch
	last    time.Time // of the first call of Apply since the last reset
}

// counts are what a meter counted.
type counts struct {
	lists, reads int
	batches      []hosted.Batch
	first        time.Time // Apply was called first; zero: not at all
}

// reset begins to count anew, and is what was counted before.
func (m *meter) reset() counts {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := counts{m.lists, m.reads, m.batches, m.last}
	m.lists, m.reads, m.batches, m.last = 0, 0, nil, time.Time{}
	return c
}

func (m *meter) Records(ctx context.Context) ([]hosted.Entry, error) {
	m.mu.Lock()
	m.lists++
	m.mu.Unlock()
	return m.Zone.Records(ctx)
}

func (m *meter) Read(ctx context.Context, keys ...hosted.Key) ([]hosted.Entry, error) {
	m.mu.Lock()
	m.reads++
	m.mu.Unlock()
	return m.Zone.Read(ctx, keys...)
}

func (m *meter) Apply(ctx context.Context, b hosted.Batch) (hosted.Receipt, error) {
	m.mu.Lock()
	if m.last.IsZero() {
		m.last = time.Now()
	}
	m.batches = append(m.batches, b)
	m.mu.Unlock()
	return m.Zone.Apply(ctx, b)
}
