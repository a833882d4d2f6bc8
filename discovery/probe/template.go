package probe

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Placeholders are what the Address of a Target may have in the place of what is
// each cluster's own: {cluster}, {region} and {server}.
func Placeholders() []string { return []string{"cluster", "region", "server"} }

var placeholder = regexp.MustCompile(`\{[^{}]*\}`)

// Fill is the Target with values in the place of placeholders, each of which
// belongs into a host name. The error says which is unknown or has no value, or what is
// wrong with the Target then.
func (t Target) Fill(values map[string]string) (Target, error) {
	var wrong error
	t.Address = placeholder.ReplaceAllStringFunc(t.Address, func(name string) string {
		value := values[name[1:len(name)-1]]
		switch {
		case wrong != nil:
		case !slices.Contains(Placeholders(), name[1:len(name)-1]):
			wrong = fmt.Errorf("target %s: unknown placeholder %s, want one of {%s}", t, name, strings.Join(Placeholders(), "}, {"))
		case value == "":
			wrong = fmt.Errorf("target %s: nothing is known to stand for %s", t, name)
		}
		return value
	})
	if wrong == nil {
		wrong = t.Check()
	}
	return t, wrong
}
