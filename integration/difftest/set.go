package difftest

import "strings"

// RRsets are handled as gather shows them: OWNER TTL CLASS TYPE RDATA, RDATA...

// owner is the owner name of an RRset as gather shows it.
func owner(set string) string { return field(set, 0) }

// rrType is its type's mnemonic.
func rrType(set string) string { return field(set, 3) }

func field(set string, i int) string {
	words := strings.SplitN(set, " ", i+2)
	if i >= len(words) {
		return ""
	}
	return words[i]
}

// rdatas are the records of an RRset.
func rdatas(set string) []string {
	words := strings.SplitN(set, " ", 5)
	return strings.Split(words[len(words)-1], ", ")
}

// target is the only RDATA of an RRset.
func target(set string) string { return set[strings.LastIndexByte(set, ' ')+1:] }

// octets of an RRset of addresses in a message, its owner compressed.
func octets(set string) int {
	each := 2 + 10 + 4
	if rrType(set) == "AAAA" {
		each += 12
	}
	return each * (1 + strings.Count(set, ", "))
}

func isAddress(set string) bool { return rrType(set) == "A" || rrType(set) == "AAAA" }

// names says that the RDATA of one of the RRsets has this name in it.
func names(sets []string, name string) bool {
	for _, set := range sets {
		for _, word := range strings.FieldsFunc(set, func(r rune) bool { return r == ' ' || r == ',' })[4:] {
			if word == name {
				return true
			}
		}
	}
	return false
}

// isBelow says that name is cut or below it. Both are in presentation form and lower case.
func isBelow(name, cut string) bool { return name == cut || strings.HasSuffix(name, "."+cut) }
