package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	strict "sigs.k8s.io/json"

	"github.com/fedns/fedns/discovery/join"
)

// object is one object of a file that counts.
type object struct {
	id   string // kind namespace/name
	line int
	fact any // join.Service, join.Slice, join.Export, join.Node, join.Ingress, join.Gateway or join.Route
}

// serviceExport is the part of multicluster.x-k8s.io that is looked at.
type serviceExport struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              any `json:"spec,omitempty"`
	Status            any `json:"status,omitempty"`
}

// versions are the kinds that count and the apiVersions they are read in.
var versions = map[string][]string{
	"Service":       {"v1"},
	"Node":          {"v1"},
	"EndpointSlice": {"discovery.k8s.io/v1"},
	"ServiceExport": {"multicluster.x-k8s.io/v1beta1", "multicluster.x-k8s.io/v1alpha1"},
	"Ingress":       {"networking.k8s.io/v1"},
	"Gateway":       {join.GatewayGroup + "/v1", join.GatewayGroup + "/v1beta1"},
	"HTTPRoute":     {join.GatewayGroup + "/v1", join.GatewayGroup + "/v1beta1"},
}

// parse reads a file: its objects, how many others were left alone, and all
// that is wrong with it. With findings the objects are not to be used.
func parse(path string, content []byte) (objects []object, ignored int, findings []*Finding) {
	docs, f := documents(content, strings.HasSuffix(path, ".json"))
	if f != nil {
		return nil, 0, placed([]*Finding{f}, path, content)
	}
	for _, doc := range docs {
		for _, node := range items(doc) {
			o, fs := decode(node)
			switch {
			case len(fs) > 0:
				findings = append(findings, fs...)
			case o == nil:
				ignored++
			default:
				objects = append(objects, *o)
			}
		}
	}
	return objects, ignored, placed(findings, path, content)
}

// placed says of findings in which file they are. YAML breaks lines where no
// editor does, at a lone carriage return say, and names a line past the end when
// it ends too early: a line that is not there is told as the last one.
func placed(findings []*Finding, path string, content []byte) []*Finding {
	last := bytes.Count(content, []byte("\n")) + 1
	for _, f := range findings {
		f.File, f.Line = path, min(f.Line, last)
	}
	return findings
}

// items is what a List holds, or doc itself. In a List of one kind the items
// may leave their kind out.
func items(doc *yaml.Node) []*yaml.Node {
	list := field(doc, "items")
	of, is := strings.CutSuffix(text(doc, "kind"), "List")
	if !is || list == nil || list.Kind != yaml.SequenceNode {
		return []*yaml.Node{doc}
	}
	var out []*yaml.Node
	for _, item := range list.Content {
		item = resolved(item)
		if of != "" && item.Kind == yaml.MappingNode && field(item, "kind") == nil && field(item, "apiVersion") == nil {
			typed := *item
			typed.Content = append([]*yaml.Node{
				scalar("apiVersion", item.Line), scalar(text(doc, "apiVersion"), item.Line), scalar("kind", item.Line), scalar(of, item.Line),
			}, item.Content...)
			item = &typed
		}
		out = append(out, item)
	}
	return out
}

func scalar(value string, line int) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value, Line: line, Style: yaml.DoubleQuotedStyle}
}

// decode reads one object. nil without findings: it is of no kind that counts.
func decode(node *yaml.Node) (*object, []*Finding) {
	if node.Kind == yaml.ScalarNode && node.ShortTag() == "!!null" {
		return nil, nil // an empty document
	}
	apiVersion, kind := text(node, "apiVersion"), text(node, "kind")
	switch {
	case node.Kind != yaml.MappingNode:
		return nil, []*Finding{{Line: node.Line, Problem: "want a Kubernetes object, with apiVersion, kind and metadata"}}
	case apiVersion == "" && kind == "":
		return nil, nil // somebody's values, not Kubernetes
	case apiVersion == "" || kind == "":
		return nil, []*Finding{{Line: node.Line, Problem: "want both apiVersion and kind"}}
	}
	if counts, f := known(apiVersion, kind, node); !counts {
		return nil, f
	}
	o := &object{id: kind + " " + identity(kind, node), line: node.Line}
	e, f := emit(node)
	if f != nil {
		f.Object = o.id
		return nil, []*Finding{f}
	}
	d := &decoder{emitter: e, object: o.id}
	switch kind {
	case "Service":
		var v corev1.Service
		if d.into(&v, &v.ObjectMeta) && d.service(&v) {
			o.fact = join.FromService(&v)
		}
	case "EndpointSlice":
		var v discoveryv1.EndpointSlice
		if d.into(&v, &v.ObjectMeta) && d.slice(&v) {
			o.fact = join.FromSlice(&v)
		}
	case "ServiceExport":
		var v serviceExport
		if d.into(&v, &v.ObjectMeta) && d.metadata(&v.ObjectMeta, true) {
			o.fact = join.FromExport(&v.ObjectMeta)
		}
	case "Node":
		var v corev1.Node
		if d.into(&v, &v.ObjectMeta) && d.metadata(&v.ObjectMeta, false) {
			o.fact = join.FromNode(&v)
		}
	case "Ingress":
		var v networkingv1.Ingress
		if d.into(&v, &v.ObjectMeta) && d.metadata(&v.ObjectMeta, true) {
			o.fact = join.FromIngress(&v)
		}
	case "Gateway":
		if v, ok := d.gateway(); ok {
			g := join.FromGateway(v)
			o.fact = g
			d.readable(g.Malformed())
		}
	case "HTTPRoute":
		if v, ok := d.gateway(); ok {
			r := join.FromRoute(v)
			o.fact = r
			d.readable(r.Malformed())
		}
	}
	return o, d.findings
}

// known says whether the kind counts; a kind that would, in a version that is
// not read, is a mistake worth telling.
func known(apiVersion, kind string, node *yaml.Node) (bool, []*Finding) {
	readable, ok := versions[kind]
	if !ok {
		return false, nil
	}
	group := func(v string) string { return v[:max(0, strings.LastIndexByte(v, '/'))] }
	for _, v := range readable {
		if v == apiVersion {
			return true, nil
		}
	}
	switch {
	case group(readable[0]) != group(apiVersion):
		return false, nil // Knative's Service, say
	case kind == "Ingress":
		return false, nil // of 2021 and before: no API server takes it
	}
	line := node.Line
	if v := field(node, "apiVersion"); v != nil {
		line = v.Line
	}
	return false, []*Finding{{
		Line: line, Object: kind + " " + identity(kind, node), Field: "apiVersion",
		Problem: fmt.Sprintf("want %s, got %s", strings.Join(readable, " or "), apiVersion),
	}}
}

// identity is namespace/name as the object will have it; a Node's name alone.
func identity(kind string, node *yaml.Node) string {
	name := text(node, "metadata", "name")
	if kind == "Node" {
		return name
	}
	namespace := text(node, "metadata", "namespace")
	if namespace == "" {
		namespace = metav1.NamespaceDefault
	}
	return namespace + "/" + name
}

// decoder reads one object's JSON strictly and gathers what is wrong.
type decoder struct {
	*emitter
	object   string
	findings []*Finding
}

// bad adds a finding.
func (d *decoder) bad(line int, path, problem string) {
	d.findings = append(d.findings, &Finding{Line: line, Object: d.object, Field: path, Problem: problem})
}

// want adds a finding at path unless ok.
func (d *decoder) want(ok bool, path, problem string) {
	if !ok {
		d.bad(d.line(path), path, "want "+problem)
	}
}

// into decodes into v, whose metadata is meta, and says whether all was well.
func (d *decoder) into(v any, meta *metav1.ObjectMeta) bool {
	unknown, err := strict.UnmarshalStrict(d.buf.Bytes(), v)
	var mistyped *json.UnmarshalTypeError
	switch {
	case errors.As(err, &mistyped):
		m := d.before(mistyped.Offset)
		d.bad(m.line, m.path, "want "+inWords(mistyped.Type.String())+", got "+inWords(mistyped.Value))
	case err != nil:
		d.bad(d.marks[0].line, "", "want values of the API's types: "+err.Error())
	}
	for _, err := range unknown {
		path, problem := "", err.Error()
		if at, ok := errors.AsType[strict.FieldError](err); ok {
			path = at.FieldPath()
			problem = "unknown field, want one that kubectl explain " + explained(d.object, path) + " lists"
		}
		d.bad(d.line(path), path, problem)
	}
	if meta.Namespace == "" {
		meta.Namespace = metav1.NamespaceDefault
	}
	return len(d.findings) == 0
}

// explained is what to ask kubectl explain for to see the fields beside path.
func explained(object, path string) string {
	kind, _, _ := strings.Cut(object, " ")
	parts := strings.Split(path, ".")
	above := strings.ToLower(kind)
	for _, p := range parts[:len(parts)-1] {
		p, _, _ = strings.Cut(p, "[")
		above += "." + p
	}
	return above
}

// inWords says a Go or JSON type to people who write YAML.
func inWords(typ string) string {
	typ = strings.TrimLeft(typ, "*")
	switch {
	case strings.HasPrefix(typ, "number "):
		return typ[len("number "):]
	case strings.HasPrefix(typ, "[]"), typ == "array":
		return "a list"
	case strings.HasPrefix(typ, "map["), typ == "object":
		return "a map"
	case strings.HasPrefix(typ, "int"), strings.HasPrefix(typ, "uint"):
		return "a whole number"
	case typ == "bool":
		return "true or false"
	case typ == "string":
		return "text"
	case typ == "number", typ == "float64":
		return "a number"
	}
	if name := typ[strings.LastIndexByte(typ, '.')+1:]; strings.HasSuffix(name, "Type") || strings.HasSuffix(name, "Protocol") || strings.HasSuffix(name, "Policy") {
		return "text" // the API's named strings
	} else if name != typ {
		return "a map (" + name + ")"
	}
	return typ
}
