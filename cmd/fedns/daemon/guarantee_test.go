package daemon

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/fedns/fedns/discovery/guarantee"
	"github.com/fedns/fedns/discovery/guarantee/guaranteetest"
)

// TestGuaranteeNamesAreInDoubt: no name is said not to exist before every cluster was read.
func TestGuaranteeNamesAreInDoubt(t *testing.T) {
	p := guaranteetest.Prove(t, guarantee.NamesAreInDoubt)
	read := time.Duration(1+p.IntN(240)) * time.Second
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		_, ended := doubt{
			missing: func() []string {
				if time.Since(began) < read {
					return []string{"late"}
				}
				return nil
			},
			decided:    func() bool { return true },
			longest:    func() time.Duration { return 5 * time.Minute },
			unresolved: func() []string { return nil },
		}.end(t.Context())
		if took := time.Since(began); !ended || took < read {
			p.Broken("a cluster is read after %v, and names are certain after %v", read, took)
		}
	})
}
