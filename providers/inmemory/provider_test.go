package inmemory_test

import (
	"context"
	"testing"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/inmemory"
	"github.com/fedns/fedns/providers/providertest"
)

var apex = dnsname.MustParse("example.com.")

// TestSuite is what a new provider copies.
func TestSuite(t *testing.T) {
	server := inmemory.NewServer(apex, inmemory.Limits())
	z, err := inmemory.New(inmemory.Config{Server: server})
	if err != nil {
		t.Fatal(err)
	}
	providertest.Run(t, providertest.Config{
		Zone:   z,
		Apex:   apex,
		Limits: inmemory.Limits(),
		Alias:  hosted.Alias{Target: dnsname.MustParse("lb.example.net."), ZoneID: "Z1"},
		EditByHand: func(_ context.Context, e hosted.Entry) error {
			server.Edit(e)
			return nil
		},
	})
}
