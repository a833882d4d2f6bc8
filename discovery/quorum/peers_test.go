package quorum

import (
	"strings"
	"testing"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
)

// TestPeers: who counts, and whether what it said does, as lists follow upon each
// other. A list is "name:renewal" of each Lease; wanted is who is fresh, with ? for
// those whose view does not count yet.
func TestPeers(t *testing.T) {
	type list struct {
		at   time.Duration
		seen string
		want string
	}
	for _, c := range []struct {
		name  string
		lists []list
	}{
		{"one that was not seen to move has no opinion", []list{
			{0, "b:7", "b?"}, {2 * time.Second, "b:7", "b?"}, {4 * time.Second, "b:8", "b"},
		}},
		{"and is dead when it never does", []list{
			{0, "b:7", "b?"}, {5 * time.Second, "b:7", "b?"}, {14 * time.Second, "b:7", "b?"}, {15 * time.Second, "b:7", ""}, {20 * time.Second, "b:8", "b"},
		}},
		{"its clock may stand anywhere", []list{
			{0, "b:7 c:0", "b? c?"}, {2 * time.Second, "b:3 c:0", "b c?"},
		}},
		{"one that stops gets old", []list{
			{0, "b:1", "b?"}, {5 * time.Second, "b:2", "b"}, {10 * time.Second, "b:2", "b"}, {19 * time.Second, "b:2", "b"}, {21 * time.Second, "b:2", ""},
		}},
		{"after a gap all are as new", []list{
			{0, "b:1 c:1", "b? c?"}, {2 * time.Second, "b:2 c:1", "b c?"},
			{60 * time.Second, "b:2 c:1", "b? c?"}, {62 * time.Second, "b:2 c:2", "b? c"}, {76 * time.Second, "b:2 c:3", "c"},
		}},
		{"one whose Lease is gone does not count", []list{{0, "b:1", "b?"}, {2 * time.Second, "b:2", "b"}, {4 * time.Second, "", ""}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var p peers
			begin := time.Unix(1_000_000, 0)
			for _, l := range c.lists {
				var seen []sighted
				for field := range strings.FieldsSeq(l.seen) {
					name, renewed, _ := strings.Cut(field, ":")
					seen = append(seen, sighted{name, time.Unix(int64(renewed[0]), 0), View{"c": {Data: cluster.Down}}})
				}
				now := begin.Add(l.at)
				p.see(now, seen)
				var got []string
				for _, r := range p.fresh() {
					if r.View == nil {
						r.Name += "?"
					}
					got = append(got, r.Name)
				}
				if text := strings.Join(got, " "); text != l.want {
					t.Errorf("at %v %q are fresh, want %q", l.at, text, l.want)
				}
				if !p.reached(now.Add(fresh-1)) || p.reached(now.Add(fresh)) {
					t.Errorf("at %v: reached too long or too short", l.at)
				}
			}
		})
	}
}
