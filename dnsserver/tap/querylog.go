package tap

import (
	"context"
	"log/slog"
	"net/netip"
	"strconv"
	"strings"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/wire"
)

// QueryLog is an answer.Observer that logs a line a message while Run runs.
type QueryLog struct {
	*queue
	log *slog.Logger
}

// NewQueryLog makes a QueryLog.
func NewQueryLog(log *slog.Logger) *QueryLog { return &QueryLog{newQueue(), log} }

// Run logs until ctx is done, and then what is queued still.
func (l *QueryLog) Run(ctx context.Context) {
	for {
		select {
		case r := <-l.records:
			l.put(ctx, r)
			continue
		default:
		}
		select {
		case r := <-l.records:
			l.put(ctx, r)
		case <-ctx.Done():
			for len(l.records) > 0 {
				l.put(ctx, <-l.records)
			}
			return
		}
	}
}

func (l *QueryLog) put(ctx context.Context, r *record) {
	l.log.LogAttrs(ctx, slog.LevelInfo, "query", r.attrs()...)
	l.written.Add(1)
	l.done(r)
}

// attrs is a record in words.
func (r *record) attrs() []slog.Attr {
	attrs := []slog.Attr{slog.String("client", netip.AddrPortFrom(r.client.Addr().Unmap(), r.client.Port()).String()), slog.String("transport", r.transport.String())}
	var q wire.Query
	verdict := q.Parse(r.query)
	if verdict == wire.Answer || q.QuestionEnd() > wire.HeaderLen {
		attrs = append(attrs, slog.String("name", q.Owner().String()), slog.String("type", typeName(q.Type)))
	}
	if len(r.query) >= wire.HeaderLen {
		attrs = append(attrs, slog.String("flags", queryFlags(&q)))
	}
	if len(r.response) < wire.HeaderLen {
		return append(attrs, slog.String("rcode", "none"), slog.Int("size", 0))
	}
	return append(attrs, slog.String("rcode", rcodeName(r.response)), slog.Int("size", len(r.response)))
}

func typeName(t uint16) string {
	if name, ok := dns.TypeToString[t]; ok {
		return name
	}
	return "TYPE" + strconv.Itoa(int(t)) // RFC 3597 §5
}

// queryFlags are those that a client sets, and that the query has EDNS and a signature.
func queryFlags(q *wire.Query) string {
	var set []string
	for _, f := range []struct {
		is   bool
		name string
	}{
		{q.Flags&wire.FlagRD != 0, "rd"}, {q.Flags&wire.FlagAD != 0, "ad"}, {q.Flags&wire.FlagCD != 0, "cd"},
		{q.HasOpt, "edns"}, {q.DO, "do"}, {q.CO, "co"}, {q.HasTSIG, "tsig"},
	} {
		if f.is {
			set = append(set, f.name)
		}
	}
	return strings.Join(set, " ")
}

// rcodeName is the response code with what an OPT record adds to it (RFC 6891 §6.1.3).
func rcodeName(response []byte) string {
	rcode := int(response[3] & 15)
	var m dns.Msg
	if m.Unpack(response) == nil {
		rcode = m.Rcode
	}
	return wire.Rcode(rcode).String()
}
