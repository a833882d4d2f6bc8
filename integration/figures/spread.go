package figures

import (
	"fmt"
	"slices"
)

// Spread is a list of figures by its middle and ends. With no figures all are 0.
type Spread struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

// SpreadOf sums figures up, which it leaves as they are.
func SpreadOf(figures []float64) Spread {
	if len(figures) == 0 {
		return Spread{}
	}
	f := slices.Sorted(slices.Values(figures))
	n := len(f)
	return Spread{Median: (f[(n-1)/2] + f[n/2]) / 2, Min: f[0], Max: f[n-1]}
}

// Of is the spread of one figure of rounds.
func Of[R any](figure func(R) float64, rounds []R) Spread {
	all := make([]float64, 0, len(rounds))
	for _, r := range rounds {
		all = append(all, figure(r))
	}
	return SpreadOf(all)
}

// Ratios is the spread of one figure's ratio, of rounds to base, round by round:
// what slows a round down slows both. Rounds in which base is 0 are left out.
func Ratios[R any](figure func(R) float64, rounds, base []R) Spread {
	var all []float64
	for i := range min(len(rounds), len(base)) {
		if b := figure(base[i]); b > 0 {
			all = append(all, figure(rounds[i])/b)
		}
	}
	return SpreadOf(all)
}

// String is median (min..max), to hundredths.
func (s Spread) String() string { return fmt.Sprintf("%.2f (%.2f..%.2f)", s.Median, s.Min, s.Max) }
