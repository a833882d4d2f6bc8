package config

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// maxInclude is how deep $INCLUDE in $INCLUDE is followed: no zone file that is
// read goes deeper.
const maxInclude = 16

// OpenRegular opens a file to read, and refuses what is none: opening a pipe
// would wait for its writer, and a device may have no end.
func OpenRegular(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: not a regular file", path)
	}
	return os.Open(path)
}

// digest is the SHA-256 of a file in hexadecimal; empty when it cannot be read.
func digest(path string) string {
	f, err := OpenRegular(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return ""
	}
	return hex.EncodeToString(h.Sum(nil))
}

// zoneDigest is digest for a zone file: when it includes others they are a part
// of it. It lists them, whether they are there or not.
func zoneDigest(path string) (sum string, included []string) {
	z := zoneText{hash: sha256.New(), dir: filepath.Dir(path), seen: map[string]bool{}}
	if !z.add(filepath.Base(path), 1) {
		return "", z.included
	}
	return hex.EncodeToString(z.hash.Sum(nil)), z.included
}

// zoneText is a zone file with what it includes; paths are below dir, which
// dnsserver/zonefile lets no $INCLUDE leave.
type zoneText struct {
	hash     hash.Hash
	dir      string
	seen     map[string]bool
	included []string // whole paths
}

// add takes in a file; false: it cannot be read.
func (z *zoneText) add(path string, depth int) bool {
	z.seen[path] = true
	f, err := OpenRegular(filepath.Join(z.dir, path))
	if err != nil {
		return false
	}
	defer f.Close()
	names, err := includes(io.TeeReader(f, z.hash))
	if err != nil {
		return false
	}
	for _, name := range names {
		inner := filepath.Join(filepath.Dir(path), name)
		if filepath.IsAbs(name) || !filepath.IsLocal(inner) || z.seen[inner] || depth == maxInclude {
			continue // refused by who reads the zone, or in already
		}
		z.included = append(z.included, filepath.Join(z.dir, inner))
		fmt.Fprintf(z.hash, "\x00%s\x00", inner)
		fmt.Fprintf(z.hash, "\x00%t", z.add(inner, depth+1))
	}
	return true
}

// includes lists the files that lines of a zone file include. It reads src to
// its end. A line within parentheses or quotes may be taken for an $INCLUDE:
// then one file too many is looked at.
func includes(src io.Reader) (names []string, err error) {
	lines := bufio.NewReaderSize(src, 1<<16)
	for whole := true; ; {
		line, err := lines.ReadSlice('\n')
		if words := bytes.Fields(line); whole && len(words) > 1 && line[0] == '$' && strings.EqualFold(string(words[0]), "$INCLUDE") {
			names = append(names, strings.Trim(string(words[1]), `"`))
		}
		whole = !errors.Is(err, bufio.ErrBufferFull) // else the line goes on
		switch {
		case errors.Is(err, io.EOF):
			return names, nil
		case err != nil && whole:
			return nil, err
		}
	}
}
