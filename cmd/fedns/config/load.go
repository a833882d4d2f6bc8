package config

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// maxSize in octets; a ConfigMap holds no more either. It keeps a wrong path
// (a disk image, /dev/zero) from filling memory.
const maxSize = 1 << 20

// Load reads the file at path. The error tells all that is wrong with it, one
// line each; each line that belongs to the file's content is a *FieldError.
func Load(path string) (*Config, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	c, err := Parse(path, data)
	if err != nil {
		return nil, err
	}
	for _, m := range c.Clusters {
		if m.Kubeconfig != "" {
			c.Digests[m.Kubeconfig] = digest(m.Kubeconfig)
		}
	}
	for _, z := range c.Zones {
		for _, file := range z.Files {
			sum, more := zoneDigest(file)
			c.Digests[file], c.Included = sum, append(c.Included, more...)
		}
	}
	for _, file := range slices.Concat(c.Serving.secretFiles(), c.accessFiles(), c.providerSecrets()) {
		c.Digests[file] = digest(file)
	}
	return c, nil
}

// Parse reads data as the content of the file called path, which need not
// exist: path is what relative paths start from and errors begin with.
func Parse(path string, data []byte) (*Config, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("locate configuration: %w", err)
	}
	r := newReader(path, filepath.Dir(absolute))
	root := r.parse(data)
	if root == nil {
		return nil, join(r.faults)
	}
	c := standard()
	r.document(value{node: root}, c)
	r.check(c)
	if err := join(r.faults); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	c.Digests = map[string]string{absolute: hex.EncodeToString(sum[:])}
	return c, nil
}

// parse returns the root of the one document that data must be.
func (r *reader) parse(data []byte) *yaml.Node {
	d := yaml.NewDecoder(bytes.NewReader(data))
	var doc, next yaml.Node
	switch err := d.Decode(&doc); {
	case errors.Is(err, io.EOF):
		r.faultAt(0, "", "got an empty file, want apiVersion: %s and kind: %s", APIVersion, Kind)
		return nil
	case err != nil:
		r.syntax(data, err)
		return nil
	}
	root := doc.Content[0]
	if isNull(root) {
		r.faultAt(0, "", "got an empty file, want apiVersion: %s and kind: %s", APIVersion, Kind)
		return nil
	}
	switch err := d.Decode(&next); {
	case err == nil:
		r.faultAt(next.Line, "", "got a second document, want one")
		return nil
	case !errors.Is(err, io.EOF):
		r.syntax(data, err)
		return nil
	}
	return root
}

var yamlLine = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?`)

// syntax notes that data is not YAML.
func (r *reader) syntax(data []byte, err error) {
	text := strings.ReplaceAll(err.Error(), "\n", " ")
	m := yamlLine.FindStringSubmatch(text)
	text = text[len(m[0]):]
	line, err := strconv.Atoi(m[1])
	if err != nil {
		line = lineOf(data, text)
	}
	// The commonest fault is the one that cannot be seen. The parser may tell
	// the line before or after the tab's.
	for i, l := range bytes.Split(data, []byte("\n")) {
		indent := l[:len(l)-len(bytes.TrimLeft(l, " \t"))]
		if line-1 <= i+1 && i+1 <= line+1 && bytes.IndexByte(indent, '\t') >= 0 {
			r.faultAt(i+1, "", "not YAML: got a tab, want spaces to indent")
			return
		}
	}
	r.faultAt(line, "", "not YAML: %s", text)
}

// lineOf finds the place of those faults that the parser tells without a line:
// an alias of no anchor, and octets that are no text.
func lineOf(data []byte, text string) int {
	var at int
	if rest, ok := strings.CutPrefix(text, "unknown anchor '"); ok {
		name, _, _ := strings.Cut(rest, "'")
		at = bytes.Index(data, []byte("*"+name))
	} else {
		at = bytes.IndexFunc(data, func(c rune) bool {
			return c == utf8.RuneError || unicode.IsControl(c) && c != '\t' && c != '\n' && c != '\r'
		})
	}
	if at < 0 {
		return 0
	}
	return 1 + bytes.Count(data[:at], []byte("\n"))
}

// readFile is os.ReadFile for regular files that are not beyond maxSize.
func readFile(path string) ([]byte, error) {
	f, err := OpenRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err == nil && len(data) > maxSize {
		err = fmt.Errorf("%s: larger than %d octets", path, maxSize)
	}
	return data, err
}
