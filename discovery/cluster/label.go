package cluster

import "github.com/fedns/fedns/dnsserver/dnsname"

// IsLabel says that s is a host name label in lower case (RFC 1123 §2.1): what
// Kubernetes calls a DNS label.
func IsLabel(s string) bool {
	if len(s) == 0 || len(s) > dnsname.MaxLabel || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}
