package answer

import (
	"strings"

	"github.com/fedns/fedns/dnsserver/policy"
	"github.com/fedns/fedns/dnsserver/wire"
	"github.com/fedns/fedns/dnsserver/zone"
)

// chaos answers for class CH what operators ask servers (RFC 4892), as far as
// the Policy tells it.
func (w *Worker) chaos(q *wire.Query, p *policy.Policy) wire.Rcode {
	owner := q.Owner()
	var text string
	switch strings.ToLower(owner.String()) {
	case "version.bind.", "version.server.":
		text = p.Version
	case "id.server.", "hostname.bind.":
		text = p.ServerID
	}
	if text == "" || q.Type != zone.TypeTXT && q.Type != wire.TypeANY {
		w.edns.ede = wire.NotAuthoritative
		return wire.Refused
	}
	w.writer.ClassRecord(wire.AnswerSection, owner, zone.TypeTXT, wire.ClassCH, 0, zone.TXT(text))
	return wire.NoError
}
