package updates

import (
	"testing"

	"github.com/fedns/fedns/providers/providertest"
)

func TestSuite(t *testing.T) {
	for _, p := range []program{lenient(bind), knot, lenient(bindSigned), knotSigned} {
		t.Run(p.name, func(t *testing.T) {
			s := run(t, spawner(t), &p, "")
			z := zoneAt(t, s, writer, nil)
			providertest.Run(t, providertest.Config{
				Zone: z, Apex: apexName, Limits: z.Limits(), EditByHand: s.byHand(t), Many: 10000,
				Skip: map[string]string{"wrong old TTL": "prerequisites do not compare TTLs (RFC 2136 §1.1.1)"},
			})
		})
	}
}
