package clouddnstest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// failure is an answer that is an error, in the form that Google's APIs share.
type failure struct {
	code       int
	items      []failureItem
	retryAfter time.Duration
}

type failureItem struct {
	Domain  string `json:"domain"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

func fail(code int, reason, format string, args ...any) *failure {
	return (&failure{code: code}).add(reason, format, args...)
}

// add makes the failure tell of one more thing: Cloud DNS lists all that it finds.
func (f *failure) add(reason, format string, args ...any) *failure {
	f.items = append(f.items, failureItem{"global", reason, fmt.Sprintf(format, args...)})
	return f
}

func invalid(what string, value any) *failure {
	return fail(http.StatusBadRequest, "invalid", "Invalid value for '%s': '%v'", what, value)
}

func (f *failure) write(w http.ResponseWriter) {
	if f.retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(f.retryAfter.Seconds())))
	}
	type body struct {
		Code    int           `json:"code"`
		Message string        `json:"message"`
		Errors  []failureItem `json:"errors"`
	}
	answer(w, f.code, map[string]body{"error": {f.code, f.items[0].Message, f.items}})
}

func answer(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body) // a client that has gone away does not hear it
}
