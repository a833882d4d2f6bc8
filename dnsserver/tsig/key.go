package tsig

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"hash"
	"strconv"
	"strings"

	"github.com/fedns/fedns/dnsserver/dnsname"
)

// Key is a secret shared with others, and how it signs. Both sides know it by
// its name. It is not changed once it is in a Keyring.
type Key struct {
	Name dnsname.Name
	// Algorithm is hmac-sha256, hmac-sha384 or hmac-sha512. With a number of bits
	// behind it, as in hmac-sha256-128, MACs are cut to that length, and received
	// ones may be (RFC 8945 §5.2.2.1).
	Algorithm string
	Secret    []byte
}

// String names the key and never shows the secret.
func (k Key) String() string { return k.Name.String() + " (" + k.Algorithm + ")" }

// GoString is String, so that %#v does not show the secret either.
func (k Key) GoString() string { return k.String() }

// minMAC is the shortest MAC in octets that anybody may send (RFC 8945 §5.2.2.1).
const minMAC = 10

// algorithm is how a kind of key signs.
type algorithm struct {
	name dnsname.Name // as messages tell it
	hash func() hash.Hash
	size int // of a whole MAC, in octets
}

// shortest is the shortest MAC in octets that may be sent at all (RFC 8945
// §5.2.2.1: half of the whole one, 10 octets at least).
func (a *algorithm) shortest() int { return max(minMAC, a.size/2) }

var algorithms = map[string]*algorithm{
	"hmac-sha256": {dnsname.MustParse("hmac-sha256"), sha256.New, sha256.Size},
	"hmac-sha384": {dnsname.MustParse("hmac-sha384"), sha512.New384, sha512.Size384},
	"hmac-sha512": {dnsname.MustParse("hmac-sha512"), sha512.New, sha512.Size},
}

const wantAlgorithm = "hmac-sha256, hmac-sha384 or hmac-sha512"

// key is a Key that was found good.
type key struct {
	name   dnsname.Name
	alg    *algorithm
	size   int // of our MACs in octets, and the least we take
	secret []byte
}

func (k *key) hash() hash.Hash { return hmac.New(k.alg.hash, k.secret) }

// compile checks a Key. The error does not name it.
func (k Key) compile() (*key, error) {
	alg, size, err := parseAlgorithm(k.Algorithm)
	if err != nil {
		return nil, err
	}
	if k.Name.IsZero() {
		return nil, errors.New("has no name")
	}
	if len(k.Secret) == 0 {
		return nil, errors.New("secret is empty")
	}
	return &key{k.Name, alg, size, k.Secret}, nil
}

// parseAlgorithm reads an algorithm's name: the second result is the MAC's size in octets.
func parseAlgorithm(text string) (*algorithm, int, error) {
	text = strings.TrimSuffix(strings.ToLower(text), ".")
	if alg := algorithms[text]; alg != nil {
		return alg, alg.size, nil
	}
	switch text {
	case "":
		return nil, 0, errors.New("algorithm is missing, want " + wantAlgorithm)
	case "hmac-md5", "hmac-md5.sig-alg.reg.int", "hmac-sha1", "hmac-sha224":
		return nil, 0, fmt.Errorf("algorithm %s is too weak, want %s (RFC 8945 §6)", text, wantAlgorithm)
	}
	if i := strings.LastIndexByte(text, '-'); i > 0 && algorithms[text[:i]] != nil {
		alg := algorithms[text[:i]]
		bits, err := strconv.Atoi(text[i+1:])
		if err != nil || bits%8 != 0 || bits < 8*alg.shortest() || bits > 8*alg.size {
			return nil, 0, fmt.Errorf("algorithm %q: bits of its MAC, want a multiple of 8 from %d to %d (RFC 8945 §5.2.2.1)", text, 8*alg.shortest(), 8*alg.size)
		}
		return alg, bits / 8, nil
	}
	return nil, 0, fmt.Errorf("algorithm %q is unknown, want %s", text, wantAlgorithm)
}
