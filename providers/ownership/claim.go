package ownership

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
)

// Unknown is the Owner of a claim that is not understood.
const Unknown = "?"

// digestLen is the octets of a Digest. 36 bits: among the records of one name two
// are taken for each other once in billions of names, and the text stays short.
const digestLen = 6

// Claim says that one owner (an installation of fedns) put records of an Entry
// there, from which cluster and object. A Claim that Decode made also knows how it
// was written; one with Owner Unknown is of use for Encode only.
type Claim struct {
	Owner   string
	Cluster string // empty for static records
	Object  string // "Service/shop/web", or a file
	Set     string // set identifier; empty: the simple set
	// TTL that this owner wants, in seconds; a shared simple set has the lowest of
	// all claims.
	TTL uint32
	// Digests of the RDATA that are its own, sorted and unique; none for an alias.
	Digests []string

	opaque string // RDATA of a claim that is not understood
	// Of a claim that was read: it stays plain (nil), or sealed with the key it was
	// sealed with.
	read bool
	by   *sealer
}

// Digest stands for a record's RDATA in a claim.
func Digest(rdata string) string {
	sum := sha256.Sum256([]byte(rdata))
	return base64.RawURLEncoding.EncodeToString(sum[:])[:digestLen]
}

// Sort puts claims into canonical order, in place: by owner, cluster, object and
// set.
func Sort(claims []Claim) { slices.SortFunc(claims, compare) }

func compare(a, b Claim) int {
	return cmp.Or(
		compareIdentity(a, b),
		cmp.Compare(a.TTL, b.TTL),
		slices.Compare(a.Digests, b.Digests),
		strings.Compare(a.opaque, b.opaque))
}

func compareIdentity(a, b Claim) int {
	return cmp.Or(
		strings.Compare(a.Owner, b.Owner),
		strings.Compare(a.Cluster, b.Cluster),
		strings.Compare(a.Object, b.Object),
		strings.Compare(a.Set, b.Set))
}

// Equal says that both claim the same.
func (c Claim) Equal(o Claim) bool { return compare(c, o) == 0 }

// IsUnknown says that the claim is not understood: it is somebody else's, of
// which set is not known either, and stays as it is.
func (c Claim) IsUnknown() bool { return c.Owner == Unknown }

// Has says that a record is the claim's.
func (c Claim) Has(rdata string) bool {
	_, ok := slices.BinarySearch(c.Digests, Digest(rdata))
	return ok
}

// String shows the claim to people.
func (c Claim) String() string {
	if c.IsUnknown() {
		return "an owner that is not known"
	}
	return fmt.Sprintf("%s/%s/%s", c.Owner, c.Cluster, c.Object)
}

// CheckOwner says what is wrong with the name of an owner.
func CheckOwner(id string) error {
	switch {
	case id == "":
		return fmt.Errorf("owner is empty")
	case len(id) > 40: // _fedns-fence-<owner> has to be a label
		return fmt.Errorf("owner %q is longer than 40 octets", id)
	case id[0] == '-' || id[len(id)-1] == '-':
		return fmt.Errorf("owner %q begins or ends with a hyphen", id)
	}
	for _, c := range []byte(id) {
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-') {
			return fmt.Errorf("owner %q has %q, want a-z, 0-9 and hyphens only", id, c)
		}
	}
	return nil
}

// gather sorts claims and makes one of all that have the same owner, cluster,
// object and set: with the digests of all, and the lowest TTL. The result shares
// nothing with claims that it changes.
func gather(claims []Claim) []Claim {
	claims = slices.Clone(claims)
	for i := range claims {
		d := slices.Clone(claims[i].Digests)
		slices.Sort(d)
		claims[i].Digests = slices.Compact(d)
	}
	Sort(claims)
	var out []Claim
	for _, c := range claims {
		last := len(out) - 1
		if last < 0 || compareIdentity(out[last], c) != 0 || c.opaque != out[last].opaque {
			out = append(out, c)
			continue
		}
		out[last].Digests = append(out[last].Digests, c.Digests...)
		out[last].TTL = min(out[last].TTL, c.TTL)
		if out[last].read != c.read || out[last].by != c.by {
			out[last].read, out[last].by = false, nil
		}
	}
	for i := range out {
		slices.Sort(out[i].Digests)
		out[i].Digests = slices.Compact(out[i].Digests)
	}
	return out
}
