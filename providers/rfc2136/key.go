package rfc2136

import (
	"bytes"
	"fmt"
	"os"
	"sync"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/tsig"
)

// keyFile is a TSIG key that may be replaced in its file. Safe for concurrent use.
type keyFile struct {
	file string
	want dnsname.Name // zero: the only one

	mu   sync.Mutex
	text []byte // as it was read last, good or not
	ring *tsig.Keyring
	name dnsname.Name
	err  error // why text is not what is used
}

// openKey reads the key; there must be a good one.
func openKey(file string, want dnsname.Name) (*keyFile, error) {
	k := &keyFile{file: file, want: want}
	if _, err := k.request(); k.ring == nil {
		return nil, err
	}
	return k, nil
}

// request signs with the key that is in the file now, else with the last good
// one. The error is why that is not the one in the file.
func (k *keyFile) request() (*tsig.Request, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	text, err := os.ReadFile(k.file)
	switch {
	case err != nil:
		k.text, k.err = nil, fmt.Errorf("key file: %w", err)
	case k.text == nil || !bytes.Equal(text, k.text):
		k.text, k.err = text, k.parse(text)
	}
	if k.ring == nil {
		return nil, k.err
	}
	r, err := k.ring.NewRequest(k.name)
	if err != nil {
		return nil, err
	}
	return r, k.err
}

// parse takes the file's key over, if it is good.
func (k *keyFile) parse(text []byte) error {
	keys, err := tsig.ParseKeys(k.file, text)
	if err != nil {
		return err
	}
	ring, err := tsig.NewKeyring(keys...)
	if err != nil {
		return fmt.Errorf("%s: %w", k.file, err)
	}
	name := k.want
	if name.IsZero() {
		var ok bool
		if name, ok = ring.Only(); !ok {
			return fmt.Errorf("%s: there are %d keys, and none is named in the configuration", k.file, ring.Len())
		}
	}
	if !ring.Has(name) {
		return fmt.Errorf("%s: there is no key %s", k.file, name)
	}
	k.ring, k.name = ring, name
	return nil
}

// keyName is for people.
func (z *Zone) keyName() string {
	if z.primary.key == nil {
		return "a message without a signature"
	}
	z.primary.key.mu.Lock()
	defer z.primary.key.mu.Unlock()
	return "key " + z.primary.key.name.String()
}
