package recordsync

import (
	"reflect"

	"github.com/fedns/fedns/cmd/fedns/config"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/rate"
)

// accounts are those whose rates are shared.
type accounts map[accountKey]*account

type accountKey struct{ kind, name string }

// account is one of them, with what the first of its providers says of its rates.
type account struct {
	rates []hosted.Rate
	rate  *rate.Account // nil: nobody uses it yet
}

func keyOf(p config.Provider) accountKey { return accountKey{p.Kind, p.Account} }

// next are the accounts of another configuration: those whose rates are the same go on,
// so that a provider that is taken up anew shares with those that were not.
func (a accounts) next(all []config.Provider) accounts {
	out := accounts{}
	for _, p := range all {
		k := keyOf(p)
		if out[k] != nil {
			continue
		}
		if old := a[k]; old != nil && reflect.DeepEqual(old.rates, p.Rates) {
			out[k] = old
		} else {
			out[k] = &account{rates: p.Rates}
		}
	}
	return out
}

// of is a provider's account.
func (a accounts) of(p config.Provider, limits hosted.Limits) (*rate.Account, error) {
	at := a[keyOf(p)]
	if at == nil {
		at = &account{rates: p.Rates}
		a[keyOf(p)] = at
	}
	if at.rate != nil {
		return at.rate, nil
	}
	cfg := rate.Config{Name: p.Account, Rates: limits.Rates, Override: map[string]rate.Limit{}}
	for _, r := range at.rates {
		cfg.Override[r.Action] = rate.Limit{Burst: r.Burst, PerSecond: r.PerSecond}
	}
	made, err := rate.NewAccount(cfg)
	at.rate = made
	return made, err
}
