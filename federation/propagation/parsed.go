package propagation

import (
	"fmt"
	"sync"
	"unique"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"
)

const (
	// mostParsed is how many objects are kept as they were parsed: members go through
	// the same objects, each at its own pace.
	mostParsed = 512
	// mostParsedText bounds the text of those, in octets: parsed they take several
	// times that.
	mostParsedText = 4 << 20
)

// parsed keeps what bodies say, those that were asked for last: a hundred members
// have the same looked at at about the same time. It is safe for concurrent use.
type parsed struct {
	mu     sync.Mutex
	lru    *simplelru.LRU[unique.Handle[string], *unstructured.Unstructured]
	octets int // of text
}

func newParsed() *parsed {
	p := &parsed{}
	p.lru, _ = simplelru.NewLRU(mostParsed, func(text unique.Handle[string], _ *unstructured.Unstructured) { p.octets -= len(text.Value()) })
	return p
}

// of is the object that b is, shared: nobody changes it.
func (p *parsed) of(b body) (*unstructured.Unstructured, error) {
	p.mu.Lock()
	o, ok := p.lru.Get(b.text)
	p.mu.Unlock()
	if ok {
		return o, nil
	}
	text := b.text.Value()
	o = &unstructured.Unstructured{}
	if err := json.Unmarshal([]byte(text), &o.Object); err != nil {
		return nil, fmt.Errorf("read what is to be applied: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if again, ok := p.lru.Get(b.text); ok {
		return again, nil // another member was sooner
	}
	p.lru.Add(b.text, o)
	for p.octets += len(text); p.octets > mostParsedText && p.lru.Len() > 1; {
		p.lru.RemoveOldest()
	}
	return o, nil
}
