package propagation

import (
	"bytes"
	stdjson "encoding/json"
	"errors"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/json"
)

// readObject reads an object's text, once. The scheme of package unstructured reads it
// for its kind, for whether it is a list, and for what it is, and checks it each time.
func readObject(text []byte) (*unstructured.Unstructured, error) {
	o := &unstructured.Unstructured{}
	if err := json.Unmarshal(text, &o.Object); err != nil {
		return nil, err
	}
	if o.GetKind() == "" {
		return nil, errors.New("it is no object: it has no kind")
	}
	return o, nil
}

// head tells an object from others, and one version of it from another.
type head struct {
	kind            schema.GroupVersionKind
	namespace, name string
	uid             types.UID
	version         string
}

// errEnough ends the reading of a text of which enough is known.
var errEnough = errors.New("enough is known")

// headOf reads an object's text as far as its head goes, which API servers have
// first. false: it has none, or not where it is looked for.
func headOf(text []byte) (h head, ok bool) {
	var apiVersion, kind, uid string
	in := stdjson.NewDecoder(bytes.NewReader(text))
	err := eachField(in, func(field string) error {
		switch field {
		case "apiVersion":
			return in.Decode(&apiVersion)
		case "kind":
			return in.Decode(&kind)
		case "metadata":
			return eachField(in, func(field string) error {
				at := map[string]*string{"namespace": &h.namespace, "name": &h.name, "uid": &uid, "resourceVersion": &h.version}[field]
				switch {
				case at == nil:
					return skip(in)
				case in.Decode(at) != nil:
					return errors.New("a field of metadata is no text")
				case h.name != "" && uid != "" && h.version != "":
					return errEnough // a namespace is before uid, by name as well as by number
				}
				return nil
			})
		}
		return errors.New("its head does not come first") // a list's items, say
	})
	h.kind, h.uid = schema.FromAPIVersionAndKind(apiVersion, kind), types.UID(uid)
	return h, errors.Is(err, errEnough) && kind != ""
}

// eachField calls do with the name of each field of the object that comes next; do
// reads its value.
func eachField(in *stdjson.Decoder, do func(field string) error) error {
	if t, err := in.Token(); err != nil || t != stdjson.Delim('{') {
		return fmt.Errorf("it is no object: %w", err)
	}
	for in.More() {
		t, err := in.Token()
		if err != nil {
			return err
		}
		field, _ := t.(string)
		if err := do(field); err != nil {
			return err
		}
	}
	_, err := in.Token()
	return err
}

func skip(in *stdjson.Decoder) error {
	var value stdjson.RawMessage
	return in.Decode(&value)
}

// events has a watch's events read with as little work as they take. It changes
// those who decode for watches only.
type events struct {
	runtime.NegotiatedSerializer
	// known is what there is to know of an object by its head; nil: it is to be read.
	known func(head) *found
}

// SupportedMediaTypes implements runtime.NegotiatedSerializer.
func (e events) SupportedMediaTypes() []runtime.SerializerInfo {
	all := append([]runtime.SerializerInfo(nil), e.NegotiatedSerializer.SupportedMediaTypes()...)
	for i, info := range all {
		if info.MediaType != runtime.ContentTypeJSON || info.StreamSerializer == nil {
			continue
		}
		stream := *info.StreamSerializer
		stream.Serializer = envelope{stream.Serializer}
		all[i].StreamSerializer = &stream
		all[i].Serializer = content{info.Serializer, e.known}
	}
	return all
}

// envelope takes an event apart. What it yields lasts until the next event.
type envelope struct{ runtime.Serializer }

// Decode implements runtime.Decoder.
func (e envelope) Decode(text []byte, defaults *schema.GroupVersionKind, into runtime.Object) (runtime.Object, *schema.GroupVersionKind, error) {
	event, ok := into.(*metav1.WatchEvent)
	if !ok || !open(text, event) {
		return e.Serializer.Decode(text, defaults, into)
	}
	return event, &schema.GroupVersionKind{Version: "v1", Kind: "WatchEvent"}, nil
}

// open takes an event apart that is written as API servers write it. text is one
// JSON value.
func open(text []byte, event *metav1.WatchEvent) bool {
	rest, ok := bytes.CutPrefix(text, []byte(`{"type":"`))
	if !ok {
		return false
	}
	kind, rest, ok := bytes.Cut(rest, []byte(`","object":`))
	if !ok || bytes.ContainsAny(kind, `"\`) {
		return false
	}
	rest, ok = bytes.CutSuffix(bytes.TrimRight(rest, " \r\n\t"), []byte("}"))
	if !ok {
		return false
	}
	event.Type, event.Object.Raw = string(kind), rest
	return true
}

// content reads the object of an event, unless it is known.
type content struct {
	runtime.Serializer
	known func(head) *found
}

// Decode implements runtime.Decoder.
func (c content) Decode(text []byte, defaults *schema.GroupVersionKind, into runtime.Object) (runtime.Object, *schema.GroupVersionKind, error) {
	if into != nil {
		return c.Serializer.Decode(text, defaults, into)
	}
	h, ok := headOf(text)
	if !ok {
		return c.Serializer.Decode(text, defaults, into)
	}
	if f := c.known(h); f != nil {
		return f, &h.kind, nil
	}
	o, err := readObject(text)
	return o, &h.kind, err
}
