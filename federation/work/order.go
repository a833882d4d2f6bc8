package work

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/fedns/fedns/federation/override"
	"github.com/fedns/fedns/federation/placement"
)

// Key names an object that is to be in members. It is comparable.
type Key struct {
	Kind      schema.GroupVersionKind // as it is in members
	Namespace string                  // empty: it has none
	Name      string
}

// Versionless is the key without the version of its kind: versions are forms of one
// object.
func (k Key) Versionless() Key {
	k.Kind.Version = ""
	return k
}

// String is the key for people: Deployment.apps shop/web.
func (k Key) String() string {
	name := k.Name
	if k.Namespace != "" {
		name = k.Namespace + "/" + k.Name
	}
	return fmt.Sprintf("%s %s", k.Kind.GroupKind(), name)
}

// Order is what a dialect wants done with one object. It is a value: whoever gave
// one does not change it, nor what it points to, any more.
type Order struct {
	Key     Key
	Dialect string    // kubefed, karmada, federation-v1
	Source  Reference // the object in the host that people wrote
	// Template is the object as members get it but for overrides, without anything
	// that an API server wrote. nil: the order is taken back.
	Template  *unstructured.Unstructured
	Placement placement.Request // without Previous and Evicted, which the engine knows
	Overrides []override.Rule
	Options   Options
	// Err says that the order cannot be carried out as it stands. What was placed
	// before stands.
	Err error
}

// Reference names an object in the host.
type Reference struct {
	Kind            schema.GroupVersionKind
	Namespace, Name string
	UID             types.UID
	Generation      int64
	// Created breaks the tie between dialects that order one Key: the oldest wins.
	// The zero time is younger than any.
	Created time.Time
}

// Options say how an order is carried out. The zero Options are KubeFed's ways.
type Options struct {
	// Existing says what is done with an object in a member that federation did not make.
	Existing Existing
	// Orphan leaves the objects in the members when the order is taken back, or the
	// cluster is no longer one of its targets.
	Orphan bool
	// Suspend has nothing written to the members named, or to any with "*".
	Suspend []string
	// RetainReplicas leaves spec.replicas to whoever changes it in the members.
	RetainReplicas bool
	// Dependencies has what the template refers to go along (ConfigMaps, Secrets, ServiceAccounts, …).
	Dependencies bool
	// Succeeds are the clusters where KubeFed, run in the same host, has placed the
	// object before: that is taken over there.
	Succeeds []string
	// Failover says how the object moves when a cluster is lost.
	Failover Failover
}

// Existing is what is done with objects that are there already.
type Existing string

// All of them.
const (
	Adopt Existing = "Adopt" // taken over, as server-side apply does
	Leave Existing = "Leave" // left alone, and said so
)

// Failover says how an object moves away from a cluster that is lost or drained.
type Failover struct {
	// Never has it stay, whatever the evidence.
	Never bool
	// Grace is how long the old one is kept while the new ones are not ready.
	// Defaults to ten minutes.
	Grace time.Duration
	// Stay has it not move back when the cluster returns.
	Stay bool
	// Purge says what becomes of the old one. Defaults to Graciously.
	Purge Purge
	// Unhealthy, when it is not 0, has the object move away from a cluster that is
	// there, but where it has been unhealthy for so long.
	Unhealthy time.Duration
}

// Purge is what becomes of an object in the cluster that it moved away from.
type Purge string

// All Purges.
const (
	Graciously  Purge = "Graciously"  // it goes when the new ones are ready, or after Grace
	Immediately Purge = "Immediately" // it goes before the new ones come
	NeverPurged Purge = "Never"       // it stays until people remove it; the new ones come all the same
)

// Sink takes in what a dialect orders. Order returns at once: the newest order of
// a Key counts. Synced says that every order there is has been told once; until
// then, what was placed before and is not ordered stands.
type Sink interface {
	Order(o Order)
	Synced(dialect string)
}

// Dialect translates one system's objects into orders.
//
// Run tells the Sink of every order, and again of each that changes, until ctx is
// done; it returns nil then, and may be called again. An order whose objects are
// deleted is told with a nil Template. Report writes what came of an order where the users of the system
// look for it; it is called from one goroutine for each Key at a time, has a
// deadline, and is called again later when it fails.
type Dialect interface {
	Name() string
	Run(ctx context.Context, to Sink) error
	Report(ctx context.Context, r Report) error
}
