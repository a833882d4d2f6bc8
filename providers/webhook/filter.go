package webhook

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"golang.org/x/net/idna"

	"github.com/fedns/fedns/dnsserver/dnsname"
)

// filter says which names a server is for (external-dns, endpoint.DomainFilter).
// It is not changed once made.
type filter struct {
	include, exclude           []string
	regexInclude, regexExclude *regexp.Regexp // nil: none
}

// decodeFilter reads one as servers tell it.
func decodeFilter(r io.Reader) (*filter, error) {
	var told struct {
		Include      []string `json:"include"`
		Exclude      []string `json:"exclude"`
		RegexInclude string   `json:"regexInclude"`
		RegexExclude string   `json:"regexExclude"`
	}
	if err := json.NewDecoder(r).Decode(&told); err != nil {
		return nil, fmt.Errorf("domain filter: %w", cutShort(err))
	}
	f := &filter{include: prepare(told.Include), exclude: prepare(told.Exclude)}
	if (told.RegexInclude != "" || told.RegexExclude != "") && len(told.Include)+len(told.Exclude) > 0 {
		return nil, errors.New("domain filter: there are domains and regular expressions, want one of them")
	}
	var err error
	if told.RegexInclude != "" {
		if f.regexInclude, err = regexp.Compile(told.RegexInclude); err != nil {
			return nil, fmt.Errorf("domain filter: regexInclude: %w", err)
		}
	}
	if told.RegexExclude != "" {
		if f.regexExclude, err = regexp.Compile(told.RegexExclude); err != nil {
			return nil, fmt.Errorf("domain filter: regexExclude: %w", err)
		}
	}
	return f, nil
}

// profile is how external-dns compares names with filters: in Unicode.
var profile = idna.New(idna.MapForLookup(), idna.Transitional(true), idna.StrictDomainName(false))

func readable(name string) string {
	text, err := profile.ToUnicode(strings.TrimSuffix(name, "."))
	if err != nil {
		return strings.ToLower(strings.TrimSuffix(name, "."))
	}
	return text
}

// prepare leaves out what is empty.
func prepare(names []string) []string {
	var all []string
	for _, n := range names {
		if n = readable(strings.TrimSpace(n)); n != "" {
			all = append(all, n)
		}
	}
	return all
}

// matches says that the server is for a name. A domain that begins with a dot
// stands for the names below it alone.
func (f *filter) matches(owner dnsname.Name) bool {
	name := readable(owner.String())
	if f.regexInclude != nil || f.regexExclude != nil {
		return (f.regexExclude == nil || !f.regexExclude.MatchString(name)) &&
			(f.regexInclude == nil || f.regexInclude.MatchString(name))
	}
	return (len(f.include) == 0 || anyMatches(f.include, name)) && !anyMatches(f.exclude, name)
}

func anyMatches(domains []string, name string) bool {
	for _, d := range domains {
		if strings.HasPrefix(d, ".") && strings.HasSuffix(name, d) || name == d || strings.HasSuffix(name, "."+d) {
			return true
		}
	}
	return false
}
