package difftest

import "strings"

// minimal is the part of the zone that the question can have to do with: the
// records at, above and below its name, and of the names these point to.
func minimal(q *query) string {
	z := q.zone
	near := []name{q.name}
	var b strings.Builder
	b.WriteString("records near the question:\n")
	shown, of := map[int]bool{}, map[string]int{}
	for at := 0; at < len(near) && at < 20; at++ {
		for i, r := range z.records {
			if shown[i] || len(r.owner) > len(z.apex) && !related(r.owner, near[at]) {
				continue
			}
			if len(r.owner) == len(z.apex) && r.typ != "SOA" && r.typ != "DNAME" && len(q.name) != len(z.apex) {
				continue
			}
			shown[i] = true
			id := r.owner.key() + " " + r.typ
			if of[id]++; of[id] > 3 {
				if of[id] == 4 {
					b.WriteString("    ... and more of these\n")
				}
				continue
			}
			line := r.String()
			if len(line) > 300 {
				line = line[:300] + "..."
			}
			b.WriteString("    " + line + "\n")
			if r.typ == "CNAME" || r.typ == "DNAME" || r.typ == "NS" {
				for _, o := range z.records {
					if lower(o.owner.String()) == lower(r.rdata) {
						near = append(near, o.owner)
						break
					}
				}
			}
			if len(of) > 20 {
				b.WriteString("    ...\n")
				return b.String()
			}
		}
	}
	return b.String()
}

// related says that a is at, above or below b, or a wildcard that may stand for it.
func related(a, b name) bool {
	if a.under(b) || b.under(a) {
		return true
	}
	for i, label := range a {
		if label == "*" {
			return b.under(a[i+1:])
		}
	}
	return false
}
