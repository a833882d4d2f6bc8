package join

import (
	"slices"
	"strconv"
	"strings"

	"github.com/fedns/fedns/discovery/cluster"
)

// maxFindings bounds what one object, and one Group, can say: a Service with
// thousands of unusable endpoints is told well enough by the first few.
const maxFindings = 5

// findings is what of an object cannot be used as it is written, a line each.
type findings struct {
	list []string
	more bool // there were more than maxFindings
}

// kept is f for keeping: nil when there are none.
func (f findings) kept() *findings {
	if len(f.list) == 0 {
		return nil
	}
	return &f
}

// get is what kept was made of.
func (f *findings) get() findings {
	if f == nil {
		return findings{}
	}
	return *f
}

// add notes the object's field, of which want says what it should be.
func (f *findings) add(object, field, want, value string) {
	if len(f.list) == maxFindings {
		f.more = true
		return
	}
	value = strings.ToValidUTF8(value[:min(len(value), 64)], "?")
	f.list = append(f.list, object+": "+field+": want "+want+", got "+strconv.Quote(value))
}

func (f findings) equal(g findings) bool { return f.more == g.more && slices.Equal(f.list, g.list) }

// union is what a Group tells of its objects, nil when there is nothing.
func union(all ...findings) []string {
	var out []string
	more := false
	for _, f := range all {
		out = append(out, f.list...)
		more = more || f.more
	}
	slices.Sort(out) // objects come in no order
	out = slices.Compact(out)
	if len(out) > maxFindings {
		out, more = out[:maxFindings], true
	}
	if more {
		out = append(out, "more fields like these cannot be used")
	}
	return out
}

// warn logs, once, what is wrong with the annotations of a Service that is not
// exported: there is no Group to carry it.
func (j *Join) warn(key cluster.ServiceKey, e *entry) {
	var wrong []string
	if e.service != nil && e.service.flag(recordMisannotated) {
		wrong = union(e.service.service(key, j.names.intern).misannotated)
	}
	var print uint64
	if len(wrong) > 0 {
		print = j.hash(wrong) | 1
	}
	if print == e.warned {
		return
	}
	e.warned = print
	for _, text := range wrong {
		j.cfg.Log.Warn("annotation is not used as it is written", "cluster", string(j.cfg.Cluster), "service", key.String(), "finding", text)
	}
}
