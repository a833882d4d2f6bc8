package quorum

import (
	"encoding/json"
	"fmt"

	"github.com/fedns/fedns/discovery/cluster"
)

// Opinion is what one replica sees of a cluster.
type Opinion struct {
	Data cluster.Signal // whether its data plane works
	API  cluster.Signal // whether its API server can be reached
}

// View is what one replica sees. A cluster that is not in it is Unknown.
type View map[cluster.ID]Opinion

// maxView is the longest view that is read, in octets: what all annotations of an
// object may hold together.
const maxView = 256 << 10

// words is an Opinion as it is written: {"data":"up","api":"unknown"}.
type words struct {
	Data string `json:"data,omitempty"`
	API  string `json:"api,omitempty"`
}

// encode writes what v has an opinion on.
func (v View) encode() (string, error) {
	out := map[cluster.ID]words{}
	for id, o := range v {
		if o != (Opinion{}) {
			out[id] = words{o.Data.String(), o.API.String()}
		}
	}
	text, err := json.Marshal(out) // keys in order
	if err == nil && len(text) > maxView {
		err = fmt.Errorf("view is %d octets long, want at most %d", len(text), maxView)
	}
	return string(text), err
}

// decode reads a view. Fields that a later version may add are left alone; words
// that it may add are Unknown.
func decode(text string) (View, error) {
	if len(text) > maxView {
		return nil, fmt.Errorf("got %d octets, want at most %d", len(text), maxView)
	}
	var in map[cluster.ID]words
	if err := json.Unmarshal([]byte(text), &in); err != nil {
		return nil, err
	}
	v := View{}
	for id, w := range in {
		v[id] = Opinion{signal(w.Data), signal(w.API)}
	}
	return v, nil
}

func signal(word string) cluster.Signal {
	for _, s := range []cluster.Signal{cluster.Up, cluster.Down} {
		if word == s.String() {
			return s
		}
	}
	return cluster.Unknown
}
