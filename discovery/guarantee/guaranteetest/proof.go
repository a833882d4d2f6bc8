// Package guaranteetest is what the tests of promises share: chance with a seed
// that is printed, and one way to say that a promise is broken.
//
// It imports discovery/guarantee and the standard library.
package guaranteetest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/fedns/fedns/discovery/guarantee"
)

// Proof is the test of one promise. It belongs to the test's goroutine, but for
// Broken and Text.
type Proof struct {
	*rand.Rand
	t    testing.TB
	name guarantee.Name
}

// Prove begins a proof. What it leaves to chance follows $FEDNS_SEED, else the
// clock; the log tells which.
func Prove(t testing.TB, name guarantee.Name) *Proof {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("FEDNS_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("FEDNS_SEED: want a whole number, got %q", text)
		}
	}
	t.Logf("FEDNS_SEED=%d", seed)
	return &Proof{rand.New(rand.NewPCG(seed, 0)), t, name}
}

// Broken fails the test for want of the promise, and not for anything else.
func (p *Proof) Broken(format string, args ...any) {
	p.t.Helper()
	p.t.Error(p.Text() + fmt.Sprintf(format, args...))
}

// Text is how a broken promise is told, for a panic that nobody contains.
func (p *Proof) Text() string { return "broken: " + string(p.name) + ": " }
