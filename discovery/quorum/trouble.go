package quorum

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
)

// trouble is something that can go wrong with the exchange.
type trouble uint8

const (
	toPublish trouble = iota
	toList
	toRead
	toBeAlone
	troubleKinds
)

// troubles are what goes wrong now.
type troubles [troubleKinds]error

// note takes note of how something went.
func (a *Agreement) note(what trouble, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.trouble[what] = err
}

func (t *troubles) lines() (out []string) {
	for what, text := range map[trouble]string{
		toPublish: "this replica cannot tell the others what it sees", toList: "the other replicas' views cannot be listed",
		toRead: "another replica's view cannot be read", toBeAlone: "replicas cannot be told apart",
	} {
		if err := t[what]; err != nil {
			if u, ok := errors.AsType[*url.Error](err); ok {
				err = u.Err // without the address, which is long
			}
			if errors.Is(err, context.DeadlineExceeded) {
				err = errors.New("no answer in time")
			}
			out = append(out, text+": "+strings.Join(strings.Fields(err.Error()), " "))
		}
	}
	slices.Sort(out)
	return out
}
