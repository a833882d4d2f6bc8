package main

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
