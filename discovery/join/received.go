package join

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/fedns/fedns/discovery/cluster"
)

// received is when the first watch event came in of each Service that waits to
// be taken. It is empty most of the time, which is why it is no field of entry.
type received map[cluster.ServiceKey]time.Time

// note keeps at, unless it is zero or an earlier one waits.
func (r *received) note(key cluster.ServiceKey, at time.Time) {
	if at.IsZero() {
		return
	}
	if *r == nil {
		*r = received{}
	}
	if _, waits := (*r)[key]; !waits {
		(*r)[key] = at
	}
}

// take forgets key and returns what was noted of it.
func (r received) take(key cluster.ServiceKey) time.Time {
	at, ok := r[key]
	if ok {
		delete(r, key)
	}
	return at
}

// changedAt is when the controller was triggered to make of o what it is; zero:
// it does not say. It says nothing of what others write into the slice later, who
// leave the annotation as it is.
func changedAt(o *discoveryv1.EndpointSlice) time.Time {
	text, ok := o.Annotations[corev1.EndpointsLastChangeTriggerTime]
	if !ok {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{} // a measurement less; no name hangs on it
	}
	return at
}

// exportedBy says that the Service of s is one that counts; mu is held.
func (j *Join) exportedBy(s Slice) bool {
	e := j.services[cluster.ServiceKey{Namespace: s.Key.Namespace, Name: s.Service}]
	return e != nil && j.exportOf(e) != 0
}

// arrived tells how long s was under way.
func (j *Join) arrived(s Slice) {
	if j.cfg.Arrived == nil || s.Received.IsZero() || s.changed.IsZero() {
		return
	}
	j.cfg.Arrived(cluster.ServiceKey{Namespace: s.Key.Namespace, Name: s.Service}, s.Received.Sub(s.changed))
}
