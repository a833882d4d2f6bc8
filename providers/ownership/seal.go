package ownership

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/fedns/fedns/dnsserver/dnsname"
)

// KeyLen is the octets of a Codec's key.
const KeyLen = 32

const sealedStart = heritage + ",sealed="

// sealer encrypts texts, each to the same octets every time.
type sealer struct {
	aead     cipher.AEAD
	nonceKey []byte
}

func newSealer(key []byte) (*sealer, error) {
	if len(key) != KeyLen {
		return nil, fmt.Errorf("key of ownership claims has %d octets, want %d", len(key), KeyLen)
	}
	// A key of its own for each use, so that neither says anything of the other.
	dataKey, err := hkdf.Key(sha256.New, key, nil, "fedns claim data", KeyLen)
	if err != nil {
		return nil, fmt.Errorf("key of ownership claims: %w", err)
	}
	nonceKey, err := hkdf.Key(sha256.New, key, nil, "fedns claim nonce", KeyLen)
	if err != nil {
		return nil, fmt.Errorf("key of ownership claims: %w", err)
	}
	block, err := aes.NewCipher(dataKey)
	if err != nil {
		return nil, fmt.Errorf("key of ownership claims: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("key of ownership claims: %w", err)
	}
	return &sealer{aead: aead, nonceKey: nonceKey}, nil
}

// nonce repeats only for the same text at the same name. Of 96 bits two are the
// same by chance after some 2^48 texts: more than a zone ever holds.
func (s *sealer) nonce(at dnsname.Name, text string) []byte {
	h := hmac.New(sha256.New, s.nonceKey)
	h.Write([]byte(at.Wire())) // ends with the root's octet: where text begins is plain
	h.Write([]byte(text))
	return h.Sum(nil)[:s.aead.NonceSize()]
}

// seal encrypts text for the TXT at a name; at another name it does not open.
func (s *sealer) seal(at dnsname.Name, text string) string {
	nonce := s.nonce(at, text)
	data := s.aead.Seal(nonce, nonce, []byte(text), []byte(at.Wire()))
	return sealedStart + base64.RawURLEncoding.EncodeToString(data)
}

func (s *sealer) open(at dnsname.Name, sealed string) (string, error) {
	data, err := base64.RawURLEncoding.Strict().DecodeString(strings.TrimPrefix(sealed, sealedStart))
	if err != nil {
		return "", fmt.Errorf("sealed claim: %w", err)
	}
	n := s.aead.NonceSize()
	if len(data) < n {
		return "", fmt.Errorf("sealed claim is cut short")
	}
	text, err := s.aead.Open(nil, data[:n], data[n:], []byte(at.Wire()))
	if err != nil {
		return "", fmt.Errorf("sealed claim: %w", err)
	}
	return string(text), nil
}
