package join

import "slices"

// part is one EndpointSlice of a Service.
type part struct {
	octets   string    // its name, and what pack made of its endpoints, as one string
	findings *findings // nil: none, as nearly always
	named    uint32    // how many of the octets are the name
}

func (s *Slice) part() part {
	return part{octets: s.octets, findings: s.findings.kept(), named: uint32(len(s.Key.Name))}
}

func (p *part) name() string   { return p.octets[:p.named] }
func (p *part) packed() string { return p.octets[p.named:] }

// parts are the EndpointSlices of a Service. Nearly every Service has one, and that
// one stands in its entry: of a hundred thousand of them, each list of its own would
// be something for the garbage collector to visit.
type parts struct {
	one  [1]part // where more is empty; without a name: there is none
	more []part  // all of them, where there are several
}

// all are the parts, to be read and changed in place until the next add or remove.
func (p *parts) all() []part {
	switch {
	case len(p.more) > 0:
		return p.more
	case p.one[0].named > 0:
		return p.one[:]
	}
	return nil
}

func (p *parts) empty() bool { return len(p.all()) == 0 }

// index is that of the part with a name; -1: it is none of them.
func (p *parts) index(name string) int {
	return slices.IndexFunc(p.all(), func(q part) bool { return q.name() == name })
}

func (p *parts) add(q part) {
	switch {
	case len(p.more) > 0:
		p.more = append(p.more, q)
	case p.one[0].named == 0:
		p.one[0] = q
	default:
		*p = parts{more: []part{p.one[0], q}}
	}
}

func (p *parts) remove(i int) {
	if len(p.more) == 0 {
		*p = parts{}
		return
	}
	if p.more = slices.Delete(p.more, i, i+1); len(p.more) == 1 {
		*p = parts{one: [1]part{p.more[0]}}
	}
}
