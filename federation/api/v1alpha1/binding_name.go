package v1alpha1

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// BindingName is the name of the Binding of an object of a kind. It is the same for
// the same arguments for all time, and different for different ones: what a
// name may not hold (RBAC's have colons) or has no room for, the sum at the end tells apart.
func BindingName(group, kind, name string) string {
	const longest = 253
	sum := sha256.Sum256([]byte(group + "\x00" + kind + "\x00" + name))
	end := "-" + strings.ToLower(kind) + "-" + hex.EncodeToString(sum[:4])
	readable := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(name))
	readable = strings.Trim(readable[:min(len(readable), longest-len(end))], "-")
	if readable == "" {
		readable = "x"
	}
	return readable + end
}

// Placed is the targets in a line, with their replicas, for BindingStatus. Clusters
// that are leaving have a minus before them. Of many it has the first ones, and how
// many there are.
func (s *BindingSpec) Placed() string {
	const most = 8
	var all []string
	for _, t := range s.Targets {
		text := string(t.Cluster)
		if t.Replicas > 0 {
			text += fmt.Sprintf("=%d", t.Replicas)
		}
		all = append(all, text)
	}
	for _, l := range s.Leaving {
		all = append(all, "-"+string(l.Cluster))
	}
	if n := len(all) - most; n > 0 {
		all = append(all[:most], fmt.Sprintf("and %d more", n))
	}
	return strings.Join(all, " ")
}
