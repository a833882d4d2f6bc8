package federation

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// sameMap says that two maps hold the same; nil is empty.
func sameMap[K, V comparable](a, b map[K]V) bool {
	if len(a) != len(b) {
		return false
	}
	for k, v := range a {
		if w, ok := b[k]; !ok || v != w {
			return false
		}
	}
	return true
}

// sameTaints says that two lists of taints are the same, times included: from
// those it follows when something moves.
func sameTaints(a, b []corev1.Taint) bool {
	return slices.EqualFunc(a, b, func(x, y corev1.Taint) bool {
		return x.MatchTaint(&y) && x.Value == y.Value && x.TimeAdded.Equal(y.TimeAdded)
	})
}
