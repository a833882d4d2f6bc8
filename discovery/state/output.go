package state

import (
	"crypto/rand"
	"encoding/binary"
	"net/netip"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/cluster/packed"
)

// output is a segment that is being written. After an error it writes nothing
// more; sync tells it.
type output struct {
	file  File
	nonce uint64
	at    int // octets so far, those in buf included
	buf   []byte
	body  []byte // scratch
	err   error
}

// begin creates a segment.
func begin(d Disk, name string, h header) (*output, error) {
	f, err := d.Create(name)
	if err != nil {
		return nil, err
	}
	h.nonce = nonce()
	o := &output{file: f, nonce: h.nonce, buf: h.append(nil)}
	o.at = len(o.buf)
	return o, nil
}

func (o *output) record(kind byte, body []byte) {
	before := len(o.buf)
	o.buf = appendRecord(o.buf, o.nonce, o.at, kind, body)
	o.at += len(o.buf) - before
	if len(o.buf) >= chunk {
		o.flush()
	}
}

func (o *output) flush() {
	if o.err == nil {
		_, o.err = o.file.Write(o.buf)
	}
	if o.buf = o.buf[:0]; cap(o.buf) > 2*chunk {
		o.buf = nil
	}
}

// sync returns when all is on disk.
func (o *output) sync() error {
	if o.flush(); o.err == nil {
		o.err = o.file.Sync()
	}
	return o.err
}

func (o *output) group(r Ref, octets string) {
	o.body = append(appendRef(o.body[:0], r), octets...)
	o.record(kindGroup, o.body)
}

func (o *output) gone(r Ref) {
	o.body = appendRef(o.body[:0], r)
	o.record(kindGone, o.body)
}

func (o *output) memo(id cluster.ID, m Memo) {
	o.body = appendMemo(o.body[:0], id, m)
	o.record(kindMemo, o.body)
}

func (o *output) host(name string, addrs []netip.Addr) {
	o.body = appendHost(o.body[:0], name, addrs)
	o.record(kindHost, o.body)
}

func (o *output) dropped(id cluster.ID) {
	o.body = packed.AppendText(o.body[:0], string(id))
	o.record(kindDropped, o.body)
}

func nonce() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // it does not fail
	return binary.BigEndian.Uint64(b[:])
}
