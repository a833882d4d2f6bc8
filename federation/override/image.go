package override

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// image changes a part of one image's name, or of all containers'.
func image(o *unstructured.Unstructured, c Image) error {
	if c.Path != "" {
		v, ok := lookup(o.Object, split(c.Path))
		name, isText := v.(string)
		if !ok || !isText {
			return fmt.Errorf("image at %s: there is no text", c.Path)
		}
		changed, err := c.change(name)
		if err != nil {
			return fmt.Errorf("image at %s: %w", c.Path, err)
		}
		return put(o.Object, c.Path, changed)
	}
	all, err := containers(o)
	if err != nil {
		return fmt.Errorf("images: %w", err)
	}
	for _, in := range all {
		name, ok := in.fields["image"].(string)
		if !ok {
			return fmt.Errorf("%s/image: there is none", in.path)
		}
		changed, err := c.change(name)
		if err != nil {
			return fmt.Errorf("%s/image: %w", in.path, err)
		}
		in.fields["image"] = changed
	}
	return nil
}

// change is an image's name with a part of it changed. Add puts the value behind
// what is there.
func (c Image) change(name string) (string, error) {
	p := partsOf(name)
	var part *string
	switch c.Component {
	case Registry:
		part = &p.registry
	case Repository:
		part = &p.repository
	case Tag:
		part = &p.tag
		if p.digest != "" {
			part = &p.digest
		}
	default:
		return "", fmt.Errorf("component %q: must be Registry, Repository or Tag", c.Component)
	}
	switch c.Op {
	case Add:
		*part += c.Value
	case Replace:
		*part = c.Value
	case Remove:
		*part = ""
	default:
		return "", fmt.Errorf("op %q: must be add, remove or replace", c.Op)
	}
	if part == &p.digest && *part != "" && !strings.Contains(*part, ":") {
		p.tag, p.digest = *part, "" // a tag in the place of a digest
	} else if part == &p.tag && strings.Contains(*part, ":") {
		p.tag, p.digest = "", *part // and the other way round: a tag has no colon
	}
	if p.repository == "" {
		return "", fmt.Errorf("%q would have no repository left", name)
	}
	return p.String(), nil
}

// parts of an image's name: registry/repository:tag@digest.
type parts struct{ registry, repository, tag, digest string }

// partsOf takes an image's name apart. What stands before the first slash is a
// registry if it could be a host: it has a dot or a colon, or is localhost.
func partsOf(name string) (p parts) {
	name, p.digest, _ = strings.Cut(name, "@")
	if host, rest, ok := strings.Cut(name, "/"); ok && (strings.ContainsAny(host, ".:") || host == "localhost") {
		p.registry, name = host, rest
	}
	if i := strings.LastIndexByte(name, ':'); i > strings.LastIndexByte(name, '/') {
		name, p.tag = name[:i], name[i+1:]
	}
	p.repository = name
	return p
}

// String puts the parts together.
func (p parts) String() string {
	name := p.repository
	if p.registry != "" {
		name = p.registry + "/" + name
	}
	if p.tag != "" {
		name += ":" + p.tag
	}
	if p.digest != "" {
		name += "@" + p.digest
	}
	return name
}
