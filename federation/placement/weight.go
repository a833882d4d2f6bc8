package placement

import "fmt"

// weights are the weights of a Scheduling made ready for many clusters.
type weights struct {
	stated bool
	named  map[string]int64 // those of affinities that are only names
	rules  []rule
}

type rule struct {
	*Selector
	weight int64
}

func newWeights(s *Scheduling) (weights, error) {
	w := weights{stated: len(s.Weights) > 0}
	for i, stated := range s.Weights {
		selector, err := NewSelector(stated.Affinity)
		if err != nil {
			return weights{}, fmt.Errorf("weights[%d]: %w", i, err)
		}
		if !selector.onlyNames() {
			w.rules = append(w.rules, rule{selector, stated.Weight})
			continue
		}
		if w.named == nil {
			w.named = map[string]int64{}
		}
		for _, name := range stated.Affinity.Clusters {
			if before, ok := w.named[name]; !ok || before < stated.Weight {
				w.named[name] = stated.Weight
			}
		}
	}
	return w, nil
}

// of is the weight of a cluster: its limit's, else the greatest of those that
// select it, else, if none are stated at all, 1. Not ok: some are, for others.
func (w *weights) of(m *member, l Limit) (weight int64, ok bool) {
	if l.Weight != nil {
		return *l.Weight, true
	}
	if !w.stated {
		return 1, true
	}
	weight, ok = w.named[m.Name]
	for _, r := range w.rules {
		if ok && r.weight <= weight {
			continue
		}
		if selected, _ := r.Selects(m.Cluster); selected {
			weight, ok = r.weight, true
		}
	}
	return weight, ok
}
