package zonefile_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/zonefile"
)

// BenchmarkChange is one changed record in a zone of 200,000: the file is written
// and read back whole.
func BenchmarkChange(b *testing.B) {
	z, err := zonefile.New(zonefile.Config{
		Apex: apex, File: filepath.Join(b.TempDir(), "zone"), NameServers: []dnsname.Name{dnsname.MustParse("ns.example.net.")},
	})
	if err != nil {
		b.Fatal(err)
	}
	var all hosted.Batch
	for i := range 200_000 {
		all.Changes = append(all.Changes, hosted.Change{New: a(fmt.Sprint("h", i), 60, byte(i))})
	}
	if _, err := z.Apply(b.Context(), all); err != nil {
		b.Fatal(err)
	}
	old := a("h7", 60, 7)
	for i := uint32(0); b.Loop(); i++ {
		next := a("h7", i, 8)
		if _, err := z.Apply(b.Context(), hosted.Batch{Changes: []hosted.Change{{Old: old, New: next}}}); err != nil {
			b.Fatal(err)
		}
		old = next
	}
}
