package ownership

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
)

// Fence is the generation of what an owner wrote into a hosted zone: one TXT,
// swapped in every batch. It is a value; == compares.
type Fence struct {
	Owner  string
	Holder string // the replica that wrote it
	// Generation grows by one with every batch.
	Generation uint64
	// Nonce tells batches with the same Generation apart: of two replicas that both
	// believe to lead.
	Nonce string
}

// FenceKey is where an owner's fence is in a zone.
func FenceKey(owner string, apex dnsname.Name) (hosted.Key, error) {
	if err := CheckOwner(owner); err != nil {
		return hosted.Key{}, fmt.Errorf("fence: %w", err)
	}
	at, err := apex.Child(fenceStart + owner)
	if err != nil {
		return hosted.Key{}, fmt.Errorf("fence of %s in %s: %w", owner, apex, err)
	}
	return hosted.Key{Owner: at, Type: zone.TypeTXT}, nil
}

// Entry is the fence as a record.
func (f Fence) Entry(apex dnsname.Name) (hosted.Entry, error) {
	k, err := FenceKey(f.Owner, apex)
	if err != nil {
		return hosted.Entry{}, err
	}
	text := f.text()
	if len(text) > maxText {
		return hosted.Entry{}, fmt.Errorf("fence of %s: holder and nonce are too long for a TXT record", f.Owner)
	}
	return entry(k, []string{zone.TXT(text)}), nil
}

func (f Fence) text() string {
	return formatFields([]field{
		{"fence", f.Owner}, {"holder", f.Holder}, {"generation", strconv.FormatUint(f.Generation, 10)}, {"nonce", f.Nonce},
	})
}

// ParseFence reads a fence. An error means that somebody else changed it, or that
// a newer version of fedns wrote it: its owner must not write.
func ParseFence(e hosted.Entry) (Fence, error) {
	f, err := parseFence(e)
	if err != nil {
		return Fence{}, fmt.Errorf("fence %s: %w", hosted.KeyString(e.Key), err)
	}
	return f, nil
}

func parseFence(e hosted.Entry) (Fence, error) {
	if !IsFence(e.Key) {
		return Fence{}, fmt.Errorf("this is no name of a fence")
	}
	if err := checkSimple(e); err != nil {
		return Fence{}, err
	}
	if len(e.Sets) != 1 || e.Sets[0].Records.Len() != 1 {
		return Fence{}, fmt.Errorf("want one TXT record")
	}
	text, ok := joinStrings(e.Sets[0].Records.First())
	if !ok {
		return Fence{}, fmt.Errorf("its RDATA is no TXT")
	}
	fields, err := parseFields(text)
	if err != nil {
		return Fence{}, err
	}
	generation, err := strconv.ParseUint(fields["generation"], 10, 64)
	if err != nil {
		return Fence{}, fmt.Errorf("generation %q is no number", fields["generation"])
	}
	f := Fence{Owner: fields["fence"], Holder: fields["holder"], Generation: generation, Nonce: fields["nonce"]}
	switch {
	case f.text() != text:
		return Fence{}, fmt.Errorf("it has more in it, or another order, than this version writes")
	case fenceStart+f.Owner != strings.ToLower(e.Key.Owner.Label()):
		return Fence{}, fmt.Errorf("it says that it is %q's", f.Owner)
	}
	return f, nil
}
