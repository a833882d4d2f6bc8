package recordsync

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/fedns/fedns/providers"
	"github.com/fedns/fedns/providers/ownership"
	"github.com/fedns/fedns/providers/plan"
)

// Release lets the losses pass that are held at a provider. A word that nothing waits
// for is an error: it would not be heard later.
func (z *Zones) Release(provider string) error {
	all, err := z.written(provider, true)
	if err != nil {
		return err
	}
	held := slices.DeleteFunc(all, func(s *providers.Sync) bool {
		st := s.Status()
		return st.Held == 0 || st.DryRun
	})
	if len(held) == 0 {
		return fmt.Errorf("no deletions are held at provider %s; one that only begins tells in its status when they are", provider)
	}
	for _, s := range held {
		s.Release()
	}
	return nil
}

// Adoption says which records of external-dns's are to be taken over.
type Adoption struct {
	From   string // external-dns's --txt-owner-id
	Affix  ownership.Affix
	DryRun bool // only say it
}

// Adopt takes over what an owner of external-dns holds at a provider and a zone of ours
// wants, and says what that is. It takes as long as a listing.
func (z *Zones) Adopt(ctx context.Context, provider string, a Adoption) ([]Planned, error) {
	if err := a.Affix.Check(); err != nil {
		return nil, err
	}
	if a.From == "" {
		return nil, errors.New("whose records are to be adopted is not said")
	}
	all, err := z.written(provider, !a.DryRun)
	if err != nil {
		return nil, err
	}
	return each(all, func(s *providers.Sync) ([]plan.Unit, error) {
		units, found, err := s.PlanAdoption(ctx, a.From, a.Affix)
		switch {
		case err != nil || a.DryRun:
		case s.Status().DryRun:
			return nil, errors.New("nothing is written here: dryRun is configured")
		default:
			s.Adopt(found)
		}
		return units, err
	}), nil
}

// written are the hosted zones of one provider, which a word is to be said to: this
// replica has to lead then.
func (z *Zones) written(provider string, leading bool) ([]*providers.Sync, error) {
	all := z.syncs(provider)
	if provider == "" || len(all) == 0 {
		return nil, fmt.Errorf("there is no provider %q", provider)
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	if leading && !z.leads {
		return nil, errors.New("another replica writes: say it to that one")
	}
	return all, nil
}

// Planned is what would be done in one hosted zone.
type Planned struct {
	Provider, Zone string
	Units          []plan.Unit
	Err            error
}

// Plan says what would be done at a provider, or at all of them.
func (z *Zones) Plan(ctx context.Context, provider string) []Planned {
	return each(z.syncs(provider), func(s *providers.Sync) ([]plan.Unit, error) { return s.Plan(ctx) })
}

// each has all hosted zones planned at once.
func each(syncs []*providers.Sync, do func(*providers.Sync) ([]plan.Unit, error)) []Planned {
	out := make([]Planned, len(syncs))
	var wait sync.WaitGroup
	for i, s := range syncs {
		wait.Go(func() {
			st := s.Status()
			out[i] = Planned{Provider: st.Provider, Zone: st.Zone}
			out[i].Units, out[i].Err = do(s)
		})
	}
	wait.Wait()
	return out
}
