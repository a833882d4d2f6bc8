package host

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
)

// Config is what a Host is made of. REST is required.
type Config struct {
	REST *rest.Config
	// Retry is how long a kind that is not served is waited for until it is looked
	// for again, when no definition tells that it came. Defaults to 30 s.
	Retry time.Duration
	// Log defaults to slog.Default().
	Log *slog.Logger
}

// Host is a host cluster. It may be used from any goroutine.
type Host struct {
	client client.Client
	cache  cache.Cache
	retry  time.Duration
	log    *slog.Logger

	mu          sync.Mutex
	watched     map[schema.GroupVersionKind]int
	came        chan struct{}               // closed, and made anew, when a definition came or changed
	definitions map[string]phase            // by name, of all that were ever told of
	plural      map[schema.GroupKind]string // the name of the definition that a kind would have
	absent      map[schema.GroupKind]bool   // kinds that are watched and not served
}

// New makes a Host. It asks the API server nothing yet.
func New(cfg Config) (*Host, error) {
	if cfg.Retry <= 0 {
		cfg.Retry = 30 * time.Second
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	web, err := rest.HTTPClientFor(cfg.REST)
	if err != nil {
		return nil, fmt.Errorf("host cluster: %w", err)
	}
	h := &Host{
		retry: cfg.Retry, log: cfg.Log, watched: map[schema.GroupVersionKind]int{}, came: make(chan struct{}),
		definitions: map[string]phase{}, plural: map[schema.GroupKind]string{}, absent: map[schema.GroupKind]bool{},
	}
	if err := h.open(cfg.REST, web); err != nil {
		return nil, fmt.Errorf("host cluster: %w", err)
	}
	return h, nil
}

// open makes the client and the cache.
func (h *Host) open(cfg *rest.Config, web *http.Client) error {
	mapper, err := apiutil.NewDynamicRESTMapper(cfg, web)
	if err != nil {
		return err
	}
	scheme := runtime.NewScheme()
	if h.client, err = client.New(cfg, client.Options{HTTPClient: web, Mapper: mapper, Scheme: scheme}); err != nil {
		return err
	}
	shared := true // nobody changes what is shared
	h.cache, err = cache.New(cfg, cache.Options{
		HTTPClient: web, Mapper: mapper, Scheme: scheme,
		ReaderFailOnMissingInformer:  true,
		DefaultUnsafeDisableDeepCopy: &shared,
		DefaultTransform:             trim,
		DefaultWatchErrorHandler: func(_ context.Context, r *toolscache.Reflector, err error) {
			h.log.Warn("a watch of the host cluster broke off and is taken up again", "kind", r.TypeDescription(), "error", err)
		},
	})
	return err
}

// trim leaves out of an object what nobody reads and what may be most of it.
func trim(obj any) (any, error) {
	if o, err := meta.Accessor(obj); err == nil {
		o.SetManagedFields(nil)
	}
	return obj, nil
}

// Client reads and writes without the cache. Unstructured objects only.
func (h *Host) Client() client.Client { return h.client }

// Run keeps the watches until ctx is done. It is called once, beside Watch.
func (h *Host) Run(ctx context.Context) error {
	o := &metav1.PartialObjectMetadata{}
	o.SetGroupVersionKind(definitionKind)
	informer, err := h.cache.GetInformer(ctx, o, cache.BlockUntilSynced(false))
	if err == nil {
		_, err = informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
			AddFunc:    func(o any) { h.defined(o, standing); h.tell() },
			UpdateFunc: func(_, o any) { h.defined(o, standing); h.tell() },
			DeleteFunc: func(o any) { h.defined(o, gone) },
		})
	}
	if err != nil {
		h.log.Warn("definitions of the host cluster are not watched: a kind that comes is noticed late", "error", err, "within", h.retry)
	}
	if err := h.cache.Start(ctx); err != nil && ctx.Err() == nil {
		return fmt.Errorf("host cluster: %w", err)
	}
	return nil
}

// tell wakes all who wait for a kind.
func (h *Host) tell() {
	h.mu.Lock()
	defer h.mu.Unlock()
	close(h.came)
	h.came = make(chan struct{})
}

// coming is closed when the next definition comes.
func (h *Host) coming() <-chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.came
}
