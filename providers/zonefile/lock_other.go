//go:build !unix

package zonefile

import (
	"fmt"
	"os"
)

// lockFile locks nobody out here: the content alone is compared.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("zone file: %w", err)
	}
	return f, nil
}
