package providers

import "fmt"

const (
	// So many batches in a row that came to nothing, with nobody saying why, are taken
	// for the fault of what is in them, since the fence was written after each: the
	// provider works.
	maxDead = 3
	// A piece by itself is given more tries: nothing else is tried in its place, and it
	// waits for an audit afterwards.
	maxDeadAlone = 5
	// From here on batches are as large as they may be again.
	mostMax = 1 << 12
)

// suspect draws its conclusion from a batch that had an unknown outcome, and is known
// not to have been made. Some providers do not say what is wrong with a batch: BIND
// answers SERVFAIL where a name would have too many records of a type. Then batches
// become smaller, until what is to blame is alone in one.
func (w *writer) suspect() {
	w.dead++
	switch n := len(w.doubt); {
	case n == 1 && w.dead >= maxDeadAlone:
		w.blame(w.doubt[0], fmt.Sprintf("%v (%d times, while other writes were taken)", w.unsure, w.dead))
		w.doubt, w.dead = nil, 0
	case n > 1 && (w.dead >= maxDead || w.most > 0):
		w.most, w.dead = n/2, 0
	}
}

// trust has batches grow again after one was made.
func (w *writer) trust() {
	w.dead = 0
	if w.most *= 2; w.most > mostMax {
		w.most = 0
	}
}

// narrow leaves as much in the next batch as there may be.
func (w *writer) narrow() {
	if bin := w.bins[0]; w.most > 0 && len(bin) > w.most {
		w.bins[0] = bin[w.most:]
		w.first(bin[:w.most])
	}
}
