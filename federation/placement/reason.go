package placement

import "strconv"

// reasons has one for each cluster, by name, all with the same words.
func (p *plan) reasons(why string) []Reason {
	reasons := make([]Reason, len(p.ix.members))
	for i := range reasons {
		reasons[i] = Reason{Cluster: p.ix.members[i].Name, Why: why}
	}
	return reasons
}

// conclude makes candidates targets, and says why each gets what it gets.
func (p *plan) conclude(d *Decision, cs []candidate) {
	targets := 0
	for i := range cs {
		c := &cs[i]
		r := &d.Reasons[c.at]
		switch {
		case c.idle:
			r.Why = "it is scaled to zero, and was not there before"
		case p.divided && c.got == 0:
			r.Why = "no replica is left for it"
			if c.weight == 0 {
				r.Why = "its weight is 0"
			}
		default:
			r.Kept, r.Why = true, p.why(c)
			targets++
		}
	}
	if targets == 0 {
		return
	}
	got := make([]int32, len(p.ix.members))
	for i := range cs {
		got[cs[i].at] = cs[i].got
	}
	d.Targets = make([]Target, 0, targets)
	for i := range d.Reasons {
		if d.Reasons[i].Kept {
			d.Targets = append(d.Targets, Target{Cluster: d.Reasons[i].Cluster, Replicas: got[i]})
		}
	}
}

// why says what a target gets and by which rule. It is written for each target of
// each plan, so it does without fmt.
func (p *plan) why(c *candidate) string {
	m := &p.ix.members[c.at]
	if p.Replicas == nil {
		return "selected"
	}
	if !p.divided {
		if c.got == *p.Replicas {
			return "selected, with all replicas"
		}
		return "selected, with as many replicas as its limit says"
	}
	text := make([]byte, 0, 80)
	text = strconv.AppendInt(text, int64(c.got), 10)
	text = append(text, " of "...)
	text = strconv.AppendInt(text, int64(*p.Replicas), 10)
	switch p.Scheduling.Mode {
	case Weighted:
		text = append(text, " by weight "...)
		text = strconv.AppendInt(text, c.weight, 10)
	case Dynamic:
		text = append(text, " by room for "...)
		text = c.appendRoom(text)
	case Aggregated:
		text = append(text, " in few clusters, room for "...)
		text = c.appendRoom(text)
	case Even:
		text = append(text, " evenly"...)
	case Cheapest:
		text = append(text, " by price"...)
		if m.Price > 0 {
			text = append(text, ' ')
			text = strconv.AppendFloat(text, m.Price, 'g', -1, 64)
		}
	case Geography:
		text = append(text, " by region "...)
		text = append(text, m.Region...)
	}
	switch {
	case p.keep && c.got > 0 && c.got == p.ran(c):
		text = append(text, ", as before"...)
	case c.got == c.hi:
		text = append(text, ", the most it may have"...)
	case c.got == c.lo:
		text = append(text, ", the least it may have"...)
	}
	if c.shy {
		text = append(text, ", though a taint has it come last"...)
	}
	return string(text)
}

// ran is how many replicas a candidate has, assumed ones not among them; -1: it does
// not have the template.
func (p *plan) ran(c *candidate) int32 {
	if p.runs != nil {
		return p.runs[c.at]
	}
	return c.previous
}

func (c *candidate) appendRoom(text []byte) []byte {
	if c.room == unlimited {
		return append(text, "any number, as far as is known"...)
	}
	return strconv.AppendInt(text, int64(c.room), 10)
}
