package zonefile

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/fedns/fedns/dnsserver/dnsname"
)

// BenchmarkRead shows that time is linear in the number of records.
func BenchmarkRead(b *testing.B) {
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprintf("%d", n), func(b *testing.B) {
			file := filepath.Join(b.TempDir(), "zone")
			f, err := os.Create(file)
			if err != nil {
				b.Fatal(err)
			}
			w := bufio.NewWriter(f)
			fmt.Fprintf(w, "$TTL 300\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A 192.0.2.1\n")
			for i := range n - 3 {
				switch i % 4 {
				case 0:
					fmt.Fprintf(w, "host%d.team%d 60 IN A 10.%d.%d.%d\n", i, i%977, i>>16&255, i>>8&255, i&255)
				case 1:
					fmt.Fprintf(w, "host%d.team%d AAAA 2001:db8::%x:%x\n", i, i%977, i>>16, i&0xffff)
				case 2:
					fmt.Fprintf(w, "_http._tcp.host%d.team%d SRV 0 1 80 host%d.team%d\n", i, i%977, i, i%977)
				case 3:
					fmt.Fprintf(w, "alias%d CNAME host%d.team%d.example.\n", i, i, i%977)
				}
			}
			if err := w.Flush(); err != nil {
				b.Fatal(err)
			}
			f.Close()
			b.ResetTimer()
			for range b.N {
				s, err := Read(dnsname.MustParse("example."), file)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(len(s.RRsets)), "RRsets")
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/record")
		})
	}
}
