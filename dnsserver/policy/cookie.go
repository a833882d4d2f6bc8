package policy

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"time"
)

const (
	// ClientCookieLen is what a client's part of a cookie has in octets (RFC 7873 §4).
	ClientCookieLen = 8
	// ServerCookieLen is what ours has (RFC 9018 §4).
	ServerCookieLen = 16

	// A server cookie is good for an hour, and five minutes ahead of our clock;
	// one of more than half an hour is renewed (RFC 9018 §4.3).
	cookieLife  = 3600
	cookieAhead = 300
	cookieRenew = 1800
)

// Cookies are the secrets of server cookies: the first makes them, all are
// accepted. Servers that share an address share them, and roll them over by
// adding the new one behind, then putting it first, then taking the old away
// (RFC 9018 §5). It never changes.
type Cookies struct{ secrets []secret }

type secret struct{ k0, k1 uint64 }

// NewCookies makes Cookies of secrets of 16 octets each, at least one.
func NewCookies(secrets ...[16]byte) (*Cookies, error) {
	if len(secrets) == 0 {
		return nil, errors.New("cookies: no secret, want one at least")
	}
	c := &Cookies{}
	for _, s := range secrets {
		c.secrets = append(c.secrets, secret{binary.LittleEndian.Uint64(s[:8]), binary.LittleEndian.Uint64(s[8:])})
	}
	return c, nil
}

// RandomCookies are for a server that shares its address with no other.
func RandomCookies() *Cookies {
	var s [16]byte
	_, _ = rand.Read(s[:]) // never fails
	c, _ := NewCookies(s)
	return c
}

// ReadCookies reads secrets from a file: 32 hexadecimal digits a line. Empty
// lines and those that begin with # are left out.
func ReadCookies(path string) (*Cookies, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("cookie secrets: %w", err)
	}
	var secrets [][16]byte
	lines := bufio.NewScanner(bytes.NewReader(data))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		var s [16]byte
		if len(line) != 32 {
			return nil, fmt.Errorf("%s:%d: secret of %d characters, want 32 hexadecimal digits", path, n, len(line))
		}
		if _, err := hex.Decode(s[:], []byte(line)); err != nil {
			return nil, fmt.Errorf("%s:%d: secret is not hexadecimal, want 32 hexadecimal digits", path, n)
		}
		secrets = append(secrets, s)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	c, err := NewCookies(secrets...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// Good says that server is a cookie that we gave to this client, and how: fresh
// ones may be used further as they are, others are to be renewed.
func (c *Cookies) Good(client, server []byte, from netip.Addr, now time.Time) (good, fresh bool) {
	if len(client) != ClientCookieLen || len(server) != ServerCookieLen || binary.BigEndian.Uint32(server) != 1<<24 {
		return false, false
	}
	age := int32(uint32(now.Unix()) - binary.BigEndian.Uint32(server[4:])) // serial arithmetic (RFC 9018 §4.3)
	if age > cookieLife || age < -cookieAhead {
		return false, false
	}
	for i, s := range c.secrets {
		if s.hash(client, server[:8], from) == binary.LittleEndian.Uint64(server[8:]) {
			return true, i == 0 && age <= cookieRenew
		}
	}
	return false, false
}

// Append appends a new server cookie for a client.
func (c *Cookies) Append(dst, client []byte, from netip.Addr, now time.Time) []byte {
	at := len(dst)
	dst = append(dst, 1, 0, 0, 0)
	dst = binary.BigEndian.AppendUint32(dst, uint32(now.Unix()))
	return binary.LittleEndian.AppendUint64(dst, c.secrets[0].hash(client, dst[at:at+8], from))
}

// hash is over client cookie, version, reserved, timestamp and client address (RFC 9018 §4.4).
func (s secret) hash(client, head []byte, from netip.Addr) uint64 {
	var buf [ClientCookieLen + 8 + 16]byte
	copy(buf[:], client)
	copy(buf[ClientCookieLen:], head)
	n := ClientCookieLen + 8
	if from.Is4() || from.Is4In6() {
		a := from.As4()
		n += copy(buf[n:], a[:])
	} else {
		a := from.As16()
		n += copy(buf[n:], a[:])
	}
	return siphash(s.k0, s.k1, buf[:n])
}
