package propagation

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Reasons of Outcomes, besides those that API servers give (Forbidden, Invalid, …).
const (
	ReasonUnreachable      = "Unreachable"      // no answer
	ReasonTimeout          = "Timeout"          // no answer to what is done with this object; the member answers otherwise
	ReasonUnauthorized     = "Unauthorized"     // the credentials are not valid there
	ReasonNoAccess         = "NoAccess"         // there are no credentials
	ReasonConflict         = "Conflict"         // somebody else's object is there, and is to be left alone
	ReasonContended        = "Contended"        // somebody else keeps changing it
	ReasonAltered          = "Altered"          // Applied, and the member made something else of some fields as it took them
	ReasonUnmarked         = "Unmarked"         // the member takes what we know our objects by from them as it takes them
	ReasonOutrun           = "Outrun"           // a later leader wrote it
	ReasonNamespaceMissing = "NamespaceMissing" // Waiting
	ReasonNotServed        = "NotServed"        // Waiting
	ReasonTerminating      = "Terminating"      // Waiting for the old one, or its namespace, to be gone
	ReasonFinalizers       = "Finalizers"       // Removing, and somebody there holds it
	ReasonRefused          = "Refused"          // Removing, and the member refuses to end it
	ReasonOrphaned         = "Orphaned"         // Removed, by being let go
	ReasonSuspended        = "Suspended"        // Pending, and nothing is written
	ReasonNotOurs          = "NotOurs"          // Removed: what is there was not written by federation
	ReasonUnreadable       = "Unreadable"       // what is ordered cannot be encoded
	ReasonTemplate         = "Template"         // the member is the host, and the object the template: it is left as it is
	ReasonHost             = "Host"             // Removed, by being let go: the member is the host, and holds templates by it
	ReasonUnidentified     = "Unidentified"     // whether the member is the host is not to be told
)

var (
	errNotLeading = errors.New("this daemon does not lead now")
	errNotServed  = errors.New("the member does not serve this kind")
)

// fault is a call that failed, as its queue has to see it.
type fault struct {
	reason  string
	message string
	away    bool          // it is the member's, not the object's
	passing bool          // it is nothing that the object or our rights could change
	after   time.Duration // as the member asked; 0: it did not
}

// faultOf tells what an error of a call is.
func faultOf(err error) fault {
	if standing, ok := errors.AsType[*errStanding](err); ok {
		return standing.fault
	}
	status, answered := errors.AsType[*apierrors.StatusError](err)
	if !answered {
		return fault{reason: ReasonUnreachable, message: unanswered(err), away: true}
	}
	s := status.Status()
	f := fault{reason: string(s.Reason), message: line(s.Message)}
	if f.reason == "" || f.reason == string(metav1.StatusReasonUnknown) {
		f.reason = strings.ReplaceAll(http.StatusText(int(s.Code)), " ", "")
	}
	if seconds, ok := apierrors.SuggestsClientDelay(err); ok {
		f.after = time.Duration(seconds) * time.Second
	}
	f.passing = s.Code == http.StatusTooManyRequests || s.Code >= http.StatusInternalServerError
	switch {
	case s.Code == http.StatusUnauthorized:
		f.reason, f.away = ReasonUnauthorized, true
	case f.passing && apierrors.IsUnexpectedServerError(err) && s.Code != http.StatusInternalServerError:
		// Not in an API server's form: what is before it has no API server to ask, or
		// it fends off whatever comes. In its form it is of one resource: a server of
		// extensions is away, or the resource's store is just being set up.
		f.away = true
	}
	return f
}

// errStanding is a fault that no call gave.
type errStanding struct{ fault }

func (e *errStanding) Error() string { return e.message }

// unreadable is the fault of an object that cannot be encoded or decoded.
func unreadable(err error) error {
	return &errStanding{fault{reason: ReasonUnreadable, message: line(err.Error())}}
}

// unanswered is err on one line, without the request's URL.
func unanswered(err error) string {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("no answer in time: %w", err)
	}
	return line(err.Error())
}

func line(text string) string { return strings.Join(strings.Fields(text), " ") }

// namespaceMissing says that a call failed because there is no such namespace.
func namespaceMissing(err error, namespace string) bool {
	if !apierrors.IsNotFound(err) || namespace == "" {
		return false
	}
	status, _ := errors.AsType[*apierrors.StatusError](err)
	d := status.Status().Details
	return d != nil && d.Kind == "namespaces" && d.Name == namespace
}

// namespaceTerminating says that a call failed because the namespace is being deleted.
func namespaceTerminating(err error) bool {
	return apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause)
}

// notServed says that a call that creates failed because there is no such resource.
func notServed(err error) bool {
	if !apierrors.IsNotFound(err) {
		return false
	}
	status, _ := errors.AsType[*apierrors.StatusError](err)
	d := status.Status().Details
	return d == nil || d.Name == ""
}
