package zonefile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/fedns/fedns/dnsserver/dnsname"
)

// directive reads $ORIGIN and $INCLUDE (RFC 1035 §5.1) and $TTL (RFC 2308 §4).
func (f *fileReader) directive(e *entry) (wrong *Error, err error) {
	word := strings.ToUpper(string(e.text(0)))
	args := len(e.tokens) - 1
	switch word {
	case "$ORIGIN":
		if args != 1 {
			return f.fault(e.line(), fmt.Sprintf("$ORIGIN with %d words", args), "$ORIGIN NAME"), nil
		}
		n, err := f.head.name(e.text(1))
		if err != nil {
			return &Error{Pos: Pos{f.name, e.line()}, Problem: "bad $ORIGIN: " + err.Error(), Err: err}, nil
		}
		f.setOrigin(n)
	case "$TTL":
		if args != 1 {
			return f.fault(e.line(), fmt.Sprintf("$TTL with %d words", args), "$TTL SECONDS"), nil
		}
		ttl, is, fits := parseTTL(e.text(1))
		if !is || !fits {
			return f.fault(e.line(), fmt.Sprintf("$TTL %s", e.text(1)), "0 to 2147483647 seconds (RFC 2181 §8)"), nil
		}
		f.defaultTTL, f.hasDefault = ttl, true
	case "$INCLUDE":
		if args != 1 && args != 2 {
			return f.fault(e.line(), fmt.Sprintf("$INCLUDE with %d words", args), "$INCLUDE FILE [ORIGIN]"), nil
		}
		return f.include(e)
	case "$GENERATE":
		return f.fault(e.line(), "$GENERATE is BIND's own", "the records written out"), nil
	default:
		return f.fault(e.line(), fmt.Sprintf("unknown directive %s", e.text(0)), "$ORIGIN, $TTL or $INCLUDE"), nil
	}
	return nil, nil
}

// include reads another file in place of the directive. Origin and default TTL
// are passed on to it; what it sets itself ends with it.
func (f *fileReader) include(e *entry) (wrong *Error, err error) {
	inner := &fileReader{reader: f.reader, head: f.head, dir: f.dir, from: f}
	inner.owner, inner.ownerText = dnsname.Name{}, ""
	if len(e.tokens) == 3 {
		n, err := f.head.name(e.text(2))
		if err != nil {
			return &Error{Pos: Pos{f.name, e.line()}, Problem: "bad origin: " + err.Error(), Err: err}, nil
		}
		inner.setOrigin(n)
	}
	file := strings.Trim(string(e.text(1)), `"`)
	inner.name = filepath.Join(filepath.Dir(f.name), file)
	inner.path = filepath.Join(filepath.Dir(f.path), file)
	if err := f.mayInclude(file, inner.path); err != nil {
		return f.fault(e.line(), fmt.Sprintf("$INCLUDE %s: %v", file, err), "another file in "+f.dir+" or below"), nil
	}
	top := f.top()
	if top.root == nil {
		if top.root, err = os.OpenRoot(top.dir); err != nil {
			return nil, err
		}
	}
	src, err := openRegular(inner.path, top.root.Stat, top.root.Open)
	if err != nil {
		return &Error{Pos: Pos{f.name, e.line()}, Problem: fmt.Sprintf("$INCLUDE %s: %v", file, err), Err: err}, nil
	}
	defer src.Close()
	return nil, inner.read(src)
}

// mayInclude keeps $INCLUDE in the folder, and from going round in circles. That
// symbolic links do not lead out either is os.Root's doing.
func (f *fileReader) mayInclude(file, path string) error {
	if filepath.IsAbs(file) {
		return errors.New("the path is absolute")
	}
	if !filepath.IsLocal(path) {
		return errors.New("the path leads out of the folder")
	}
	depth := 1
	for at := f; at != nil; at = at.from {
		if at.path == path || at.from == nil && filepath.Base(at.name) == path {
			return errors.New("the file is being read already")
		}
		depth++
	}
	if depth > maxDepth {
		return fmt.Errorf("more than %d files deep", maxDepth)
	}
	return nil
}

// top is the file that was named to Read.
func (f *fileReader) top() *fileReader {
	for f.from != nil {
		f = f.from
	}
	return f
}
