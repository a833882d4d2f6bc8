package config

import (
	"strconv"
	"strings"
	"time"

	"github.com/fedns/fedns/discovery/evidence"
)

// evidence is how clusters are judged.
func (r *reader) evidence(v value, p *evidence.Policy) {
	for name, f := range r.fields(v) {
		switch name {
		case "behindAfter":
			p.Behind = r.span(f)
		case "unprobedAfter":
			p.Unprobed = r.span(f)
		case "holdShare":
			p.HoldShare = r.share(f)
		case "holdWindow":
			p.HoldWindow = r.span(f)
		}
	}
}

// withdrawals is what may be withdrawn at a time.
func (r *reader) withdrawals(v value, l *evidence.Limits) {
	for name, f := range r.fields(v) {
		switch name {
		case "window":
			l.Window = r.span(f)
		case "count":
			l.Count = r.number(f, 1, 1_000_000_000)
		case "share":
			l.Share = r.share(f)
		}
	}
}

// span is for how long something has to last.
func (r *reader) span(v value) time.Duration {
	return time.Duration(r.seconds(v, spanTakes, 1, maxWait)) * time.Second
}

// share is a part of a whole, in percent.
func (r *reader) share(v value) float64 {
	want := strings.ReplaceAll(shareTakes, "`", "")
	text, ok := r.text(v, want)
	if !ok {
		return 0
	}
	digits, percent := strings.CutSuffix(text, "%")
	n, err := strconv.Atoi(digits)
	if !percent || err != nil || n < 1 || n > 100 {
		r.want(v, want)
		return 0
	}
	return float64(n) / 100
}

// word is what the operator says of a cluster.
func (r *reader) word(v value) evidence.Word {
	const want = "one of drained, evicted"
	text, ok := r.text(v, want)
	if w := evidence.Word(text); ok && (w == evidence.NoWord || !w.Valid()) {
		r.want(v, want)
		return evidence.NoWord
	}
	return evidence.Word(text)
}

// What spans and shares look like, for the reference.
const (
	spanTakes  = "seconds from 1 to 86400, or a duration such as `30s`"
	shareTakes = "a share such as `50%`, from `1%` to `100%`"
)

// evidenceFields documents the sections evidence and withdrawals.
func evidenceFields() []Field {
	return []Field{
		{"evidence", "mapping", "see below", "How it is decided what answers may use of a cluster. docs/evidence.md has the truth table."},
		{"evidence.behindAfter", spanTakes, "`5s`", "How long its data path has to be seen down until a cluster steps behind those that are well."},
		{"evidence.unprobedAfter", spanTakes, "`1m`", "How long its API server, or its nodes, have to be seen down, where nothing is known of the data path."},
		{"evidence.holdShare", shareTakes, "`50%`", "When more of the clusters than this (two at least) are lost at once, that is taken for being cut off oneself, and none steps behind. `100%`: never."},
		{"evidence.holdWindow", spanTakes, "`30s`", "What \"at once\" means."},
		{"withdrawals", "mapping", "see below", "How many Services may go out of the answers at a time because objects were deleted or are missing. What is more is held, and what was known is answered, until `fedns release`, or until they come back."},
		{"withdrawals.window", spanTakes, "`1m`", "The time over which withdrawals add up."},
		{"withdrawals.count", "a number from 1 to 1000000000", "`20`", "So many may always be deleted."},
		{"withdrawals.share", shareTakes, "`50%`", "Of a cluster's Services, and of all: more are held. `100%`: never."},
	}
}
