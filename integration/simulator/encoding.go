package simulator

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
)

// encoding is one media type's serializers, as an API server has them: one of
// objects, one of the frames of a watch. It is safe for concurrent use.
type encoding struct {
	json    bool
	media   string // of lists
	stream  string // of watches
	objects runtime.Serializer
	frames  runtime.Serializer
	framer  runtime.Framer
}

// encodings are those that a client may ask for.
type encodings struct {
	json, protobuf *encoding
	only           *encoding // nil: any
}

func newEncodings() (encodings, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, discoveryv1.AddToScheme, coordinationv1.AddToScheme, metav1.AddMetaToScheme} {
		if err := add(scheme); err != nil {
			return encodings{}, fmt.Errorf("make scheme: %w", err)
		}
	}
	metav1.AddToGroupVersion(scheme, corev1.SchemeGroupVersion)
	of := func(media string) *encoding {
		info, _ := runtime.SerializerInfoForMediaType(serializer.NewCodecFactory(scheme).SupportedMediaTypes(), media)
		return &encoding{
			json: media == runtime.ContentTypeJSON, media: media, stream: media + ";stream=watch",
			objects: info.Serializer, frames: info.StreamSerializer.Serializer, framer: info.StreamSerializer.Framer,
		}
	}
	e := encodings{json: of(runtime.ContentTypeJSON), protobuf: of(runtime.ContentTypeProtobuf)}
	e.json.stream = runtime.ContentTypeJSON
	return e, nil
}

// negotiate is the first encoding that a client accepts; JSON when it is not particular.
func (e encodings) negotiate(q *http.Request) *encoding {
	if e.only != nil {
		return e.only
	}
	for accept := range strings.SplitSeq(q.Header.Get("Accept"), ",") {
		media, _, _ := strings.Cut(accept, ";")
		switch strings.TrimSpace(media) {
		case runtime.ContentTypeProtobuf:
			return e.protobuf
		case runtime.ContentTypeJSON:
			return e.json
		}
	}
	return e.json
}

func (e *encoding) encode(o runtime.Object) ([]byte, error) {
	var b bytes.Buffer
	err := e.objects.Encode(o, &b)
	return b.Bytes(), err
}

// event writes a watch event around an encoded object.
func (e *encoding) event(w io.Writer, typ string, object []byte) error {
	return e.frames.Encode(&metav1.WatchEvent{Type: typ, Object: runtime.RawExtension{Raw: object}}, e.framer.NewFrameWriter(w))
}

// transcode makes what protobuf encoded into what e would have encoded.
func (e encodings) transcode(to *encoding, octets []byte) ([]byte, error) {
	if to == e.protobuf {
		return octets, nil
	}
	o, _, err := e.protobuf.objects.Decode(octets, nil, nil)
	if err != nil {
		return nil, fmt.Errorf("decode an event: %w", err)
	}
	return to.encode(o)
}
