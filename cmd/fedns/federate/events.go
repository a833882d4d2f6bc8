package federate

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/record"

	"github.com/fedns/fedns/federation/work"
)

// events writes Events on what people wrote in the host. client-go's recorder
// bounds them, and drops what is too much.
type events struct {
	broadcaster record.EventBroadcaster
	recorder    record.EventRecorder
	operator    func(warning bool, reason, message string)
}

func newEvents(rc *rest.Config, replica string, operator func(bool, string, string)) (*events, error) {
	client, err := typedcorev1.NewForConfig(rc)
	if err != nil {
		return nil, fmt.Errorf("events: %w", err)
	}
	e := &events{broadcaster: record.NewBroadcaster(), operator: operator}
	e.broadcaster.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: client.Events("")})
	e.recorder = e.broadcaster.NewRecorder(runtime.NewScheme(), corev1.EventSource{Component: "fedns", Host: replica})
	return e, nil
}

// tell writes one on an object; on none, it is for the operator.
func (e *events) tell(of work.Reference, warning bool, reason, message string) {
	if of.Name == "" {
		e.operator(warning, reason, message)
		return
	}
	apiVersion, kind := of.Kind.ToAPIVersionAndKind()
	kindOf := corev1.EventTypeNormal
	if warning {
		kindOf = corev1.EventTypeWarning
	}
	e.recorder.Event(&corev1.ObjectReference{APIVersion: apiVersion, Kind: kind, Namespace: of.Namespace, Name: of.Name, UID: of.UID}, kindOf, reason, cut(message))
}

func (e *events) end() { e.broadcaster.Shutdown() }
