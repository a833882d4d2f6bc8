package tsig_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/dnsname"
)

// between is the MAC over messages that were not signed and one that is: miekg/dns
// signs each message alone, so what it is to cover is put before it here.
type between struct {
	dns.TsigProvider
	unsigned []byte
}

func (b between) Generate(msg []byte, t *dns.TSIG) ([]byte, error) {
	n := 2 + int(binary.BigEndian.Uint16(msg)) // the MAC before
	return b.TsigProvider.Generate(append(append(bytes.Clone(msg[:n]), b.unsigned...), msg[n:]...), t)
}

type secretProvider struct{}

func (secretProvider) Generate(msg []byte, _ *dns.TSIG) ([]byte, error) {
	h := hmac.New(sha256.New, secret)
	h.Write(msg)
	return h.Sum(nil), nil
}

func (secretProvider) Verify([]byte, *dns.TSIG) error { panic("not used") }

func TestTransferIsSignedHereAndThere(t *testing.T) {
	now := time.Now()
	r, err := ring(t, "hmac-sha256").NewRequest(dnsname.MustParse("transfer.example"))
	if err != nil {
		t.Fatal(err)
	}
	q := []byte("ab\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x00\x00\xfc\x00\x01")
	request := r.Sign(nil, q, now)
	var m dns.Msg
	if err := m.Unpack(request); err != nil {
		t.Fatal(err)
	}
	mac := m.IsTsig().MAC
	plain := answer(request)
	sign := func(mac string, later bool, unsigned ...[]byte) ([]byte, string) {
		var a dns.Msg
		a.SetReply(&m)
		a.Extra = nil
		a.SetTsig("transfer.example.", dns.HmacSHA256, 300, now.Unix())
		out, next, err := dns.TsigGenerateWithProvider(&a, between{secretProvider{}, bytes.Join(unsigned, nil)}, mac, later)
		if err != nil {
			t.Fatal(err)
		}
		return out, next
	}
	first, mac1 := sign(mac, false)
	last, _ := sign(mac1, true, plain, plain)

	a := r.Answers()
	for i, msg := range [][]byte{first, plain, plain, last} {
		if a.Complete() != (i == 1) {
			t.Errorf("before message %d: Complete is %v", i, a.Complete())
		}
		if _, err := a.Verify(msg, now); err != nil {
			t.Fatalf("message %d: %v", i, err)
		}
	}
	if !a.Complete() {
		t.Error("not complete behind a signature")
	}

	a = r.Answers()
	if _, err := a.Verify(plain, now); err == nil {
		t.Error("a first message without a signature is believed")
	}
	for what, msgs := range map[string][][]byte{
		"one left out":           {first, plain, last},
		"one added":              {first, plain, plain, plain, last},
		"another":                {first, plain, append(bytes.Clone(plain[:len(plain)-1]), 9), last},
		"the first one repeated": {first, first},
	} {
		a, bad := r.Answers(), 0
		for _, msg := range msgs {
			if _, err := a.Verify(msg, now); err != nil {
				bad++
			}
		}
		if bad != 1 || what != "the first one repeated" && a.Complete() {
			t.Errorf("%s: %d of the messages are refused; complete: %v", what, bad, a.Complete())
		}
	}
	a = r.Answers()
	if _, err := a.Verify(first, now); err != nil {
		t.Fatal(err)
	}
	for range 99 {
		if _, err := a.Verify(plain, now); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := a.Verify(plain, now); err == nil || !strings.Contains(err.Error(), "not signed") {
		t.Errorf("a hundredth message without a signature: %v", err)
	}
}
