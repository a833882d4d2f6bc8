package tsig

import (
	"errors"
	"fmt"
	"os"

	"github.com/fedns/fedns/dnsserver/dnsname"
)

// Keyring holds keys by their names. It never changes, so any number of
// goroutines may use it; its owner puts a new one in its place when the files
// changed. A nil Keyring holds no key.
type Keyring struct{ keys map[dnsname.Name]*key }

// NewKeyring takes keys; two of one name, or a bad one, are an error that names it.
func NewKeyring(keys ...Key) (*Keyring, error) {
	k := &Keyring{make(map[dnsname.Name]*key, len(keys))}
	for _, given := range keys {
		good, err := given.compile()
		if err != nil {
			return nil, fmt.Errorf("key %q: %w", given.Name, err)
		}
		if k.keys[given.Name] != nil {
			return nil, fmt.Errorf("key %q is there twice", given.Name)
		}
		k.keys[given.Name] = good
	}
	return k, nil
}

// Load reads key files (see ParseKeys) into one Keyring. On an error there is
// none; the error tells of each file what is wrong with it first.
func Load(files ...string) (*Keyring, error) {
	k := &Keyring{map[dnsname.Name]*key{}}
	first := map[dnsname.Name]string{}
	var errs []error
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			errs = append(errs, fmt.Errorf("key file: %w", err))
			continue
		}
		keys, err := ParseKeys(file, text)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		for _, given := range keys {
			if other, ok := first[given.Name]; ok {
				errs = append(errs, fmt.Errorf("%s: key %q is in %s already", file, given.Name, other))
				continue
			}
			good, err := given.compile()
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: key %q: %w", file, given.Name, err))
				continue
			}
			first[given.Name], k.keys[given.Name] = file, good
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return k, nil
}

// Has says that there is a key of a name.
func (k *Keyring) Has(name dnsname.Name) bool { return k.find(name) != nil }

// Len counts the keys.
func (k *Keyring) Len() int {
	if k == nil {
		return 0
	}
	return len(k.keys)
}

// Only is the name of the key, when there is one alone.
func (k *Keyring) Only() (name dnsname.Name, ok bool) {
	if k.Len() != 1 {
		return dnsname.Name{}, false
	}
	for name = range k.keys {
		break
	}
	return name, true
}

func (k *Keyring) find(name dnsname.Name) *key {
	if k == nil {
		return nil
	}
	return k.keys[name]
}
