package simulation

import (
	"context"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/ownership"
)

// external is the owner of external-dns whose records may be adopted.
const external = "old"

// externalKey is where external-dns says whose the addresses of a label are.
func externalKey(label string) hosted.Key {
	return hosted.Key{Owner: dnsname.MustParse("a-" + label + ".example.com."), Type: zone.TypeTXT}
}

// externalLabels are those of the names that external-dns may have.
var externalLabels = []string{"web", "api", "www", "text", "db"}

// externalize has external-dns write addresses of a name that nobody has, or those anew
// that it has, and tells which.
func (w *world) externalize() (label string) {
	w.mu.Lock()
	var free []string
	for _, l := range externalLabels {
		k, at := hosted.Key{Owner: nameOf(l), Type: zone.TypeA}, externalKey(l)
		_, has := w.truth[k]
		_, alone := w.truth[hosted.Key{Owner: k.Owner, Type: zone.TypeCNAME}]
		_, its := w.truth[at]
		if !alone && (!has || its) && len(w.claims(k)) == 0 {
			free = append(free, l)
		}
	}
	w.mu.Unlock()
	if len(free) == 0 {
		return ""
	}
	label = free[w.IntN(len(free))]
	k, at := hosted.Key{Owner: nameOf(label), Type: zone.TypeA}, externalKey(label)
	w.edit(hosted.Simple(zone.NewRRset(k.Owner, k.Type, 90, zone.Addr(address(external, 0, byte(1+w.IntN(3)))))))
	w.edit(hosted.Simple(zone.NewRRset(at.Owner, at.Type, 300, zone.TXT("heritage=external-dns,external-dns/owner="+external+",external-dns/resource=service/shop/"+label))))
	return label
}

// adoptOne has an owner want what external-dns has, and adopt it.
func (w *world) adoptOne(o *owner) {
	if label := w.externalize(); label != "" {
		w.set(o, label, w.random())
		w.tell(o)
		w.pass(w.upTo(3 * time.Second))
	}
	w.adopt(o.leader)
}

// adopt gives a life the word to take over what external-dns has, which may have
// become something else since it was planned.
func (w *world) adopt(l *life) {
	if l.retire {
		return
	}
	w.plans(l, true)
	_, all, err := l.sync.PlanAdoption(context.Background(), external, ownership.Affix{})
	w.plans(l, false)
	if err != nil {
		w.note("%s cannot plan an adoption: %v", l.name, err)
		return
	}
	if w.IntN(3) == 0 {
		w.externalize()
	}
	w.note("%s is told to adopt %d", l.name, len(all))
	w.mu.Lock()
	l.adopting = append(l.adopting, all...)
	w.mu.Unlock()
	l.sync.Adopt(all)
}

// plans says that a life lists for somebody, and not to go on from there.
func (w *world) plans(l *life, is bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	l.planning = is
}

// adopts says that a Change is of what a life was told to adopt, which is as it was
// when that was planned; mu is held.
func (w *world) adopts(l *life, c hosted.Change) bool {
	for _, a := range l.adopting {
		same, part := w.truth[a.Entry.Key].Equal(a.Entry), c.Key() == a.Entry.Key
		for _, r := range a.Registry {
			same = same && w.truth[r.Key()].Equal(r.Old)
			part = part || c.Key() == r.Key() && c.New.Equal(r.New)
		}
		if same && part {
			w.happened["Entries that were taken over from external-dns"]++
			return true
		}
	}
	return false
}
