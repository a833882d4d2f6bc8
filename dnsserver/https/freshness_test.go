package https

import (
	"bytes"
	"testing"

	"github.com/miekg/dns"
)

func rrOf(t testing.TB, s string) dns.RR {
	t.Helper()
	rr, err := dns.NewRR(s)
	if err != nil {
		t.Fatal(err)
	}
	return rr
}

func message(t testing.TB, rcode int, answer, authority []string) *dns.Msg {
	t.Helper()
	m := new(dns.Msg).SetQuestion("www.example.", dns.TypeA)
	m.Response, m.Rcode, m.Compress = true, rcode, true
	for _, s := range answer {
		m.Answer = append(m.Answer, rrOf(t, s))
	}
	for _, s := range authority {
		m.Ns = append(m.Ns, rrOf(t, s))
	}
	m.SetEdns0(1232, false)
	return m
}

func pack(t testing.TB, m *dns.Msg) []byte {
	t.Helper()
	b, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

const (
	a30   = "www.example. 30 A 192.0.2.1"
	a20   = "www.example. 20 A 192.0.2.2"
	cname = "www.example. 40 CNAME gone.example."
	soa   = "example. 60 SOA ns.example. h.example. 1 7200 3600 86400 5"
	soa3  = "example. 3 SOA ns.example. h.example. 1 7200 3600 86400 50"
	ns    = "example. 7 NS ns.example."
)

var freshnessTests = []struct {
	name              string
	rcode             int
	answer, authority []string
	change            func(*dns.Msg)
	want              uint32
	ok                bool
}{
	{"an answer", 0, []string{a30}, nil, nil, 30, true},
	{"the smallest of an answer", 0, []string{a30, a20}, []string{ns}, nil, 20, true},
	{"of no time", 0, []string{"www.example. 0 A 192.0.2.1"}, nil, nil, 0, true},
	{"past what a TTL may be", 0, []string{"www.example. 2147483648 A 192.0.2.1"}, nil, nil, 0, true},
	{"the longest", 0, []string{"www.example. 2147483647 A 192.0.2.1"}, nil, nil, 1<<31 - 1, true},
	{"no data", 0, nil, []string{soa}, nil, 5, true},
	{"no data, of a short SOA", 0, nil, []string{soa3}, nil, 3, true},
	{"no such name", 3, nil, []string{soa}, nil, 5, true},
	{"no such name at an alias", 3, []string{cname}, []string{soa}, nil, 5, true},
	{"no such name and no SOA", 3, nil, nil, nil, 0, false},
	{"a referral", 0, nil, []string{ns}, nil, 0, false},
	{"SERVFAIL", 2, []string{a30}, []string{soa}, nil, 0, false},
	{"REFUSED", 5, nil, []string{soa}, nil, 0, false},
	{"BADVERS", 16, nil, nil, nil, 0, false},
	{"truncated", 0, []string{a30}, nil, func(m *dns.Msg) { m.Truncated = true }, 0, false},
	{"a query", 0, []string{a30}, nil, func(m *dns.Msg) { m.Response = false }, 0, false},
	{"an update's", 0, []string{a30}, nil, func(m *dns.Msg) { m.Opcode = dns.OpcodeUpdate }, 0, false},
}

func TestFreshness(t *testing.T) {
	for _, tt := range freshnessTests {
		m := message(t, tt.rcode, tt.answer, tt.authority)
		if tt.change != nil {
			tt.change(m)
		}
		b := pack(t, m)
		if got, ok := freshness(b); got != tt.want && ok || ok != tt.ok {
			t.Errorf("%s: %d, %v; want %d, %v", tt.name, got, ok, tt.want, tt.ok)
		}
		end := len(b) - 11 // the OPT record is not read
		for i := range end {
			if _, ok := freshness(b[:i]); ok {
				t.Errorf("%s: cut after %d of %d octets it lasts", tt.name, i, end)
			}
		}
	}
}

// FuzzFreshness compares with a library, where that takes the message whole.
func FuzzFreshness(f *testing.F) {
	for _, tt := range freshnessTests {
		f.Add(pack(f, message(f, tt.rcode, tt.answer, tt.authority)))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		before := bytes.Clone(b)
		got, ok := freshness(b)
		if !bytes.Equal(b, before) {
			t.Fatal("it wrote")
		}
		var m dns.Msg
		if len(b) < headerLen || m.Unpack(b) != nil || len(m.Answer) != int(b[6])<<8|int(b[7]) || len(m.Ns) != int(b[8])<<8|int(b[9]) {
			return
		}
		if rcode := b[3] & rcodeMask; !m.Response || m.Truncated || m.Opcode != 0 || rcode != 0 && rcode != nxDomain {
			if ok {
				t.Fatalf("%s\nlasts %d s", &m, got)
			}
			return
		}
		want, wantOK := uint32(1<<32-1), false
		for _, rr := range m.Answer {
			want, wantOK = min(want, lasting(rr.Header().Ttl)), true
		}
		for _, rr := range m.Ns {
			if soa, isSOA := rr.(*dns.SOA); isSOA {
				if !ok {
					return // the library takes half an SOA as well
				}
				want, wantOK = min(want, lasting(rr.Header().Ttl), lasting(soa.Minttl)), true
			}
		}
		if ok != wantOK || ok && got != want {
			t.Fatalf("%s\nlasts %d s, %v; want %d, %v", &m, got, ok, want, wantOK)
		}
	})
}
