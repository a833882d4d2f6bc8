package route53

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
)

func TestNames(t *testing.T) {
	for name, text := range map[string]string{
		"www.example.com.":      "www.example.com.",
		"*.example.com.":        `\052.example.com.`,
		`a\.b\032c.example.`:    `a\056b\040c.example.`,
		`\000\255\\.x_y-z.`:     `\000\377\134.x_y-z.`,
		"UPPER.Example.":        "upper.example.",
		".":                     ".",
		`q\"uote.a\@b.example.`: `q\042uote.a\100b.example.`,
	} {
		n := dnsname.MustParse(name)
		if got := nameText(n); got != text {
			t.Errorf("%s: got %s, want %s", name, got, text)
		}
		if back, err := parseName(text); err != nil || back != n {
			t.Errorf("%s: read back %s, %v", text, back, err)
		}
		if back, err := parseName(strings.TrimSuffix(text, ".")); name != "." && (err != nil || back != n) {
			t.Errorf("%s without its dot: read back %s, %v", text, back, err)
		}
	}
	for _, bad := range []string{"", "a..b", `\400.x`, `\999.x`, strings.Repeat("x", 64) + "."} {
		if n, err := parseName(bad); err == nil {
			t.Errorf("%q is read as %s", bad, n)
		}
	}
}

// TestValues: what fedns writes, and how the same may be written by others.
func TestValues(t *testing.T) {
	for _, tt := range []struct {
		typ   string
		text  string
		other []string
	}{
		{"A", "192.0.2.1", nil},
		{"AAAA", "2001:db8::1", []string{"2001:DB8:0:0::1"}},
		{"CNAME", "www.example.net.", []string{"WWW.example.net"}},
		{"CNAME", `\052.example.net.`, []string{"*.example.net."}},
		{"TXT", `"some text" "and more"`, []string{`some\040text "and more"`, `"some text""and more"`}},
		{"TXT", `"quote \" and \134 and \001\377"`, []string{`"quote \042 and \\ and \001\377"`}},
		{"TXT", `""`, nil},
		{"MX", "10 mail.example.net.", []string{"10 MAIL.example.net", "10  mail.example.net."}},
		{"SRV", "1 2 3 sip.example.net.", []string{"1 2 3 sip.Example.NET"}},
		{"CAA", `0 issue "ca.example.net; x=\"y\""`, nil},
		{"NAPTR", `10 20 "u" "E2U+sip" "!^.*$!sip:i@example.net!" .`, nil},
		{"SSHFP", "1 1 3031323334353637383930313233343536373839", nil},
		{"HTTPS", `1 . alpn="h2,h3" ipv4hint="192.0.2.1"`, []string{`1 . alpn=h2,h3 ipv4hint=192.0.2.1`}},
		{"DS", "1 8 2 " + strings.Repeat("AB", 32), nil},
		{"TLSA", "3 1 1 " + strings.Repeat("ab", 32), nil},
	} {
		typ := dns.StringToType[tt.typ]
		rdata, err := parseRDATA(typ, tt.text)
		if err != nil {
			t.Errorf("%s %s: %v", tt.typ, tt.text, err)
			continue
		}
		if text, err := rdataText(typ, rdata); err != nil || text != tt.text {
			t.Errorf("%s: got %s, %v, want %s", tt.typ, text, err, tt.text)
		}
		for _, o := range tt.other {
			if same, err := parseRDATA(typ, o); err != nil || same != rdata {
				t.Errorf("%s %s: got %q, %v, want %q", tt.typ, o, same, err, rdata)
			}
		}
	}
	for _, bad := range [][2]string{
		{"A", "2001:db8::1"}, {"AAAA", "192.0.2.1"}, {"A", "fe80::1%eth0"}, {"TXT", `"open`}, {"TXT", ""}, {"TXT", `"\400"`}, {"TXT", `"\189"`},
		{"TXT", `"` + strings.Repeat("x", 256) + `"`}, {"TXT", `"\`}, {"MX", "mail"}, {"MX", "10 mail.\n. 0 IN A 192.0.2.1"}, {"CNAME", "a..b"},
	} {
		if d, err := parseRDATA(dns.StringToType[bad[0]], bad[1]); err == nil {
			t.Errorf("%s %q is read as %q", bad[0], bad[1], d)
		}
	}
}

// TestForeignSets: what somebody else made is listed, equals nothing of ours, and
// is not written.
func TestForeignSets(t *testing.T) {
	base := types.ResourceRecordSet{
		Name: aws.String("www.example.com."), Type: types.RRTypeTxt, TTL: aws.Int64(60),
		ResourceRecords: []types.ResourceRecord{{Value: aws.String(`"text"`)}}, SetIdentifier: aws.String("x"),
	}
	for name, change := range map[string]func(*types.ResourceRecordSet){
		"CIDR": func(r *types.ResourceRecordSet) {
			r.CidrRoutingConfig = &types.CidrRoutingConfig{LocationName: aws.String("l")}
		},
		"geoproximity":   func(r *types.ResourceRecordSet) { r.GeoProximityLocation = &types.GeoProximityLocation{} },
		"traffic policy": func(r *types.ResourceRecordSet) { r.TrafficPolicyInstanceId = aws.String("t") },
		"unknown":        func(*types.ResourceRecordSet) {},
		"bad value": func(r *types.ResourceRecordSet) {
			r.SetIdentifier, r.ResourceRecords = nil, []types.ResourceRecord{{Value: aws.String(`"a quote that is not closed`)}}
		},
	} {
		r := base
		change(&r)
		k, s, err := decode(r)
		if err != nil || k.Type != zone.TypeTXT {
			t.Errorf("%s: got %v, %v", name, k, err)
			continue
		}
		if e := hosted.NewEntry(k, s); name == "bad value" {
			if s.Records.Len() != 1 || s.Records.First() != *r.ResourceRecords[0].Value {
				t.Errorf("%s: got %v", name, e)
			}
		} else if e.Policy() != policyForeign {
			t.Errorf("%s: got %v", name, e)
		}
		if _, err := encode(k, s, ""); err == nil {
			t.Errorf("%s is written", name)
		}
	}
	if _, _, err := decode(types.ResourceRecordSet{Name: aws.String("a..b"), Type: types.RRTypeA}); err == nil {
		t.Error("a name that cannot be read is no error")
	}
	if _, _, err := decode(types.ResourceRecordSet{Name: aws.String("a."), Type: "NEW"}); err == nil {
		t.Error("a type that is not known is no error")
	}
}

// FuzzValue: what can be read is written in one way, which is read as the same.
func FuzzValue(f *testing.F) {
	for _, s := range []string{"192.0.2.1", "2001:db8::1", `"text" "\"\\\001"`, `a\052.b.`, "10 mail.", `0 issue "x"`, `1 . alpn=h2`, `10 20 "u" "s" "r" .`} {
		for t := range supported {
			f.Add(t, s)
		}
	}
	f.Fuzz(func(t *testing.T, typ uint16, text string) {
		if !supported[typ] {
			return
		}
		rdata, err := parseRDATA(typ, text)
		if err != nil {
			return
		}
		written, err := rdataText(typ, rdata)
		if err != nil {
			t.Fatalf("%s %q is read as %q and cannot be written: %v", dns.TypeToString[typ], text, rdata, err)
		}
		again, err := parseRDATA(typ, written)
		if err != nil || again != rdata {
			t.Fatalf("%s %q is written %q and read as %q, not %q: %v", dns.TypeToString[typ], text, written, again, rdata, err)
		}
	})
}

// FuzzSet: a Set that Check lets pass comes back as it was.
func FuzzSet(f *testing.F) {
	f.Add([]byte("\x03www"), []byte("\x04text"), uint32(60), "id", uint8(1), uint16(9), "us-east-1", true)
	f.Add([]byte("\x01*"), []byte("\x02\"\\"), uint32(0), "", uint8(0), uint16(0), "", false)
	f.Fuzz(func(t *testing.T, owner, rdata []byte, ttl uint32, id string, policy uint8, weight uint16, place string, flag bool) {
		n, _, err := dnsname.FromWire(append(owner, []byte("\x07example\x00")...))
		if err != nil {
			return
		}
		s := hosted.Set{ID: id, Records: zone.NewRRset(n, zone.TypeTXT, ttl, string(rdata)), Routing: hosted.Routing{Policy: hosted.Policy(policy % 6)}}
		switch r := &s.Routing; r.Policy {
		case hosted.PolicyWeighted:
			r.Weight = weight
		case hosted.PolicyLatency:
			r.Region = place
		case hosted.PolicyGeo:
			r.Country = place
		case hosted.PolicyFailover:
			r.Secondary = flag
		}
		e := hosted.NewEntry(hosted.Key{Owner: n, Type: zone.TypeTXT}, s)
		if Limits(dnsname.MustParse("example.")).Check(e) != "" {
			return
		}
		r, err := encode(e.Key, s, "")
		if err != nil {
			t.Fatalf("%v passes the check, and cannot be written: %v", e, err)
		}
		k, back, err := decode(r)
		if err != nil || k != e.Key || back != s {
			t.Fatalf("got %v %+v, %v, want %+v", k, back, err, s)
		}
	})
}

func TestAliasFor(t *testing.T) {
	for name, want := range map[string]string{
		"web-1.us-east-1.elb.amazonaws.com.":              "Z35SXDOTRQ7X7K",
		"dualstack.web-1.eu-west-3.elb.amazonaws.com.":    "Z3Q77PNBQS71R4",
		"internal-x.cn-north-1.elb.amazonaws.com.cn.":     "Z1GDH35T77C1KE",
		"net-1.elb.us-east-1.amazonaws.com.":              "Z26RNL4JYFTOTI",
		"d1.cloudfront.net.":                              zoneCloudFront,
		"a1.awsglobalaccelerator.com.":                    zoneGlobalAccelerator,
		"vpce-1.vpce-svc-1.eu-west-1.vpce.amazonaws.com.": "Z38GZ743OKFT7T",
		"us-east-1.elb.amazonaws.com.":                    "",
		"web-1.xx-none-1.elb.amazonaws.com.":              "",
		"us-east-1.elb.amazonaws.com.example.net.":        "",
		"web-1.us-east-1.elb.amazonaws.com.cn.":           "",
		"example.com.":                                    "",
	} {
		a, ok := AliasFor(dnsname.MustParse(name))
		if ok != (want != "") || a.ZoneID != want || ok && a.Target != dnsname.MustParse(name) || a.Evaluate != (ok && want != zoneCloudFront) {
			t.Errorf("%s: got %+v, %t, want %q", name, a, ok, want)
		}
	}
	seen := map[string]string{}
	for suffix, id := range canonicalZones {
		if other, twice := seen[id]; twice {
			t.Errorf("%s and %s have one ID %s", suffix, other, id)
		}
		seen[id] = suffix
	}
	if !slices.IsSortedFunc(regions, func(a, b loadBalancers) int { return strings.Compare(a.region, b.region) }) {
		t.Error("the regions are not in order")
	}
}
