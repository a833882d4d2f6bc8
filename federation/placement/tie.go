package placement

// FNV-1a's numbers, for 64 bits.
const (
	fnvOffset = 14695981039346656037
	fnvPrime  = 1099511628211
)

func hash(h uint64, s string) uint64 {
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * fnvPrime
	}
	return h
}

// tieFor breaks ties between clusters for a template: by both names, so that not all
// small templates end up in the same cluster (Federated ReplicaSets' design asks
// for that), and by nothing else, so that it stays when other things change.
//
// FNV alone gives names that differ in their last letter nearly the same order
// for all keys of a length, hence the mixing (MurmurHash3's last step).
func (m *member) tieFor(key string) uint64 {
	h := hash(m.tie^0xff*fnvPrime, key)
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}
