package hosted

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/fedns/fedns/integration/harness"
)

// point is how everything stands at one time when nothing is left to be done.
type point struct {
	published map[string]content // by zone: what fedns answers
	serials   map[string]uint32  // BIND's
	names     int                // questions that both answer alike
}

// agrees says what is not right at BIND: it has to hold, in each zone, exactly what
// fedns does, what was there before fedns came, and the registry; and dig has to be
// answered alike for each question.
func agrees(ctx context.Context, b *bind, d *harness.Daemon) (point, error) {
	fedns, err := netip.ParseAddrPort(d.DNSAddr)
	if err != nil {
		return point{}, err
	}
	p := point{published: map[string]content{}, serials: map[string]uint32{}}
	for _, apex := range apexes {
		ours, _, err := holds(ctx, fedns, apex, false)
		if err != nil {
			return p, err
		}
		theirs, err := foreign(apex)
		if err != nil {
			return p, err
		}
		got, serial, err := holds(ctx, b.addr, apex, true)
		if err != nil {
			return p, err
		}
		maps.DeleteFunc(got, func(q question, _ []string) bool { return q.registry() })
		want := maps.Clone(ours)
		maps.Copy(want, theirs) // where both want to be, theirs stays
		if diff := difference(got, want); diff != "" {
			return p, fmt.Errorf("%s at BIND, serial %d:\n%s", apex, serial, diff)
		}
		asked := maps.Clone(ours)
		maps.DeleteFunc(asked, func(q question, _ []string) bool { return theirs[q] != nil })
		if err := digsAgree(ctx, b.addr, fedns, questions(asked)); err != nil {
			return p, fmt.Errorf("%s: %w", apex, err)
		}
		p.published[apex], p.serials[apex] = ours, serial
		p.names += len(asked)
	}
	return p, nil
}

func digsAgree(ctx context.Context, bind, fedns netip.AddrPort, all []question) error {
	if len(all) == 0 {
		return nil
	}
	got, err := dig(ctx, bind, all)
	if err != nil {
		return err
	}
	want, err := dig(ctx, fedns, all)
	if err != nil {
		return err
	}
	for _, q := range all {
		if got[q] != want[q] {
			return fmt.Errorf("dig %s says at BIND\n%s\nand at fedns\n%s", q, got[q], want[q])
		}
	}
	return nil
}

// difference tells some of what differs.
func difference(got, want content) string {
	var lines []string
	for q := range maps.Keys(got) {
		if !slices.Equal(got[q], want[q]) {
			lines = append(lines, fmt.Sprintf("%s: got %v, want %v", q, got[q], want[q]))
		}
	}
	for q := range maps.Keys(want) {
		if got[q] == nil {
			lines = append(lines, fmt.Sprintf("%s: got nothing, want %v", q, want[q]))
		}
	}
	slices.Sort(lines)
	if n := len(lines); n > 10 {
		lines = append(lines[:10], fmt.Sprintf("and %d more", n-10))
	}
	return strings.Join(lines, "\n")
}
