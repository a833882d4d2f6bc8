package announce

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/rest"
)

const (
	waiting     = 64 // notices that wait; more are dropped
	tries       = 3
	callLimit   = 3 * time.Second // of each try
	retryAfter  = 2 * time.Second
	maxMessage  = 1024 // octets, as the API has it
	component   = "fedns"
	eventPrefix = "fedns-"
)

// Notice is one thing to be heard of.
type Notice struct {
	Warning bool
	Reason  string // one word in CamelCase, such as WithdrawalsHeld
	Message string
}

// Config is what an Announcer needs.
type Config struct {
	Connect   func() (*rest.Config, error) // to the cluster that Events go to; the Announcer's own
	Namespace string                       // where they go
	Replica   string                       // who tells, a DNS label
	Log       *slog.Logger                 // Defaults to slog.Default()
}

// Announcer writes notices. Its methods may be called from any goroutine.
type Announcer struct {
	cfg     Config
	queue   chan told
	dropped atomic.Uint64
}

type told struct {
	Notice
	at time.Time
}

// New makes an Announcer; nothing is written before Run.
func New(cfg Config) *Announcer {
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	return &Announcer{cfg: cfg, queue: make(chan told, waiting)}
}

// Tell has a notice written. It never blocks.
func (a *Announcer) Tell(n Notice) {
	select {
	case a.queue <- told{n, time.Now()}:
	default:
		a.dropped.Add(1)
	}
}

// Dropped counts the notices that were not written.
func (a *Announcer) Dropped() uint64 { return a.dropped.Load() }

// Run writes until ctx is done. It is called once.
func (a *Announcer) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case n := <-a.queue:
			a.write(ctx, n)
		}
	}
}

// write tries a few times, for an API server in maintenance is soon back.
func (a *Announcer) write(ctx context.Context, n told) {
	var err error
	for try := range tries {
		if try > 0 {
			select {
			case <-time.After(retryAfter):
			case <-ctx.Done():
				return
			}
		}
		if err = a.post(ctx, a.event(n)); err == nil || errors.Is(ctx.Err(), context.Canceled) {
			return
		}
	}
	a.dropped.Add(1)
	a.cfg.Log.Warn("an event could not be written", "reason", n.Reason, "error", err)
}

// event is a notice about this replica: what it is about (a cluster) has no object
// in Kubernetes that an Event could stand at.
func (a *Announcer) event(n told) *corev1.Event {
	kind := corev1.EventTypeNormal
	if n.Warning {
		kind = corev1.EventTypeWarning
	}
	at := metav1.NewTime(n.at)
	return &corev1.Event{
		TypeMeta:       metav1.TypeMeta{APIVersion: "v1", Kind: "Event"},
		ObjectMeta:     metav1.ObjectMeta{GenerateName: eventPrefix, Namespace: a.cfg.Namespace},
		InvolvedObject: corev1.ObjectReference{APIVersion: "v1", Kind: "Pod", Namespace: a.cfg.Namespace, Name: a.cfg.Replica},
		Type:           kind, Reason: n.Reason, Message: n.Message[:min(len(n.Message), maxMessage)],
		Source:         corev1.EventSource{Component: component, Host: a.cfg.Replica},
		FirstTimestamp: at, LastTimestamp: at, Count: 1,
		ReportingController: "fedns.io/" + component, ReportingInstance: a.cfg.Replica,
	}
}

func (a *Announcer) post(ctx context.Context, e *corev1.Event) error {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	rc, err := a.cfg.Connect()
	if err != nil {
		return err
	}
	scheme := runtime.NewScheme()
	if err := corev1.AddToScheme(scheme); err != nil {
		return fmt.Errorf("events: %w", err)
	}
	metav1.AddToGroupVersion(scheme, schema.GroupVersion{Version: "v1"}) // Status
	rc.UserAgent, rc.Timeout = component, callLimit
	rc.GroupVersion, rc.APIPath = &corev1.SchemeGroupVersion, "/api"
	rc.ContentType = runtime.ContentTypeJSON
	rc.NegotiatedSerializer = serializer.NewCodecFactory(scheme).WithoutConversion()
	client, err := rest.RESTClientFor(rc)
	if err != nil {
		return fmt.Errorf("events: %w", err)
	}
	return client.Post().Namespace(e.Namespace).Resource("events").MaxRetries(0).Body(e).Do(ctx).Error()
}
