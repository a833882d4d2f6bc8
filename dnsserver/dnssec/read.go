package dnssec

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/fedns/fedns/dnsserver/dnsname"
)

// ReadKeys reads the zone's keys from dir: every K<apex>+<algorithm>+<tag>.key
// with its .private beside it, as BIND's dnssec-keygen and Generate write them.
// Algorithms are 13 and 15. A .private alone is passed over: Generate was
// interrupted there.
//
// It returns every key or none. The error names each bad file and the field in
// it, and holds no secret. No key at all is no error. ReadKeys may run
// concurrently with itself and Generate.
func ReadKeys(dir string, apex dnsname.Name) ([]Key, error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("keys of %s: %w", apex, err)
	}
	var keys []Key
	var errs []error
	for _, f := range files {
		base, ok := strings.CutSuffix(f.Name(), ".key")
		if !ok || !strings.HasPrefix(base, "K"+fileText(apex)+"+") {
			continue
		}
		k, err := readKey(filepath.Join(dir, base), base, apex)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		keys = append(keys, k)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return keys, nil
}

func readKey(path, base string, apex dnsname.Name) (Key, error) {
	public, err := os.ReadFile(path + ".key")
	if err != nil {
		return Key{}, err
	}
	private, err := os.ReadFile(path + ".private")
	if err != nil {
		return Key{}, err
	}
	pub, err := parsePublic(string(public))
	if err != nil {
		return Key{}, fmt.Errorf("%s.key: %w", path, err)
	}
	priv, err := parsePrivate(string(private))
	if err != nil {
		return Key{}, fmt.Errorf("%s.private: %w", path, err)
	}
	k, field, err := joined(pub, priv)
	switch {
	case err != nil:
		return Key{}, fmt.Errorf("%s%s: %w", path, field, err)
	case k.owner != apex:
		return Key{}, fmt.Errorf("%s.key: owner name: %s, want %s", path, k.owner, apex)
	case k.String() != base:
		return Key{}, fmt.Errorf("%s.key: the key in it is %s", path, k)
	}
	return k, nil
}

// joined makes a key of its two files, which must be of one pair. On an error,
// it tells which file and field is to blame.
func joined(pub publicFile, priv privateFile) (k Key, field string, err error) {
	if pub.rdata[3] != priv.algorithm {
		return Key{}, ".key: algorithm", fmt.Errorf("%d, but %d in .private", pub.rdata[3], priv.algorithm)
	}
	signer, err := privateFrom(priv.algorithm, priv.key)
	if err != nil {
		return Key{}, ".private: PrivateKey", err
	}
	k, err = newKey(pub.owner, priv.algorithm, uint16(pub.rdata[0])<<8|uint16(pub.rdata[1]), signer, priv.when)
	if err != nil {
		return Key{}, ".private: PrivateKey", err
	}
	if k.dnskey != pub.rdata {
		return Key{}, ".key: public key", errors.New("is not the one of the key in .private")
	}
	return k, "", nil
}
