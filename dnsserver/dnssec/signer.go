package dnssec

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
)

var (
	// ErrBudget says that a signature is not at hand and none may be made now.
	// The query gets no answer that validates; unsigned answers go on.
	ErrBudget = errors.New("the budget for signatures is spent")
	// ErrNoKey says that no key is published: the zone is not signed, and its
	// answers go out without signatures.
	ErrNoKey = errors.New("no key is published")
)

// Config says how a zone is signed. The zero value signs with no key.
type Config struct {
	// Keys are the zone's; SetKeys changes them.
	Keys []Key
	// TTL of DNSKEY, CDS and CDNSKEY in seconds. Defaults to 3600.
	TTL uint32
	// Validity of a signature, to the second; at least ten minutes. RRsets are
	// signed anew, in 64 waves, when a quarter of it is left: a quarter should be
	// longer than any TTL and the SOA's expire. Defaults to 14 days.
	Validity time.Duration
	// Skew is how far back signatures are valid, for validators whose clock is
	// behind. Defaults to one hour.
	Skew time.Duration
	// CacheSize is how many RRsets' signatures are kept, of the zone's own RRsets
	// and of those made up for queries each. An entry takes some 500 octets.
	// Defaults to 32768; best is the number of RRsets that are asked for.
	CacheSize int
	// Budget is how many RRsets made up for queries are signed a second: denials
	// and expanded wildcards, of which a flood can ask for ever new ones. It may
	// burst for one second. Defaults to 1000, about 4 % of a core.
	Budget int
	// ZoneBudget is the same for the zone's own RRsets, which stay cached. Those at
	// the apex are always signed. Defaults to 20 times Budget.
	ZoneBudget int
	// Now defaults to time.Now.
	Now func() time.Time
}

// Signer signs one zone. It is safe for concurrent use; no method blocks on
// anything but the processor.
type Signer struct {
	apex     dnsname.Name
	ttl      uint32 // of DNSKEY, seconds
	now      func() time.Time
	schedule schedule
	roster   atomic.Pointer[roster]
	own      *shelf // RRsets that the zone holds
	made     *shelf // RRsets that queries make up
	renewals int    // how many signatures Run makes at once
	walked   atomic.Pointer[map[zone.RRset]*entry]
}

// New makes the zone's Signer. It fails when a key is not the zone's or cfg
// contradicts itself.
func New(apex dnsname.Name, cfg Config) (*Signer, error) {
	cfg.setDefaults()
	if cfg.Validity < 10*time.Minute || cfg.Skew < 0 || cfg.CacheSize < 0 || cfg.Budget < 0 || cfg.ZoneBudget < 0 {
		return nil, fmt.Errorf("signing %s: validity is less than ten minutes, or a number is negative", apex)
	}
	own, err := newShelf(cfg.CacheSize, cfg.ZoneBudget)
	if err != nil {
		return nil, fmt.Errorf("signing %s: %w", apex, err)
	}
	made, err := newShelf(cfg.CacheSize, cfg.Budget)
	if err != nil {
		return nil, fmt.Errorf("signing %s: %w", apex, err)
	}
	s := &Signer{
		apex: apex, ttl: cfg.TTL, now: cfg.Now, schedule: newSchedule(cfg.Validity, cfg.Skew),
		own: own, made: made, renewals: max(1, cfg.ZoneBudget/4),
	}
	return s, s.SetKeys(cfg.Keys)
}

func (c *Config) setDefaults() {
	setDefault(&c.TTL, 3600)
	setDefault(&c.Validity, 14*24*time.Hour)
	setDefault(&c.Skew, time.Hour)
	setDefault(&c.CacheSize, 32768)
	setDefault(&c.Budget, 1000)
	setDefault(&c.ZoneBudget, 20*c.Budget)
	if c.Now == nil {
		c.Now = time.Now
	}
}

func setDefault[T comparable](v *T, to T) {
	var zero T
	if *v == zero {
		*v = to
	}
}

// SetKeys replaces the keys, all at once. Signatures by keys that stay are
// kept. On an error the old keys stay.
func (s *Signer) SetKeys(keys []Key) error {
	keys = slices.Clone(keys)
	for i, k := range keys {
		if k.private == nil || k.owner != s.apex {
			return fmt.Errorf("signing %s: key %d is of %q", s.apex, i, k.owner)
		}
		for _, other := range keys[:i] {
			if other.Tag() == k.Tag() && other.Algorithm() == k.Algorithm() {
				return fmt.Errorf("signing %s: two keys are %s", s.apex, k)
			}
		}
	}
	s.roster.Store(newRoster(s.apex, keys, s.ttl, s.now()))
	return nil
}

// rosterAt is what the keys do now.
func (s *Signer) rosterAt(now time.Time) *roster {
	r := s.roster.Load()
	if r.covers(now) {
		return r
	}
	next := newRoster(s.apex, r.all, s.ttl, now)
	s.roster.CompareAndSwap(r, next) // or SetKeys was faster, and the next call sees its keys
	return next
}

// Apex is the DNSKEY RRset as of now, and CDS and CDNSKEY if the parent is to be
// told of a key (RFC 7344, RFC 8078). It is empty when the zone is not signed.
// The slice must not be changed.
func (s *Signer) Apex() []zone.RRset { return s.rosterAt(s.now()).apex }

// DS is what the parent should hold: a DS (SHA-256) for each key with SEP that
// is published or told of by CDS, and is not on its way out. Of a zone without
// such keys, for every published key. The TTL is the DNSKEY's; the parent sets
// its own.
func (s *Signer) DS() zone.RRset {
	now := s.now()
	r := s.rosterAt(now)
	var ds []string
	for _, k := range r.all {
		if k.SEP() && (k.Published(now) || k.synced(now)) && !passed(k.SyncDelete, now) && !passed(k.Delete, now) {
			ds = append(ds, k.ds())
		}
	}
	if len(ds) == 0 && !slices.ContainsFunc(r.published, Key.SEP) {
		for _, k := range r.published {
			ds = append(ds, k.ds())
		}
	}
	return zone.NewRRset(s.apex, zone.TypeDS, s.ttl, ds...)
}

// NextChange is when Apex and Zone next give something else although the
// snapshot is the same: a key's time comes, or a wave of RRsets is signed anew.
// It is at most a few hours ahead, and the zero time for a zone without keys.
// The owner then counts up the SOA serial, so that secondaries fetch the zone.
func (s *Signer) NextChange(now time.Time) time.Time {
	r := s.roster.Load()
	if len(r.all) == 0 {
		return time.Time{}
	}
	next := time.Unix(s.schedule.next(now.Unix()), 0)
	if _, until := span(r.all, now); !until.IsZero() && until.Before(next) {
		return until
	}
	return next
}
