package route53

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/miekg/dns"

	"github.com/fedns/fedns/providers/hosted"
)

// few is how many record sets are asked for when one Entry is read: one with a
// routing policy has seldom more.
const few = 10

// Read reads some Entries. A page begins at the first of them that is not known
// yet and costs one call whatever its size, so when there are others it is as large
// as pages get, and all that it covers are read with it.
func (z *Zone) Read(ctx context.Context, keys ...hosted.Key) ([]hosted.Entry, error) {
	if err := z.open(ctx); err != nil {
		return nil, err
	}
	todo := make([]wanted, len(keys))
	for i, k := range keys {
		todo[i] = wanted{k, order(k)}
	}
	slices.SortFunc(todo, func(a, b wanted) int { return strings.Compare(a.order, b.order) })
	sets := map[hosted.Key][]hosted.Set{}
	for len(todo) > 0 {
		first := todo[0]
		// One type is asked for by itself; of several at one name all are listed.
		from, most := cursor{name: nameText(first.key.Owner)}, int32(pageSize)
		if len(todo) == 1 {
			most = few
		}
		alone := !slices.ContainsFunc(todo[1:], func(w wanted) bool { return w.key.Owner == first.key.Owner })
		if alone {
			from.typ = types.RRType(dns.TypeToString[first.key.Type])
		}
		page, next, err := z.page(ctx, from, most)
		if err != nil {
			return nil, err
		}
		left := todo[:0:0]
		for _, w := range todo {
			if w.key.Owner != first.key.Owner && !covered(w, first, page, next) {
				left = append(left, w)
				continue
			}
			if err := z.add(ctx, sets, of(page, w.key)); err != nil {
				return nil, err
			}
		}
		todo = left
	}
	return gather(sets), nil
}

// wanted is an Entry to read.
type wanted struct {
	key   hosted.Key
	order string // empty: where Route 53 puts it is not known for sure
}

// order is where Route 53 lists a name: by its labels reversed, each with a final
// dot (API Reference, ListResourceRecordSets). How escapes are ordered is not
// documented, so a name that has any has no order, and is asked for by itself.
func order(k hosted.Key) string {
	return nameOrder(nameText(k.Owner))
}

func nameOrder(text string) string {
	if strings.Contains(text, `\`) {
		return ""
	}
	labels := strings.Split(strings.TrimSuffix(text, "."), ".")
	slices.Reverse(labels)
	return strings.Join(labels, ".") + "."
}

// page lists from an Entry on, or from a name on if it has no type, and goes on
// until that is whole.
func (z *Zone) page(ctx context.Context, from cursor, most int32) ([]types.ResourceRecordSet, *cursor, error) {
	page, next, err := z.api.list(ctx, from, most)
	for err == nil && next != nil && next.name == from.name && (from.typ == "" || next.typ == from.typ) {
		var more []types.ResourceRecordSet
		at := *next
		if more, next, err = z.api.list(ctx, at, pageSize); err == nil && next != nil && *next == at {
			return nil, nil, fmt.Errorf("route53 %s: the next page of %s begins where this one did", actionList, from.name)
		}
		page = append(page, more...)
	}
	return page, next, err
}

// covered says that a page which began at first shows all that there is of w: its
// name lies behind the name that the page began with, and before the one with which
// the next begins. Order among types of one name is not relied on.
func covered(w, first wanted, page []types.ResourceRecordSet, next *cursor) bool {
	if w.order == "" || first.order == "" || w.order <= first.order {
		return false
	}
	if next == nil {
		return true
	}
	if end := nameOrder(next.name); end != "" {
		return w.order < end
	}
	// The next page begins at a name whose order is not known; this one's last name
	// that has an order is covered up to there.
	for _, r := range slices.Backward(page) {
		if last := nameOrder(aws.ToString(r.Name)); last != "" {
			return w.order < last
		}
	}
	return false
}

// of takes the record sets of one Entry from a page.
func of(page []types.ResourceRecordSet, k hosted.Key) []types.ResourceRecordSet {
	var own []types.ResourceRecordSet
	for _, r := range page {
		if dns.StringToType[string(r.Type)] != k.Type {
			continue
		}
		if n, err := parseName(aws.ToString(r.Name)); err == nil && n == k.Owner {
			own = append(own, r)
		}
	}
	return own
}
