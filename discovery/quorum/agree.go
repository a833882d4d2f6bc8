package quorum

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fedns/fedns/discovery/cluster"
)

// Kind is what a signal is about.
type Kind uint8

const (
	// Data is a cluster's data plane.
	Data Kind = iota
	// API is its API server.
	API
)

// Of is the part of an Opinion that k is about.
func (k Kind) Of(o Opinion) cluster.Signal {
	if k == API {
		return o.API
	}
	return o.Data
}

// String is the question for people.
func (k Kind) String() string {
	if k == API {
		return "its API server can be reached"
	}
	return "its data plane works"
}

// Replica is one fresh replica.
type Replica struct {
	Name string
	View View // nil: it has no opinion
}

// Verdict is what fresh replicas agree on.
type Verdict struct {
	Signal   cluster.Signal
	Replicas int      // that are fresh
	Up, Down []string // names of those that see it so, sorted
}

// Agree applies the rule of the package's documentation to one cluster. The order
// of replicas does not matter. It is a pure function.
func Agree(replicas []Replica, id cluster.ID, kind Kind) Verdict {
	v := Verdict{Replicas: len(replicas)}
	for _, r := range replicas {
		switch kind.Of(r.View[id]) {
		case cluster.Up:
			v.Up = append(v.Up, r.Name)
		case cluster.Down:
			v.Down = append(v.Down, r.Name)
		}
	}
	slices.Sort(v.Up)
	slices.Sort(v.Down)
	switch {
	case 2*len(v.Down) > v.Replicas:
		v.Signal = cluster.Down
	case len(v.Up) > 0:
		v.Signal = cluster.Up
	}
	return v
}

// maxNamed bounds how many replicas a finding names on either side.
const maxNamed = 5

// finding says who disagrees; empty: nobody.
func (v Verdict) finding(kind Kind) string {
	if len(v.Up) == 0 || len(v.Down) == 0 {
		return ""
	}
	return fmt.Sprintf("replicas disagree on whether %s: yes say %s, no say %s, of %d it is taken for %s",
		kind, named(v.Up), named(v.Down), v.Replicas, v.Signal)
}

func named(all []string) string {
	if more := len(all) - maxNamed; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(all[:maxNamed], ", "), more)
	}
	return strings.Join(all, ", ")
}
