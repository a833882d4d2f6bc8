package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"

	"golang.org/x/net/http2/hpack"
)

// Frame types and flags (RFC 9113 §6).
const (
	frameData         = 0
	frameHeaders      = 1
	frameReset        = 3
	frameSettings     = 4
	framePing         = 6
	frameGoAway       = 7
	frameWindowUpdate = 8

	flagEnd        = 1 // of the stream; of settings and pings: acknowledged
	flagEndHeaders = 4
	flagPadded     = 8
)

const frameHead = 9 // octets before a frame's payload

// doh is DNS over HTTP/2 (RFC 8484), a POST for each message, by hand: a
// library's client would be busier than the server. An answer is known by its
// message's ID, not by its stream.
type doh struct {
	stream uint32
	// The first request's header fields go into the compression's table; those of
	// later ones point there.
	first, later []byte
}

func newDoH() *doh {
	var block bytes.Buffer
	e := hpack.NewEncoder(&block)
	write := func() []byte {
		block.Reset()
		for _, f := range [][2]string{
			{":method", "POST"}, {":scheme", "https"}, {":authority", "localhost"}, {":path", "/dns-query"},
			{"accept", "application/dns-message"}, {"content-type", "application/dns-message"},
		} {
			// A Buffer takes everything.
			_ = e.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]})
		}
		return bytes.Clone(block.Bytes())
	}
	return &doh{first: write(), later: write()}
}

// hello is the client's preface, settings as they are by default, and leave to
// send us as many octets as can be.
func (*doh) hello() []byte {
	out := frame([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), frameSettings, 0, 0, nil)
	return frame(out, frameWindowUpdate, 0, 0, binary.BigEndian.AppendUint32(nil, 1<<31-1<<16))
}

func (h *doh) frame(out, msg []byte) []byte {
	block := h.later
	if h.stream == 0 {
		block = h.first
	}
	h.stream = (h.stream + 1) | 1 // odd: a client's
	out = frame(out, frameHeaders, flagEndHeaders, h.stream, block)
	h.stream++
	return frame(out, frameData, flagEnd, h.stream-1, msg)
}

// frame appends a frame.
func frame(out []byte, kind, flags byte, stream uint32, payload []byte) []byte {
	n := len(payload)
	out = append(out, byte(n>>16), byte(n>>8), byte(n), kind, flags)
	return append(binary.BigEndian.AppendUint32(out, stream), payload...)
}

func (*doh) next(in *bufio.Reader) (msg, reply []byte, size int, err error) {
	head, err := in.Peek(frameHead)
	if err != nil {
		return nil, nil, 0, err
	}
	kind, flags := head[3], head[4]
	size = frameHead + int(head[0])<<16 + int(head[1])<<8 + int(head[2])
	whole, err := in.Peek(size)
	if err != nil {
		return nil, nil, 0, err
	}
	payload := whole[frameHead:]
	switch {
	case kind == frameData && flags&flagPadded == 0:
		if len(payload) > 0 { // else the stream's end, by itself
			msg = payload
		}
	case kind == frameSettings && flags&flagEnd == 0:
		reply = frame(nil, frameSettings, flagEnd, 0, nil)
	case kind == framePing && flags&flagEnd == 0:
		reply = frame(nil, framePing, flagEnd, 0, payload)
	case kind == frameData, kind == frameReset, kind == frameGoAway:
		return nil, nil, 0, fmt.Errorf("frame of type %d: %q", kind, payload)
	}
	return msg, reply, size, nil
}
