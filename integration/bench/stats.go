package main

import "slices"

// sample is what one server did in one round.
type sample struct {
	CPU      float64 `json:"cpuMicroseconds"` // a query, of user and system, all threads and children
	Rate     float64 `json:"answersPerSecond"`
	Busy     float64 `json:"busy"` // share of its core that the server used
	P50      float64 `json:"p50Microseconds"`
	P99      float64 `json:"p99Microseconds"`
	P999     float64 `json:"p999Microseconds"`
	Answered uint64  `json:"answered"`
	Lost     uint64  `json:"lost"`
	Wrong    uint64  `json:"wrong"`
	Updates  float64 `json:"updatesPerSecond,omitempty"` // RRsets published meanwhile
	Held     int64   `json:"slowConnections,omitempty"`  // open at the end
}

func cpu(s sample) float64  { return s.CPU }
func rate(s sample) float64 { return s.Rate }
func p999(s sample) float64 { return s.P999 }

// spread is a list of figures by its middle and ends. With no figures all are 0.
type spread struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

func spreadOf(figures []float64) spread {
	if len(figures) == 0 {
		return spread{}
	}
	f := slices.Sorted(slices.Values(figures))
	n := len(f)
	return spread{Median: (f[(n-1)/2] + f[n/2]) / 2, Min: f[0], Max: f[n-1]}
}

// of is the spread of one figure of samples.
func of(figure func(sample) float64, samples []sample) spread {
	var all []float64
	for _, s := range samples {
		all = append(all, figure(s))
	}
	return spreadOf(all)
}

// ratios is the spread of one figure's ratio, of samples to base, round by
// round: what slows a round down slows both. Rounds in which base is 0 are left out.
func ratios(figure func(sample) float64, samples, base []sample) spread {
	var all []float64
	for i := range min(len(samples), len(base)) {
		if b := figure(base[i]); b > 0 {
			all = append(all, figure(samples[i])/b)
		}
	}
	return spreadOf(all)
}
