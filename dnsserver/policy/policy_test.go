package policy

import (
	"encoding/hex"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestPrefixesAgainstASearch(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	addr := func() netip.Addr {
		b := [16]byte{0: 0x20, 1: 1, 15: byte(rnd.IntN(256)), 14: byte(rnd.IntN(3)), 2: byte(rnd.IntN(2))}
		switch rnd.IntN(3) {
		case 0:
			return netip.AddrFrom16(b)
		case 1:
			return netip.AddrFrom16(netip.AddrFrom4([4]byte{10, b[14], b[2], b[15]}).As16())
		}
		return netip.AddrFrom4([4]byte{10, b[14], b[2], b[15]})
	}
	for range 2000 {
		var ps []netip.Prefix
		for range rnd.IntN(6) {
			a := addr()
			ps = append(ps, netip.PrefixFrom(a, a.BitLen()-rnd.IntN(18)))
		}
		set := NewPrefixes(ps...)
		for range 20 {
			a, want := addr(), false
			for _, p := range ps {
				want = want || plain(p).Contains(a.Unmap())
			}
			if set.Contains(a) != want {
				t.Fatalf("%v contains %s: %v, want %v", ps, a, !want, want)
			}
		}
	}
	if everybody := NewPrefixes(netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")); !everybody.Contains(netip.MustParseAddr("fe80::1%eth0")) {
		t.Error("::/0 lacks an address with a zone")
	}
}

// Test vectors of RFC 9018, appendix A.
func TestCookiesOfRFC9018(t *testing.T) {
	for _, v := range []struct {
		name, secret, client, from, server string
		made, asked                        int64
		good, fresh                        bool
	}{
		{"learning a new server cookie", "e5e973e5a6b2a43f48e7dc849e37bfcf", "2464c4abcf10c957", "198.51.100.100", "010000005cf79f111f8130c3eee29480", 1559731985, 1559731985, true, true},
		{"the same client learning a renewed one", "e5e973e5a6b2a43f48e7dc849e37bfcf", "2464c4abcf10c957", "198.51.100.100", "010000005cf7a871d4a564a1442aca77", 1559734385, 1559734385, true, true},
		{"an hour on", "e5e973e5a6b2a43f48e7dc849e37bfcf", "2464c4abcf10c957", "198.51.100.100", "010000005cf79f111f8130c3eee29480", 1559731985, 1559734385, true, false},
		{"IPv6", "dd3bdf9344b678b185a6f5cb60fca715", "22681ab97d52c298", "2001:db8:220:1:59de:d0f4:8769:82b8", "010000005cf7c57926556bd0934c72f8", 1559741817, 1559741817, true, true},
		{"too old", "e5e973e5a6b2a43f48e7dc849e37bfcf", "2464c4abcf10c957", "198.51.100.100", "010000005cf79f111f8130c3eee29480", 1559731985, 1559731985 + 3601, false, false},
		{"from the future", "e5e973e5a6b2a43f48e7dc849e37bfcf", "2464c4abcf10c957", "198.51.100.100", "010000005cf79f111f8130c3eee29480", 1559731985, 1559731985 - 301, false, false},
	} {
		t.Run(v.name, func(t *testing.T) {
			var secret [16]byte
			if _, err := hex.Decode(secret[:], []byte(v.secret)); err != nil {
				t.Fatal(err)
			}
			client, _ := hex.DecodeString(v.client)
			server, _ := hex.DecodeString(v.server)
			from := netip.MustParseAddr(v.from)
			c, err := NewCookies(secret)
			if err != nil {
				t.Fatal(err)
			}
			if got := c.Append(nil, client, from, time.Unix(v.made, 0)); hex.EncodeToString(got) != v.server {
				t.Errorf("made %x, want %s", got, v.server)
			}
			if good, fresh := c.Good(client, server, from, time.Unix(v.asked, 0)); good != v.good || fresh != v.fresh {
				t.Errorf("good %v, fresh %v, want %v, %v", good, fresh, v.good, v.fresh)
			}
			for i := range server {
				bad := append([]byte(nil), server...)
				bad[i] ^= 1
				if good, _ := c.Good(client, bad, from, time.Unix(v.asked, 0)); good {
					t.Errorf("a cookie with octet %d changed is good", i)
				}
			}
			if good, _ := c.Good(client, server, netip.MustParseAddr("192.0.2.1"), time.Unix(v.asked, 0)); good {
				t.Error("another client's cookie is good")
			}
		})
	}
}

func TestCookieSecretsRollOver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secrets")
	read := func(lines string) *Cookies {
		t.Helper()
		if err := os.WriteFile(path, []byte(lines), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := ReadCookies(path)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	a, b := strings.Repeat("a", 32), strings.Repeat("b", 32)
	before, between, after := read("# old\n"+a+"\n"), read(b+"\n\n"+a+"\n"), read(b)
	client, from, now := []byte("12345678"), netip.MustParseAddr("192.0.2.1"), time.Now()
	old := before.Append(nil, client, from, now)
	if good, fresh := between.Good(client, old, from, now); !good || fresh {
		t.Errorf("of the old secret: good %v, fresh %v, want good and to be renewed", good, fresh)
	}
	if good, _ := after.Good(client, old, from, now); good {
		t.Error("a secret that was taken away is good")
	}
	if good, fresh := after.Good(client, between.Append(nil, client, from, now), from, now); !good || !fresh {
		t.Errorf("of the new secret: good %v, fresh %v", good, fresh)
	}
	for lines, want := range map[string]string{
		"":                   path + ": cookies: no secret, want one at least",
		a + "\nabc\n":        path + ":2: secret of 3 characters, want 32 hexadecimal digits",
		a[:30] + "zz" + "\n": path + ":1: secret is not hexadecimal, want 32 hexadecimal digits",
	} {
		if err := os.WriteFile(path, []byte(lines), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadCookies(path); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", lines, err, want)
		}
	}
}

func TestLimiter(t *testing.T) {
	l := NewLimiter(RateLimit{Responses: 10, Errors: 3, Exempt: NewPrefixes(netip.MustParsePrefix("203.0.113.0/24"))})
	now := time.Unix(1_800_000_000, 0)
	count := func(from string, class Class, key uint64, n int) (sent, slipped int) {
		for range n {
			switch l.Account(netip.MustParseAddr(from), class, key, now) {
			case Send:
				sent++
			case Slip:
				slipped++
			}
		}
		return sent, slipped
	}
	for _, c := range []struct {
		what          string
		from          string
		class         Class
		key           uint64
		n             int
		after         time.Duration
		sent, slipped int
	}{
		{"up to the rate", "192.0.2.1", Positive, 1, 10, 0, 10, 0},
		{"past it, one in two slips", "192.0.2.200", Positive, 1, 10, 0, 0, 5},
		{"another answer", "192.0.2.1", Positive, 2, 10, 0, 10, 0},
		{"another class", "192.0.2.1", Negative, 1, 10, 0, 10, 0},
		{"another network", "192.0.3.1", Positive, 1, 10, 0, 10, 0},
		{"errors have their own rate", "192.0.2.1", Failure, 5, 10, 0, 3, 3},
		{"who is exempt", "203.0.113.9", Positive, 1, 1000, 0, 1000, 0},
		{"a second later debts are paid first", "192.0.2.1", Positive, 1, 4, time.Second, 0, 2},
		{"and the seconds after it is served again", "192.0.2.1", Positive, 1, 4, 2 * time.Second, 4, 0},
		{"IPv6 by /56", "2001:db8::1", Positive, 1, 10, 0, 10, 0},
		{"the same /56", "2001:db8:0:ff::1", Positive, 1, 2, 0, 0, 1},
		{"another /56", "2001:db8:0:100::1", Positive, 1, 2, 0, 2, 0},
	} {
		now = now.Add(c.after)
		sent, slipped := count(c.from, c.class, c.key, c.n)
		if sent != c.sent || slipped != c.slipped {
			t.Errorf("%s: %d sent, %d slipped, want %d, %d", c.what, sent, slipped, c.sent, c.slipped)
		}
	}
	// A flood is remembered for the window, not longer.
	count("198.51.100.1", Positive, 1, 100_000)
	now = now.Add(14 * time.Second)
	if sent, _ := count("198.51.100.1", Positive, 1, 1); sent != 0 {
		t.Error("a flood is forgotten within the window")
	}
	now = now.Add(3 * time.Second)
	if sent, _ := count("198.51.100.1", Positive, 1, 1); sent != 1 {
		t.Error("a flood is remembered past the window")
	}
	if n := testing.AllocsPerRun(100, func() { l.Account(netip.MustParseAddr("192.0.2.1"), Positive, 1, now) }); n > 0 {
		t.Errorf("%v allocations a response", n)
	}
}

func TestWhoMayTransfer(t *testing.T) {
	net := NewPrefixes(netip.MustParsePrefix("192.0.2.0/24"))
	other := NewPrefixes(netip.MustParsePrefix("198.51.100.0/24"))
	p := New(Config{Transfer: []Grant{{From: &net}, {Key: "k."}, {From: &other, Key: "both."}, {}}})
	for _, c := range []struct {
		from, key string
		want      bool
	}{
		{"192.0.2.1", "", true}, {"192.0.2.1", "x.", true}, {"203.0.113.1", "", false}, {"203.0.113.1", "k.", true},
		{"203.0.113.1", "both.", false}, {"198.51.100.1", "", false}, {"198.51.100.1", "both.", true},
	} {
		if got := p.MayTransfer(netip.MustParseAddr(c.from), c.key); got != c.want {
			t.Errorf("%s with %q: %v", c.from, c.key, got)
		}
	}
}

// FuzzCookies takes any cookie from any client: none but what was made for that
// client is good.
func FuzzCookies(f *testing.F) {
	f.Add([]byte("clientck"), []byte("\x01\x00\x00\x00serverserver"), []byte{192, 0, 2, 1}, int64(1_800_000_000))
	f.Add([]byte{}, []byte{}, []byte("16 octets of IPv6"), int64(-1))
	f.Fuzz(func(t *testing.T, client, server, from []byte, now int64) {
		c, err := NewCookies([16]byte{1}, [16]byte{2})
		if err != nil {
			t.Fatal(err)
		}
		addr, ok := netip.AddrFromSlice(from)
		if !ok {
			addr = netip.AddrFrom4([4]byte{192, 0, 2, 1})
		}
		at := time.Unix(now, 0)
		if good, _ := c.Good(client, server, addr, at); good {
			t.Fatalf("%x %x of %s is good", client, server, addr) // a guess of 64 bits
		}
		if len(client) != ClientCookieLen {
			return
		}
		made := c.Append(nil, client, addr, at)
		if good, fresh := c.Good(client, made, addr, at); !good || !fresh {
			t.Fatalf("%x is not good", made)
		}
		if len(server) > 0 && server[0] != 0 {
			made[int(server[0])%ServerCookieLen] ^= server[0]
			if good, _ := c.Good(client, made, addr, at); good {
				t.Fatalf("%x was changed and is good", made)
			}
		}
	})
}
