package recordsync

import (
	"testing"

	"github.com/fedns/fedns/cmd/fedns/config"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/inmemory"
)

// TestAccountOutlivesAChange: a provider that is changed while the daemon runs shares its
// account's rates with those that are as they were, and all of them get other rates.
func TestAccountOutlivesAChange(t *testing.T) {
	z := keeping(t, Config{}, "web 30 192.0.2.1")
	provider := func(name string, dry bool, rates ...hosted.Rate) config.Provider {
		return config.Provider{Name: name, Kind: config.InMemory, Zones: names("example.com."), Owner: name, Account: "shared", DryRun: dry, Rates: rates}
	}
	kept := func(name string) *keep {
		z.mu.Lock()
		defer z.mu.Unlock()
		k := z.all[key{name, apex}]
		if k == nil || k.account == nil || k.account.rate == nil {
			t.Fatalf("%s has no account", name)
		}
		return k
	}
	z.Apply([]config.Provider{provider("one", false), provider("two", false)})
	one, two := kept("one"), kept("two")
	z.Apply([]config.Provider{provider("one", false), provider("two", true)})
	if kept("one") != one || kept("two") == two {
		t.Fatal("want the one that changed to be made anew, and no other")
	}
	if kept("two").account.rate != one.account.rate {
		t.Error("they share no longer")
	}
	fewer := hosted.Rate{Action: string(inmemory.Apply), Burst: 1, PerSecond: 1}
	z.Apply([]config.Provider{provider("one", false, fewer), provider("two", true)})
	if kept("one").account == one.account || kept("two").account != kept("one").account {
		t.Error("want both to have the account's other rates")
	}
}
