package tsig

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/fedns/fedns/dnsserver/dnsname"
)

// FileError is what is wrong with a key file. It never shows a secret.
type FileError struct {
	File    string
	Line    int    // from 1
	Key     string // the key's name as written; empty outside of any
	Field   string // algorithm or secret; empty where neither is at fault
	Problem string
}

// Error is one line: FILE:LINE: key, field, what is wrong.
func (e *FileError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d: ", e.File, e.Line)
	if e.Key != "" {
		fmt.Fprintf(&b, "key %q: ", e.Key)
	}
	if e.Field != "" {
		b.WriteString(e.Field + ": ")
	}
	b.WriteString(e.Problem)
	return b.String()
}

// ParseKeys reads key statements as tsig-keygen writes them and BIND, Knot's
// tools and dig read them; comments are //, # and /* */. File is what errors,
// all of them *FileError, name it.
//
//	key "name" { algorithm hmac-sha256; secret "base64"; };
func ParseKeys(file string, text []byte) ([]Key, error) {
	p := &parser{file: file, text: text, line: 1}
	var keys []Key
	seen := map[dnsname.Name]int{}
	for {
		word, ok, err := p.token()
		if err != nil {
			return nil, err
		}
		if !ok {
			return keys, nil
		}
		line := p.at
		if word != "key" {
			return nil, p.fail("", "%s, want key", shown(word))
		}
		k, err := p.key()
		if err != nil {
			return nil, err
		}
		if other := seen[k.Name]; other > 0 {
			p.at = line
			return nil, p.fail("", "is there twice, first in line %d", other)
		}
		seen[k.Name] = line
		keys = append(keys, k)
	}
}

// parser reads one file.
type parser struct {
	file   string
	text   []byte // what is left
	line   int    // of what is left
	at     int    // line of the last token
	name   string // name of the key at hand
	quoted bool   // the last token was in quotes
}

func (p *parser) fail(field, format string, args ...any) error {
	return &FileError{File: p.file, Line: p.at, Key: p.name, Field: field, Problem: fmt.Sprintf(format, args...)}
}

// key reads what follows the word key.
func (p *parser) key() (Key, error) {
	p.name = ""
	name, err := p.word("", "a key's name")
	if err != nil {
		return Key{}, err
	}
	p.name = name
	line := p.at
	var k Key
	if k.Name, err = dnsname.Parse(name); err != nil {
		return Key{}, p.fail("", "its name: %v", err)
	}
	if err := p.punctuation("", "{"); err != nil {
		return Key{}, err
	}
	for {
		field, ok, err := p.token()
		if err != nil {
			return Key{}, err
		}
		if !ok {
			return Key{}, p.fail("", "the file ends, want }")
		}
		if field == "}" && !p.quoted {
			break
		}
		if err := p.field(&k, field); err != nil {
			return Key{}, err
		}
	}
	if err := p.punctuation("", ";"); err != nil {
		return Key{}, err
	}
	p.at = line
	if k.Algorithm == "" {
		return Key{}, p.fail("algorithm", "is missing, want %s", wantAlgorithm)
	}
	if k.Secret == nil {
		return Key{}, p.fail("secret", "is missing")
	}
	return k, nil
}

// field reads a field's value into k.
func (p *parser) field(k *Key, field string) error {
	if field != "algorithm" && field != "secret" {
		return p.fail("", "%s, want algorithm, secret or }", shown(field))
	}
	if field == "algorithm" && k.Algorithm != "" || field == "secret" && k.Secret != nil {
		return p.fail(field, "is there twice")
	}
	value, err := p.word(field, "a value")
	if err != nil {
		return err
	}
	if field == "algorithm" {
		if _, _, err := parseAlgorithm(value); err != nil {
			return p.fail(field, "%s", strings.TrimPrefix(err.Error(), "algorithm "))
		}
		k.Algorithm = strings.TrimSuffix(strings.ToLower(value), ".")
	} else {
		if k.Secret, err = base64.StdEncoding.DecodeString(value); err != nil {
			return p.fail(field, "is not base64")
		}
		if len(k.Secret) == 0 {
			return p.fail(field, "is empty")
		}
	}
	return p.punctuation(field, ";")
}

// word reads a token that is no punctuation.
func (p *parser) word(field, want string) (string, error) {
	t, ok, err := p.token()
	if err != nil {
		return "", err
	}
	if !ok {
		return "", p.fail(field, "the file ends, want %s", want)
	}
	if !p.quoted && strings.Contains("{};", t) {
		return "", p.fail(field, "%s, want %s", shown(t), want)
	}
	return t, nil
}

// punctuation reads one of { } and ;. It does not show what stands there: that may be a secret.
func (p *parser) punctuation(field, want string) error {
	t, ok, err := p.token()
	if err != nil {
		return err
	}
	if !ok {
		return p.fail(field, "the file ends, want %s", want)
	}
	if p.quoted || t != want {
		return p.fail(field, "something else, want %s", want)
	}
	return nil
}

// shown is a token for people; a long one may be a secret that went astray.
func shown(token string) string {
	if len(token) > 20 {
		return "a word"
	}
	return fmt.Sprintf("%q", token)
}

// token is the next one; ok is false at the end of the file.
func (p *parser) token() (t string, ok bool, err error) {
	if err := p.skip(); err != nil {
		return "", false, err
	}
	p.at, p.quoted = p.line, false
	if len(p.text) == 0 {
		return "", false, nil
	}
	n := 1
	switch c := p.text[0]; {
	case c == '"':
		n = bytes.IndexAny(p.text[1:], "\"\n")
		if n < 0 || p.text[1+n] != '"' {
			return "", false, p.fail("", "the closing quote is missing")
		}
		t, p.text, p.quoted = string(p.text[1:1+n]), p.text[n+2:], true
		return t, true, nil
	case strings.IndexByte("{};", c) < 0:
		if n = bytes.IndexAny(p.text, " \t\r\n{};\""); n < 0 {
			n = len(p.text)
		}
	}
	t, p.text = string(p.text[:n]), p.text[n:]
	return t, true, nil
}

// skip steps over white space and comments.
func (p *parser) skip() error {
	for len(p.text) > 0 {
		n := 1
		switch c := p.text[0]; {
		case c == '#' || bytes.HasPrefix(p.text, []byte("//")):
			if n = bytes.IndexByte(p.text, '\n'); n < 0 {
				n = len(p.text)
			}
		case bytes.HasPrefix(p.text, []byte("/*")):
			if n = bytes.Index(p.text[2:], []byte("*/")); n < 0 {
				p.at = p.line
				return p.fail("", "the comment has no end")
			}
			n += 4
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
		default:
			return nil
		}
		p.line += bytes.Count(p.text[:n], []byte("\n"))
		p.text = p.text[n:]
	}
	return nil
}
