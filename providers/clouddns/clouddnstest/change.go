package clouddnstest

import (
	"net/http"
	"slices"
	"strconv"
	"time"
)

// stored is a change that was made.
type stored struct {
	change Change
	done   time.Time
}

// maxChanges bounds what changes.get and changes.list know of a zone's past.
const maxChanges = 1000

func (s *Server) createChange(r *request) (any, *failure) {
	z, failed := s.zone(r)
	if failed != nil {
		return nil, failed
	}
	c := *r.change
	if failed := z.check(s.cfg.Quota, c); failed != nil {
		return nil, failed
	}
	for _, d := range c.Deletions {
		z.drop(key{d.Name, d.Type})
	}
	for _, a := range c.Additions {
		z.put(a)
	}
	z.next++
	c.Kind, c.ID, c.Status, c.IsServing = "dns#change", strconv.Itoa(z.next), "", true
	c.StartTime = r.now.UTC().Format(time.RFC3339Nano)
	if len(z.changes) == maxChanges {
		z.changes = slices.Delete(z.changes, 0, maxChanges/2)
	}
	z.changes = append(z.changes, stored{c, r.now.Add(s.cfg.Propagation)})
	return z.changes[len(z.changes)-1].at(r.now), nil
}

// at is the change as it is told at a time.
func (st stored) at(now time.Time) Change {
	st.change.Status = "pending"
	if !now.Before(st.done) {
		st.change.Status = "done"
	}
	return st.change
}

func (s *Server) getChange(r *request) (any, *failure) {
	z, failed := s.zone(r)
	if failed != nil {
		return nil, failed
	}
	for _, st := range z.changes {
		if st.change.ID == r.path["changeId"] {
			return st.at(r.now), nil
		}
	}
	return nil, fail(http.StatusNotFound, "notFound", "The 'parameters.changeId' resource named '%s' does not exist.", r.path["changeId"])
}

func (s *Server) listChanges(r *request) (any, *failure) {
	z, failed := s.zone(r)
	if failed != nil {
		return nil, failed
	}
	if by := r.query.Get("sortBy"); by != "" && by != "changeSequence" {
		return nil, invalid("parameters.sortBy", by)
	}
	all := make([]Change, len(z.changes))
	for i, st := range z.changes {
		all[i] = st.at(r.now)
	}
	switch order := r.query.Get("sortOrder"); order {
	case "", "ascending":
	case "descending":
		slices.Reverse(all)
	default:
		return nil, invalid("parameters.sortOrder", order)
	}
	from, to, next, failed := window(r, len(all), func(i int) string { return all[i].ID }, func(token string) int {
		i := slices.IndexFunc(all, func(c Change) bool { return c.ID == token })
		if i < 0 {
			return -1
		}
		return i + 1
	})
	if failed != nil {
		return nil, failed
	}
	return changesPage{Kind: "dns#changesListResponse", Changes: all[from:to], NextPageToken: next}, nil
}
