package plan

import "github.com/fedns/fedns/providers/hosted"

// going are the digests of what is there, and not afterwards.
func going(at standing, now hosted.Entry) map[string]bool {
	out := map[string]bool{}
	for _, s := range at.Entry.Sets {
		for _, d := range setDigests(s) {
			out[d] = true
		}
	}
	for _, s := range now.Sets {
		for _, d := range setDigests(s) {
			delete(out, d)
		}
	}
	return out
}

// lost counts the records of ours that are gone afterwards, and not before.
func lost(at standing, now hosted.Entry) int {
	gone := going(at, now)
	n := 0
	for _, c := range at.ours {
		for _, d := range c.Digests {
			if gone[d] {
				delete(gone, d)
				n++
			}
		}
	}
	return n
}

// takesStrange says that something goes that we do not claim. Somebody edited it, or
// another owner has claimed it since the claims were read: a listing shows an Entry
// and its claims as they were at two moments. What goes with a claim of ours changes
// the claims; this does not, and the claims have to be asserted all the same.
func takesStrange(at standing, now hosted.Entry) bool {
	gone := going(at, now)
	for _, c := range at.ours {
		for _, d := range c.Digests {
			delete(gone, d)
		}
	}
	return len(gone) > 0
}
