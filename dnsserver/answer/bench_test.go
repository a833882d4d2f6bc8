package answer

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/policy"
	"github.com/fedns/fedns/dnsserver/zone"
)

// benchEngine serves n names and has a message for each plain case.
func benchEngine(t testing.TB, n int) (*Engine, map[string][]byte) {
	_, s, _ := benchZone(t, n)
	return engineOf(s)
}

// benchPublished is benchEngine for names that were published, so that none is compiled.
func benchPublished(t testing.TB, n int) (*Engine, map[string][]byte) {
	empty, s, changes := benchZone(t, n)
	e, msgs := engineOf(empty)
	e.Publish(s, changes)
	return e, msgs
}

func benchZone(t testing.TB, n int) (empty, s *zone.Snapshot, changes []zone.Change) {
	apex := dnsname.MustParse("clusterset.local.")
	empty = emptyZone(t, apex)
	b := zone.NewBuilder(empty)
	for i := range n {
		owner := dnsname.MustParse(fmt.Sprintf("svc-%d.ns-%d.svc.clusterset.local.", i, i%100))
		b.Set(zone.NewRRset(owner, zone.TypeA, 5, "\x0a\x00\x00\x01", "\x0a\x00\x00\x02", "\x0a\x00\x00\x03"))
	}
	// Some of what stands in pages in fewer octets than it has.
	for i := 100; i < 200; i++ {
		owner := dnsname.MustParse(fmt.Sprintf("_http._tcp.svc-%d.ns-%d.svc.clusterset.local.", i, i%100))
		var targets []string
		for j := range 3 {
			target := dnsname.MustParse(fmt.Sprintf("pod-%d.c1.svc-%d.ns-%d.svc.clusterset.local.", j, i, i%100))
			targets = append(targets, zone.SRV(0, 0, 80, target))
		}
		b.Set(zone.NewRRset(owner, zone.TypeSRV, 5, targets...))
		owner = dnsname.MustParse(fmt.Sprintf("%d.in-addr.svc.clusterset.local.", i))
		b.Set(zone.NewRRset(owner, zone.TypePTR, 5, zone.Target(dnsname.MustParse(fmt.Sprintf("pod.c1.svc-%d.ns.svc.example.", i)))))
	}
	s, changes, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return empty, s, changes
}

// engineOf serves a zone, and has messages about the one that benchZone makes.
func engineOf(s *zone.Snapshot) (*Engine, map[string][]byte) {
	e := NewEngine()
	e.SetPolicy(policy.New(policy.Config{Cookies: policy.RandomCookies()}))
	e.Serve(s)
	msgs := map[string][]byte{}
	for what, q := range map[string]struct {
		name string
		typ  uint16
	}{"positive": {"svc-7.ns-7.svc", zone.TypeA}, "NODATA": {"svc-7.ns-7.svc", zone.TypeAAAA}, "NXDOMAIN": {"nx.ns-7.svc", zone.TypeA},
		"SRV": {"_http._tcp.svc-107.ns-7.svc", zone.TypeSRV}, "PTR": {"107.in-addr.svc", zone.TypePTR}} {
		msg, _ := question(dnsname.MustParse(q.name+".clusterset.local."), q.typ)
		msgs[what] = msg
		opt := append(append([]byte(nil), msg...), 0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0)
		opt[11] = 1
		msgs[what+" with EDNS"] = opt
		for kind, tail := range map[string]string{
			" with DO":            "\x80\x00\x00\x00",
			" with cookie":        "\x00\x00\x00\x0c\x00\x0a\x00\x08clientck",
			" with server cookie": "\x00\x00\x00\x1c\x00\x0a\x00\x18clientck" + string(policy.RandomCookies().Append(nil, []byte("clientck"), from.Addr(), time.Now())),
		} {
			msgs[what+kind] = append(opt[:len(opt)-4:len(opt)-4], tail...)
		}
	}
	return e, msgs
}

func BenchmarkRespond(b *testing.B) {
	e, msgs := benchEngine(b, 10_000)
	published, _ := benchPublished(b, 10_000)
	inZone := published.NewWorker(policy.UDP, &Counts{})
	w, dst := e.NewWorker(policy.UDP, &Counts{}), make([]byte, MaxUDP)
	for what, msg := range msgs {
		b.Run(what, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				w.Respond(dst, msg, from)
			}
		})
		b.Run(what+" not compiled", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				inZone.Respond(dst, msg, from)
			}
		})
		b.Run(what+" readable", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				w.readable(dst, msg, w.engine.policy.Load(), from.Addr())
			}
		})
	}
}

// BenchmarkBatch answers as the UDP reader does, batches of different queries, of
// more names than a core's caches hold.
func BenchmarkBatch(b *testing.B) {
	b.Run("compiled", func(b *testing.B) {
		e, _ := benchEngine(b, batchNames)
		benchBatch(b, e)
	})
	b.Run("not compiled", func(b *testing.B) {
		e, _ := benchPublished(b, batchNames)
		benchBatch(b, e)
	})
}

const batchNames = 1_000_000

func benchBatch(b *testing.B, e *Engine) {
	const n, batch = batchNames, 16
	w, dst := e.NewWorker(policy.UDP, &Counts{}), make([]byte, MaxUDP)
	var msgs [][]byte
	for i := range 100_000 {
		i = i * 7919 % n
		msg, _ := question(dnsname.MustParse(fmt.Sprintf("svc-%d.ns-%d.svc.clusterset.local.", i, i%100)), zone.TypeA)
		msgs = append(msgs, msg)
	}
	b.ReportAllocs()
	at := 0
	for b.Loop() {
		if at += batch; at+batch > len(msgs) {
			at = 0
		}
		w.Prefetch(msgs[at : at+batch])
		for _, msg := range msgs[at : at+batch] {
			w.Respond(dst, msg, from)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*batch), "ns/query")
}

// BenchmarkMemory reports what a name with one A costs, zone and table together.
func BenchmarkMemory(b *testing.B) {
	const n = 1_000_000
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		e := NewEngine()
		apex := dnsname.MustParse("clusterset.local.")
		s := emptyZone(b, apex)
		e.Serve(s)
		for i := 0; i < n; i += 10_000 {
			nb := zone.NewBuilder(s)
			for j := i; j < i+10_000; j++ {
				owner := dnsname.MustParse(fmt.Sprintf("svc-%d.ns-%d.svc.clusterset.local.", j, j%100))
				nb.Set(zone.NewRRset(owner, zone.TypeA, 5, string(binary.BigEndian.AppendUint32(nil, uint32(j)))))
			}
			next, changes, err := nb.Build()
			if err != nil {
				b.Fatal(err)
			}
			s = next
			e.Publish(s, changes)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/n, "B/name")
		runtime.KeepAlive(e)
	}
}
