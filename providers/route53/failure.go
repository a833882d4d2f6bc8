package route53

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/miekg/dns"

	"github.com/fedns/fedns/providers/hosted"
)

// failure is an error of a call, with its action. What says that there were too
// many calls is told to the Gate.
func (c *client) failure(action string, err error) error {
	err = fmt.Errorf("route53 %s: %w", action, err)
	var said smithy.APIError
	if !errors.As(err, &said) {
		return err
	}
	switch said.ErrorCode() {
	case "Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded":
		after := retryAfter(err)
		// The answer does not say which of the buckets was empty.
		c.gate.Throttled(action, after)
		c.gate.Throttled(ActionAll, after)
		return &hosted.ThrottledError{After: after, Err: err}
	case "PriorRequestNotComplete":
		// Another request for this hosted zone was under way: nothing of this one was
		// made. It says nothing of the rate, so the Gate is not told.
		return &hosted.ThrottledError{After: retryAfter(err), Err: err}
	case "NoSuchHostedZone":
		c.gone.Store(true)
	}
	return err
}

// retryAfter is what the response asks to wait; Route 53 seldom says.
func retryAfter(err error) time.Duration {
	var r *smithyhttp.ResponseError
	if !errors.As(err, &r) || r.Response == nil || r.Response.Response == nil {
		return 0
	}
	v := r.Response.Header.Get("Retry-After")
	if s, err := strconv.Atoi(v); err == nil && s > 0 {
		return time.Duration(s) * time.Second
	}
	if at, err := http.ParseTime(v); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}

// conflicts are in the messages about a batch that expects something else than the
// hosted zone holds. The last two say that there are record sets of the same name
// and type that the Change does not know of.
var conflicts = []string{
	"but it already exists",
	"but it was not found",
	"do not match the current values",
	"other RRSets exist with the same name and type",
	"set exists with the same name and type",
	"rrset exists with the same name and type",
}

// refusal is an error of ChangeResourceRecordSets as hosted has it. A code that is
// not known here stays as it is: nobody knows then whether the batch was made.
func refusal(err error, changes []hosted.Change) error {
	var said smithy.APIError
	if !errors.As(err, &said) {
		return err
	}
	words := said.ErrorMessage()
	var batch *types.InvalidChangeBatch
	if errors.As(err, &batch) && len(batch.Messages) > 0 {
		words = strings.Join(batch.Messages, ", ")
	}
	switch said.ErrorCode() {
	case "InvalidChangeBatch":
		for _, c := range conflicts {
			if strings.Contains(words, c) {
				return fmt.Errorf("%w: %s", hosted.ErrConflict, words)
			}
		}
		return &hosted.RefusedError{Key: blame(words, changes), Reason: words}
	case "InvalidInput", "InvalidArgument":
		return &hosted.RefusedError{Key: blame(words, changes), Reason: words}
	case "NoSuchHealthCheck":
		return fmt.Errorf("%w: %s", hosted.ErrConflict, words)
	}
	return err
}

// The ways in which messages name a record set.
var (
	nameThenType = regexp.MustCompile(`(?:name='|DNS name |Name=)([^',\s\]]+)'?,?\s+(?:and )?[tT]ype[ =]'?([A-Z]+)`)
	typeThenName = regexp.MustCompile(`RRSet of type ([A-Z]+) with DNS name ([^,\s]+)`)
	encountered  = regexp.MustCompile(`encountered (?:with|at) '(.*?)'{1,2}(?:\]|,|$)`)
)

// blame finds the Change that a message speaks of; nil: it does not say.
func blame(words string, changes []hosted.Change) *hosted.Key {
	if len(changes) == 1 {
		k := changes[0].Key()
		return &k
	}
	named := nameThenType.FindAllStringSubmatch(words, -1)
	for _, m := range typeThenName.FindAllStringSubmatch(words, -1) {
		named = append(named, []string{m[0], m[2], m[1]})
	}
	for _, m := range named {
		owner, err := parseName(m[1])
		if err != nil {
			continue
		}
		if k := (hosted.Key{Owner: owner, Type: dns.StringToType[m[2]]}); has(changes, k) {
			return &k
		}
	}
	for _, m := range encountered.FindAllStringSubmatch(words, -1) {
		if k := holder(m[1], changes); k != nil {
			return k
		}
	}
	return nil
}

func has(changes []hosted.Change, k hosted.Key) bool {
	for _, c := range changes {
		if c.Key() == k {
			return true
		}
	}
	return false
}

// holder finds the only Change that writes a Value.
func holder(value string, changes []hosted.Change) *hosted.Key {
	var found *hosted.Key
	for _, c := range changes {
		k := c.Key()
		for _, s := range c.New.Sets {
			for d := range s.Records.RDATA() {
				if text, err := rdataText(k.Type, d); err != nil || text != value {
					continue
				}
				if found != nil && *found != k {
					return nil
				}
				found = &k
			}
		}
	}
	return found
}
