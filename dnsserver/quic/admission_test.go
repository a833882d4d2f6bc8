package quic

import (
	"context"
	"errors"
	"net"
	"runtime"
	"testing"

	"github.com/quic-go/quic-go"

	"github.com/fedns/fedns/dnsserver/stream"
)

func TestWhoMustProveTheirAddress(t *testing.T) {
	l := &Listener{places: stream.NewPlaces(100, 4)}
	one, other := &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1}, &net.UDPAddr{IP: net.IPv4(192, 0, 2, 2), Port: 1}
	var shaken []func()
	for range 3 {
		if l.doubtful(one) {
			t.Fatal("the first few must prove it")
		}
		ctx, err := l.admit(t.Context(), &quic.ClientInfo{RemoteAddr: one})
		if err != nil {
			t.Fatal(err)
		}
		shaken = append(shaken, ctx.Value(handshake{}).(func()))
	}
	if !l.doubtful(one) || l.doubtful(other) {
		t.Error("of whom there are many must prove it, and nobody else")
	}
	ctx, end := context.WithCancel(t.Context())
	if _, err := l.admit(ctx, &quic.ClientInfo{RemoteAddr: one}); err != nil {
		t.Error(err)
	}
	if _, err := l.admit(t.Context(), &quic.ClientInfo{RemoteAddr: one}); !errors.Is(err, errNoPlace) || l.Refused() != 1 {
		t.Errorf("a fifth: %v", err)
	}
	end() // in the middle of its handshake
	for l.Open() != 3 || l.handshakes.Load() != 3 {
		runtime.Gosched()
	}
	l.handshakes.Add(int64(unproven * runtime.GOMAXPROCS(0)))
	if !l.doubtful(other) {
		t.Error("while many shake hands, all must prove it")
	}
	for _, done := range shaken {
		done()
		done()
	}
	if l.doubtful(other) {
		t.Error("those who have shaken hands count as if they did still")
	}
}
