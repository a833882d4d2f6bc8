package placement

import (
	"cmp"
	"slices"
)

// share is one cluster's part in telling out a number of replicas.
type share struct {
	weight int64 // 0: no more than lo
	lo, hi int64
	had    int64 // so that a tie moves nothing
	got    int64
	part   int64 // what rounding took away, in parts of all active weights
	fixed  bool
}

// heaviest is how much all weights together may be, so that products with a
// number of replicas fit into an int64.
const heaviest = 1 << 31

// apportion tells out total among shares by their weights, each within its limits:
// got is weight times one factor for all, but for those that reach a limit. What
// is left by rounding goes where most was taken away (largest remainder, Hamilton's
// method), or with byWeight to the heaviest, one each. Of equal ones, the
// heaviest come first, then those that had most, then those that stand first.
//
// It returns what is left over because all that have a weight are at their most.
// Limits take precedence: with the sum of all lo greater than total, each gets lo.
func apportion(shares []share, total int64, byWeight bool) (left int64) {
	lighten(shares)
	rest, weight := total, int64(0)
	for i := range shares {
		s := &shares[i]
		s.fixed, s.got, s.part = s.weight <= 0 || s.hi <= s.lo, s.lo, 0
		if s.fixed {
			rest -= s.lo
		} else {
			weight += s.weight
		}
	}
	for weight > 0 {
		rest = max(rest, 0)
		settled := settle(shares, rest, weight)
		if settled == 0 {
			break
		}
		rest, weight = total, 0
		for i := range shares {
			if shares[i].fixed {
				rest -= shares[i].got
			} else {
				weight += shares[i].weight
			}
		}
	}
	if weight == 0 {
		return max(rest, 0)
	}
	whole := max(rest, 0)
	for i := range shares {
		if s := &shares[i]; !s.fixed {
			s.got, s.part = whole*s.weight/weight, whole*s.weight%weight
			rest -= s.got
		}
	}
	giveRest(shares, rest, byWeight)
	return 0
}

// lighten scales weights down that are too large to calculate with.
func lighten(shares []share) {
	sum := 0.0
	for i := range shares {
		sum += float64(shares[i].weight)
	}
	for ; sum >= heaviest-float64(len(shares)); sum /= 2 {
		for i := range shares {
			if shares[i].weight > 1 {
				shares[i].weight /= 2
			}
		}
	}
}

// settle fixes the shares that reach a limit when rest is told out among those
// that are not fixed: those at their least, if limits add more than they take
// away, else those at their most. So each that is fixed is so in the end, too.
func settle(shares []share, rest, weight int64) (settled int) {
	var added, cut float64
	for i := range shares {
		s := &shares[i]
		if s.fixed {
			continue
		}
		switch exact := rest * s.weight; {
		case exact < s.lo*weight:
			added += float64(s.lo*weight - exact)
		case s.hi < unlimited && exact > s.hi*weight:
			cut += float64(exact - s.hi*weight)
		}
	}
	for i := range shares {
		s := &shares[i]
		if s.fixed {
			continue
		}
		switch exact := rest * s.weight; {
		case added >= cut && exact < s.lo*weight:
			s.fixed, s.got = true, s.lo
			settled++
		case added <= cut && s.hi < unlimited && exact > s.hi*weight:
			s.fixed, s.got = true, s.hi
			settled++
		}
	}
	return settled
}

// giveRest gives what rounding left to the shares that are not fixed.
func giveRest(shares []share, rest int64, byWeight bool) {
	if rest <= 0 {
		return
	}
	order := make([]*share, 0, len(shares))
	for i := range shares {
		if !shares[i].fixed {
			order = append(order, &shares[i])
		}
	}
	slices.SortStableFunc(order, func(a, b *share) int {
		if byWeight {
			return cmp.Or(cmp.Compare(b.weight, a.weight), cmp.Compare(b.had, a.had))
		}
		return cmp.Or(cmp.Compare(b.part, a.part), cmp.Compare(b.weight, a.weight), cmp.Compare(b.had, a.had))
	})
	for gave := true; rest > 0 && gave; {
		gave = false
		for _, s := range order {
			if rest > 0 && s.got < s.hi {
				s.got++
				rest--
				gave = true
			}
		}
	}
}
