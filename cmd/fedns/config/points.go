package config

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// maxLinks in one path; Linux gives up after as many.
const maxLinks = 40

// points lists the paths whose appearance, replacement or removal changes what
// reading path gives: each symbolic link on the way, and the file itself or the
// first part of its path that is missing. Path must be absolute; so are they.
//
//	/etc/fedns/fedns.yaml                       link to ..data/fedns.yaml
//	/etc/fedns/..data                           link to ..2026_01_01, swapped by the kubelet
//	/etc/fedns/..2026_01_01/fedns.yaml          the file
func points(path string) []string {
	const root = string(filepath.Separator)
	var found []string
	done, rest := root, split(path)
	for links := 0; len(rest) > 0; {
		done, rest = filepath.Join(done, rest[0]), rest[1:]
		info, err := os.Lstat(done)
		if err != nil || len(rest) == 0 && info.Mode()&fs.ModeSymlink == 0 {
			return append(found, done)
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			continue
		}
		found = append(found, done)
		target, err := os.Readlink(done)
		if links++; err != nil || links > maxLinks {
			return found
		}
		done = filepath.Dir(done)
		if filepath.IsAbs(target) {
			done = root
		}
		rest = append(split(target), rest...)
	}
	return append(found, done)
}

// split parts a path at its separators. Dot-dots stay: behind a link they lead
// elsewhere than its text says.
func split(path string) []string {
	return strings.FieldsFunc(path, func(c rune) bool { return c == filepath.Separator })
}
