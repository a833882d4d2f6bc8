package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/fedns/fedns/providers/hosted"
)

// The actions that Config.Gate is asked for.
const (
	ActionNegotiate = "GET /"
	ActionRecords   = "GET /records"
	ActionAdjust    = "POST /adjustendpoints"
	ActionApply     = "POST /records"
)

const (
	mediaType    = "application/external.dns.webhook+json"
	mediaVersion = "1"
	mediaHeader  = mediaType + ";version=" + mediaVersion
	// maxSaid is how much of an error's body is read and shown.
	maxSaid = 400
)

// negotiate asks which names the server is for, and whether it speaks our version.
func (z *Zone) negotiate(ctx context.Context) error {
	return z.call(ctx, ActionNegotiate, false, nil, func(r *http.Response) error {
		if err := checkMedia(r, true); err != nil {
			return err
		}
		f, err := decodeFilter(&bounded{r.Body, z.cfg.MaxBody, z.cfg.MaxBody})
		if err == nil {
			z.filter.Store(f)
		}
		return err
	})
}

// list asks for everything.
func (z *Zone) list(ctx context.Context) (holdings, error) {
	h := holdings{}
	return h, z.call(ctx, ActionRecords, false, nil, func(r *http.Response) error {
		return z.endpoints(r, func(e endpoint) { h.add(z.cfg.Apex, e) })
	})
}

// adjust asks how the server would make endpoints.
func (z *Zone) adjust(ctx context.Context, urgent bool, given []endpoint) (all []endpoint, err error) {
	return all, z.call(ctx, ActionAdjust, urgent, given, func(r *http.Response) error {
		return z.endpoints(r, func(e endpoint) { all = append(all, e) })
	})
}

// post has changes made.
func (z *Zone) post(ctx context.Context, urgent bool, c changes) error {
	return z.call(ctx, ActionApply, urgent, c, func(r *http.Response) error {
		if r.StatusCode != http.StatusNoContent {
			return fmt.Errorf("the webhook says %s, want 204", r.Status)
		}
		return nil
	})
}

func (z *Zone) endpoints(r *http.Response, each func(endpoint)) error {
	if err := checkMedia(r, false); err != nil {
		return err
	}
	return decodeEndpoints(&bounded{r.Body, z.cfg.MaxBody, z.cfg.MaxBody}, each)
}

// call makes one request, within the timeout, and gives an answer with a status
// of 2xx to read.
func (z *Zone) call(ctx context.Context, action string, urgent bool, body any, read func(*http.Response) error) error {
	if err := z.cfg.Gate.Wait(ctx, action, urgent); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, z.cfg.Timeout)
	defer cancel()
	method, path, _ := strings.Cut(action, " ")
	var payload io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("%s: %w", action, err)
		}
		payload = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, z.url.JoinPath(path).String(), payload)
	if err != nil {
		return fmt.Errorf("%s: %w", action, err)
	}
	req.Header.Set("Accept", mediaHeader)
	if body != nil {
		req.Header.Set("Content-Type", mediaHeader)
	}
	r, err := z.client.Do(req)
	if err != nil {
		return fmt.Errorf("%s: %w", action, err)
	}
	defer r.Body.Close()
	if r.StatusCode/100 != 2 {
		return z.failure(action, r)
	}
	if err := read(r); err != nil {
		return fmt.Errorf("%s: %w", action, err)
	}
	return nil
}

// failure is what a status means.
//
//	429                  throttled; Retry-After is passed on
//	400 409 413 422      of a POST: refused, the records are to blame
//	other 4xx, 3xx       the configuration is: another error. Redirects are not followed,
//	                     as external-dns asks of servers
//	5xx                  nobody knows what was made: another error
func (z *Zone) failure(action string, r *http.Response) error {
	said, _ := io.ReadAll(io.LimitReader(r.Body, maxSaid))
	text := "the webhook says " + r.Status
	if s := strings.Join(strings.Fields(strings.ToValidUTF8(string(said), "?")), " "); s != "" {
		text += ": " + s
	}
	if location := r.Header.Get("Location"); r.StatusCode/100 == 3 && location != "" {
		text += ", to " + location
	}
	after := retryAfter(r.Header.Get("Retry-After"))
	switch r.StatusCode {
	case http.StatusTooManyRequests:
		z.cfg.Gate.Throttled(action, after)
		return &hosted.ThrottledError{After: after, Err: fmt.Errorf("%s: %s", action, text)}
	case http.StatusBadRequest, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		if action == ActionApply || action == ActionAdjust {
			return &hosted.RefusedError{Reason: text}
		}
	}
	if after > 0 {
		z.cfg.Gate.Throttled(action, after)
	}
	return fmt.Errorf("%s: %s", action, text)
}

// retryAfter is in seconds or a date (RFC 9110 §10.2.3); 0: it does not say.
func retryAfter(text string) time.Duration {
	if n, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(n) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(time.Until(at), 0)
	}
	return 0
}

// checkMedia says whether an answer is in the protocol's version. Strict is for
// the negotiation: in other answers many servers leave the type out.
func checkMedia(r *http.Response, strict bool) error {
	told := r.Header.Get("Content-Type")
	t, params, err := mime.ParseMediaType(told)
	switch {
	case err == nil && t == mediaType && params["version"] == mediaVersion:
		return nil
	case strict, t == mediaType, t == "text/html":
		return fmt.Errorf("content type is %q, want %s", told, mediaHeader)
	}
	return nil
}

// newClient follows no redirects: who is asked to write elsewhere asks a person.
func newClient() *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxResponseHeaderBytes = 64 << 10
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}
