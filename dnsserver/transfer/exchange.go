package transfer

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"time"

	"github.com/fedns/fedns/dnsserver/tsig"
	"github.com/fedns/fedns/dnsserver/wire"
	"github.com/fedns/fedns/dnsserver/zone"
)

const (
	opcodeNotify uint16 = 4 << 11 // RFC 1996 §3.1
	opcodeMask   uint16 = 15 << 11
	// notifySize holds in octets any NOTIFY, a header, a question and an SOA record
	// of three names, and any answer to it.
	notifySize = 2048
)

// tell tells a secondary of a zone until it acknowledges, or was told often
// enough. Each try tells of the newest SOA.
func (n *Notifier) tell(ctx context.Context, t target, c *notice) {
	slot := n.slot(t.to.Addr)
	select {
	case slot <- struct{}{}:
		defer func() { <-slot }()
	case <-ctx.Done():
		return
	}
	var err error
	for try, patience := 0, n.cfg.Retry; try < n.cfg.Tries; try, patience = try+1, 2*patience {
		until := time.Now().Add(patience)
		var final bool
		final, err = n.try(ctx, t, n.take(c), until)
		if err == nil {
			n.acknowledged.Add(1)
			return
		}
		if final {
			break
		}
		if !wait(ctx, time.Until(until), nil) {
			return
		}
	}
	n.failed.Add(1)
	if n.cfg.Failed != nil {
		n.cfg.Failed(t.apex, t.to, err)
	}
}

// try tells it once, and waits for the answer. Final: there is no use in telling it again.
func (n *Notifier) try(ctx context.Context, t target, soa zone.RRset, until time.Time) (final bool, err error) {
	msg := notifyMessage(soa)
	var signed *tsig.Request
	if !t.to.Key.IsZero() {
		if signed, err = n.cfg.Keys().NewRequest(t.to.Key); err != nil {
			return true, err
		}
		msg = signed.Sign(msg[:0], msg, time.Now())
	}
	conn, err := n.cfg.Dial(ctx, t.to.Addr)
	if err != nil {
		return false, fmt.Errorf("notify: %w", err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	if err := conn.SetDeadline(until); err != nil {
		return false, fmt.Errorf("notify: %w", err)
	}
	n.sent.Add(1)
	if _, err := conn.Write(msg); err != nil {
		return false, fmt.Errorf("notify: %w", err)
	}
	return answered(conn, binary.BigEndian.Uint16(msg), signed)
}

// answered reads until there is an answer to the message of an ID that can be
// believed. An RCODE is final (RFC 1996 §3.8 ends the retries with any response).
func answered(conn net.Conn, id uint16, signed *tsig.Request) (final bool, err error) {
	var doubt error // why the last message was no answer
	buf := make([]byte, notifySize)
	for {
		size, err := conn.Read(buf)
		if err != nil && doubt != nil {
			err = doubt
		}
		if err != nil {
			return false, fmt.Errorf("notify: %w", err)
		}
		msg := buf[:size]
		if size < wire.HeaderLen || binary.BigEndian.Uint16(msg) != id {
			continue
		}
		flags := binary.BigEndian.Uint16(msg[2:])
		if flags&wire.FlagQR == 0 || flags&opcodeMask != opcodeNotify {
			continue
		}
		if signed != nil {
			if _, doubt = signed.Verify(msg, time.Now()); doubt != nil {
				continue
			}
		}
		if rcode := flags & 15; rcode != 0 {
			return true, fmt.Errorf("notify: answered %s", wire.Rcode(rcode))
		}
		return true, nil
	}
}

// notifyMessage is a NOTIFY of a new ID that shows the SOA (RFC 1996 §3.7).
func notifyMessage(soa zone.RRset) []byte {
	head := make([]byte, wire.HeaderLen, wire.HeaderLen+len(soa.Owner.Wire())+4)
	binary.BigEndian.PutUint16(head, uint16(rand.Uint32()))
	binary.BigEndian.PutUint16(head[4:], 1)
	head = append(head, soa.Owner.Wire()...)
	head = binary.BigEndian.AppendUint16(head, zone.TypeSOA)
	head = binary.BigEndian.AppendUint16(head, wire.ClassIN)
	var q wire.Query
	q.Parse(head)
	var w wire.Writer
	w.Begin(make([]byte, 0, notifySize), head, &q, notifySize)
	w.SetFlags(opcodeNotify|wire.FlagAA, wire.NoError)
	w.Record(wire.AnswerSection, soa.Owner, soa.Type, soa.TTL, soa.First())
	return w.Message()
}
