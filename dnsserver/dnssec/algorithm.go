package dnssec

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
)

// Algorithm numbers this package signs with (IANA DNSSEC algorithm numbers).
// Both are what RFC 8624 §3.1 recommends; the older ones are refused.
const (
	ECDSAP256SHA256 uint8 = 13 // RFC 6605
	Ed25519         uint8 = 15 // RFC 8080
)

// scalarLen is the length in octets of a private key, and of each half of a
// signature and of an ECDSA public key (RFC 6605 §4, RFC 8080 §3).
const scalarLen = 32

// mnemonics are the algorithms' names as BIND writes them into private files.
var mnemonics = map[uint8]string{ECDSAP256SHA256: "ECDSAP256SHA256", Ed25519: "ED25519"}

// errAlgorithm tells which algorithms there are.
func errAlgorithm(alg uint8) error {
	return fmt.Errorf("algorithm %d is not signed with here, want 13 (ECDSAP256SHA256) or 15 (ED25519)", alg)
}

// newPrivate makes a private key.
func newPrivate(alg uint8) (crypto.Signer, error) {
	switch alg {
	case ECDSAP256SHA256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case Ed25519:
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return private, err
	}
	return nil, errAlgorithm(alg)
}

// privateFrom reads a private key. Leading zeros may be missing: BIND before
// 9.16 left them out.
func privateFrom(alg uint8, raw []byte) (crypto.Signer, error) {
	if len(raw) == 0 || len(raw) > scalarLen {
		return nil, fmt.Errorf("is %d octets long, want %d", len(raw), scalarLen)
	}
	switch alg {
	case ECDSAP256SHA256:
		padded := make([]byte, scalarLen)
		copy(padded[scalarLen-len(raw):], raw)
		k, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), padded)
		if err != nil {
			return nil, errors.New("is no number that P-256 has a key for")
		}
		return k, nil
	case Ed25519:
		if len(raw) != scalarLen {
			return nil, fmt.Errorf("is %d octets long, want %d", len(raw), scalarLen)
		}
		return ed25519.NewKeyFromSeed(raw), nil
	}
	return nil, errAlgorithm(alg)
}

// privateBytes is the inverse of privateFrom.
func privateBytes(private crypto.Signer) ([]byte, error) {
	switch k := private.(type) {
	case *ecdsa.PrivateKey:
		return k.Bytes()
	case ed25519.PrivateKey:
		return k.Seed(), nil
	}
	return nil, fmt.Errorf("private key is a %T", private)
}

// publicBytes is the public key as DNSKEY RDATA has it (RFC 6605 §4, RFC 8080 §3).
func publicBytes(private crypto.Signer) ([]byte, error) {
	switch k := private.Public().(type) {
	case *ecdsa.PublicKey:
		b, err := k.Bytes() // 4, x, y
		if err != nil {
			return nil, err
		}
		return b[1:], nil
	case ed25519.PublicKey:
		return k, nil
	}
	return nil, fmt.Errorf("private key is a %T", private)
}

// appendSignature appends the signature over data. The same data always gets
// the same signature (RFC 6979; RFC 8032 §5.1.6).
func appendSignature(dst []byte, private crypto.Signer, data []byte) ([]byte, error) {
	if k, ok := private.(ed25519.PrivateKey); ok {
		return append(dst, ed25519.Sign(k, data)...), nil
	}
	sum := sha256.Sum256(data)
	der, err := private.Sign(nil, sum[:], crypto.SHA256) // no source of chance: RFC 6979
	if err != nil {
		return nil, err
	}
	var half struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &half); err != nil {
		return nil, err
	}
	var both [2 * scalarLen]byte
	half.R.FillBytes(both[:scalarLen])
	half.S.FillBytes(both[scalarLen:])
	return append(dst, both[:]...), nil
}
