package propagation

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"sync"
	"unique"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/fedns/fedns/federation/retain"
	"github.com/fedns/fedns/federation/work"
)

// body is an object as it is to be in members: JSON with our label and
// annotations. Members that get the same share it. It is comparable.
type body struct {
	text   unique.Handle[string] // its term is a mark that stamp replaces
	fresh  unique.Handle[string] // text as it is created: without what only a member can give
	digest string                // of the object without ours
}

// press makes bodies. It keeps the last one: the tasks of an order come in a row,
// and most of them have the same object.
type press struct {
	mu     sync.Mutex
	object *unstructured.Unstructured
	origin string
	body   body
}

func (p *press) of(t work.Task, home string) (body, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.object == t.Object && p.origin == t.Origin {
		return p.body, nil
	}
	b, err := newBody(t.Object, t.Origin, home)
	if err == nil {
		p.object, p.origin, p.body = t.Object, t.Origin, b
	}
	return b, err
}

func newBody(o *unstructured.Unstructured, origin, home string) (body, error) {
	stated := stateable(o)
	text, err := json.Marshal(stated.Object)
	if err != nil {
		return body{}, fmt.Errorf("encode %s %s/%s: %w", o.GetKind(), o.GetNamespace(), o.GetName(), err)
	}
	sum := sha256.Sum256(text)
	b := body{digest: hex.EncodeToString(sum[:12])}
	labels := maps.Clone(stated.GetLabels())
	if labels == nil {
		labels = map[string]string{}
	}
	labels[LabelManagedBy] = managedBy
	stated.SetLabels(labels)
	notes := maps.Clone(stated.GetAnnotations())
	if notes == nil {
		notes = map[string]string{}
	}
	notes[AnnotationOrigin], notes[AnnotationApplied], notes[AnnotationTerm] = origin, b.digest, b.digest
	if home != "" {
		notes[AnnotationHost] = home
	}
	stated.SetAnnotations(notes)
	if text, err = json.Marshal(stated.Object); err != nil {
		return body{}, err
	}
	b.text = unique.Make(string(text))
	b.fresh = b.text
	if fresh := retain.Retain(stated, nil, retain.Options{}); fresh != stated {
		if text, err = json.Marshal(fresh.Object); err != nil {
			return body{}, err
		}
		b.fresh = unique.Make(string(text))
	}
	return b, nil
}

// stateable is a copy of o, shallow but for what newBody changes, without what only
// an API server writes.
func stateable(o *unstructured.Unstructured) *unstructured.Unstructured {
	out := &unstructured.Unstructured{Object: maps.Clone(o.Object)}
	delete(out.Object, "status")
	old, _ := o.Object["metadata"].(map[string]any)
	m := map[string]any{}
	for k, v := range old {
		switch k {
		case "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "managedFields", "selfLink", "generateName":
		default:
			m[k] = v
		}
	}
	out.Object["metadata"] = m
	return out
}

// creation is what is sent to create the object in a term.
func (b body) creation(term int64) []byte {
	// The digest is of the text without itself, so the mark can be nowhere else.
	mark := strconv.Quote(AnnotationTerm) + ":" + strconv.Quote(b.digest)
	now := strconv.Quote(AnnotationTerm) + ":" + strconv.Quote(strconv.FormatInt(term, 10))
	return bytes.Replace([]byte(b.fresh.Value()), []byte(mark), []byte(now), 1)
}

// application is what is sent to apply o, which is to be as judged by what was
// seen, in a term. It fails if anybody has written since. o is not changed.
func application(o *unstructured.Unstructured, seen *sight, term int64) ([]byte, error) {
	out := &unstructured.Unstructured{Object: maps.Clone(o.Object)}
	m, _ := o.Object["metadata"].(map[string]any)
	out.Object["metadata"] = maps.Clone(m)
	notes := out.GetAnnotations()
	notes[AnnotationTerm] = strconv.FormatInt(term, 10)
	out.SetAnnotations(notes)
	out.SetResourceVersion(seen.version)
	out.SetUID(seen.uid)
	text, err := json.Marshal(out.Object)
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	return text, nil
}
