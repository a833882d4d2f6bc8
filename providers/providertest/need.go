package providertest

import (
	"slices"

	"github.com/fedns/fedns/providers/hosted"
)

// A need says why a lesson has to be left out of a suite with this Config; empty:
// it has not.

func needsSwaps(cfg *Config) string {
	if !cfg.Limits.Swaps || !cfg.Limits.Atomic {
		return "Limits: it does not compare and swap whole batches"
	}
	return ""
}

func needsHand(cfg *Config) string {
	if cfg.EditByHand == nil {
		return "Config has no EditByHand"
	}
	return ""
}

func needsAlias(cfg *Config) string {
	if !cfg.Alias.IsSet() {
		return "Config has no Alias"
	}
	return ""
}

func needsPolicy(p hosted.Policy) func(*Config) string {
	return func(cfg *Config) string {
		if !slices.Contains(cfg.Limits.Policies, p) {
			return "Limits: it has no routing policy " + p.String()
		}
		return ""
	}
}

func needsAnyPolicy(cfg *Config) string {
	if len(cfg.Limits.Policies) == 0 {
		return "Limits: it has no routing policies"
	}
	return ""
}

func both(a, b func(*Config) string) func(*Config) string {
	return func(cfg *Config) string {
		if why := a(cfg); why != "" {
			return why
		}
		return b(cfg)
	}
}

func needsHealth(cfg *Config) string {
	if p, _ := checked(cfg); p == hosted.PolicySimple {
		return "Config.Sets has no health check"
	}
	return ""
}

// checked is a routing policy of which Sets have a health check, and which set.
func checked(cfg *Config) (hosted.Policy, int) {
	for _, p := range cfg.Limits.Policies {
		if i := slices.IndexFunc(cfg.Sets[p], func(s hosted.Set) bool { return s.Health.IsSet() }); i >= 0 {
			return p, i
		}
	}
	return hosted.PolicySimple, 0
}
