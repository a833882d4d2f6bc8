package clouddns

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/api/googleapi"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/providers/hosted"
)

// inEntity is how Cloud DNS names the part of a change that it speaks of: by its
// position, or by its name and type.
var inEntity = regexp.MustCompile(`entity\.change\.(additions|deletions)\[([^\]]*)\](?:\[([^\]]*)\])?`)

// rateReasons are those of a quota of calls, beside the status 429.
var rateReasons = []string{"rateLimitExceeded", "userRateLimitExceeded", "dailyLimitExceeded", "quotaLimitExceeded"}

// accountReasons are those of the project or of who calls: no record is to blame.
var accountReasons = []string{
	"accessNotConfigured", "authError", "badRequest", "forbidden", "inactiveBillingState", "keyInvalid", "parseError", "required",
}

// translate makes an error of changes.create one of package hosted's, where it
// is certain that nothing was changed.
func (c *change) translate(err error) error {
	var api *googleapi.Error
	if !errors.As(err, &api) {
		return err
	}
	reasons, text := reasons(api), words(api)
	if after, ok := throttling(err); ok {
		return &hosted.ThrottledError{After: after, Err: err}
	}
	speaksOfChange := strings.Contains(text, "entity.change.")
	switch {
	case api.Code == http.StatusConflict, api.Code == http.StatusPreconditionFailed,
		api.Code == http.StatusNotFound && speaksOfChange:
		return fmt.Errorf("%w: %s", hosted.ErrConflict, text)
	case api.Code == http.StatusRequestEntityTooLarge,
		api.Code == http.StatusForbidden && slices.Contains(reasons, "quotaExceeded"),
		api.Code == http.StatusBadRequest && (speaksOfChange || len(reasons) > 0 && !overlap(reasons, accountReasons)):
		return &hosted.RefusedError{Key: c.blamed(api), Reason: text}
	}
	return err
}

// throttling says that err is a refusal for the rate of calls, and how long to
// wait where Cloud DNS says so.
func throttling(err error) (after time.Duration, ok bool) {
	var api *googleapi.Error
	if !errors.As(err, &api) {
		return 0, false
	}
	if api.Code != http.StatusTooManyRequests && (api.Code != http.StatusForbidden || !overlap(reasons(api), rateReasons)) {
		return 0, false
	}
	text := api.Header.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil && seconds > 0 {
		return time.Duration(seconds) * time.Second, true
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, time.Until(at)), true
	}
	return 0, true
}

// isGone says that the managed zone is not there, and not something in it.
func isGone(err error) bool {
	var api *googleapi.Error
	return errors.As(err, &api) && api.Code == http.StatusNotFound && strings.Contains(words(api), "parameters.managedZone")
}

// blamed is the key of the record set that an error speaks of, if it is only one.
func (c *change) blamed(api *googleapi.Error) *hosted.Key {
	var blamed *hosted.Key
	for _, m := range inEntity.FindAllStringSubmatch(words(api), -1) {
		k, ok := c.key(m[1], m[2], m[3])
		if !ok || blamed != nil && *blamed != k {
			return nil
		}
		blamed = &k
	}
	return blamed
}

// key finds what a message means by entity.change.list[which][typ].
func (c *change) key(list, which, typ string) (hosted.Key, bool) {
	keys := c.added
	if list == "deletions" {
		keys = c.deleted
	}
	if i, err := strconv.Atoi(which); err == nil && typ == "" {
		if i < 0 || i >= len(keys) {
			return hosted.Key{}, false
		}
		return keys[i], true
	}
	owner, err := dnsname.Parse(which)
	t, ok := parseType(typ)
	return hosted.Key{Owner: owner, Type: t}, err == nil && ok
}

// maxWords bounds what is kept of an error in octets: a change of a thousand
// record sets may be told of a thousand times.
const maxWords = 2000

// words are all that the provider said.
func words(api *googleapi.Error) string {
	said := []string{api.Message}
	for _, it := range api.Errors {
		if !slices.Contains(said, it.Message) && len(said) < 10 {
			said = append(said, it.Message)
		}
	}
	text := strings.Join(slices.DeleteFunc(said, func(s string) bool { return s == "" }), "; ")
	if text == "" {
		text = fmt.Sprintf("status %d: %s", api.Code, api.Body)
	}
	if len(text) > maxWords {
		text = text[:maxWords] + " …"
	}
	return text
}

func reasons(api *googleapi.Error) []string {
	var out []string
	for _, it := range api.Errors {
		out = append(out, it.Reason)
	}
	return out
}

func overlap(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}
