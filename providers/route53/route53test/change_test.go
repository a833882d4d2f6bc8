package route53test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// batchTests are batches on a hosted zone that holds what TestBatches puts there,
// at each limit and one past it.
var batchTests = []struct {
	name    string
	changes []Change
	want    string // a part of code and message; empty: it is made
}{
	{"create", []Change{Create(a("new"))}, ""},
	{"create what is there", []Change{Create(a("www"))}, "InvalidChangeBatch: Tried to create resource record set [name='www.example.com.', type='A'] but it already exists"},
	{"delete", []Change{Delete(a("www"))}, ""},
	{"delete in other words", []Change{Delete(Simple("WWW.Example.COM", "A", 300, "192.0.2.1"))}, ""},
	{"delete with another value", []Change{Delete(Simple("www.example.com", "A", 300, "192.0.2.9"))}, "Tried to delete resource record set [name='www.example.com.', type='A'] but the values provided do not match the current values"},
	{"delete with another TTL", []Change{Delete(Simple("www.example.com", "A", 301, "192.0.2.1"))}, "do not match the current values"},
	{"delete with fewer values", []Change{Delete(Simple("two.example.com", "A", 300, "192.0.2.1"))}, "do not match the current values"},
	{"delete with values in another order", []Change{Delete(Simple("two.example.com", "A", 300, "192.0.2.2", "192.0.2.1"))}, ""},
	{"delete what is not there", []Change{Delete(a("gone"))}, "Tried to delete resource record set [name='gone.example.com.', type='A'] but it was not found"},
	{"delete one of several by its identifier", []Change{Delete(weighted("w1", 1, 60))}, ""},
	{"delete one of several without", []Change{Delete(Simple("weighted.example.com", "A", 60, "192.0.2.1"))}, "but it was not found"},
	{"delete with another weight", []Change{Delete(weighted("w1", 2, 60))}, "[name='weighted.example.com.', type='A', set identifier='w1'] but the values provided do not match"},
	{"replace", []Change{Delete(a("www")), Create(Simple("www.example.com", "A", 60, "192.0.2.9"))}, ""},
	{"upsert", []Change{Upsert(Simple("www.example.com", "A", 60, "192.0.2.9")), Upsert(a("new"))}, ""},
	{"delete twice", []Change{Delete(a("www")), Delete(a("www"))}, "The request contains an invalid set of changes for a resource record set 'A www.example.com.'"},
	{"create twice", []Change{Create(a("new")), Create(a("new"))}, "invalid set of changes for a resource record set 'A new.example.com.'"},
	{"several messages", []Change{Create(a("www")), Delete(a("gone"))}, "already exists; Tried to delete"},

	{"1,000 records", manySets(1000), ""},
	{"1,001 records", manySets(1001), "InvalidChangeBatch: Number of records limit of 1000 exceeded."},
	{"500 records upserted", upserts(500), ""},
	{"501 records upserted", upserts(501), "Number of records limit of 1000 exceeded."},
	{"deletes count", append(manySets(999), Delete(Simple("two.example.com", "A", 300, "192.0.2.1", "192.0.2.2"))), "Number of records limit"},
	{"32,000 characters", texts("CREATE", 32000), ""},
	{"32,001 characters", texts("CREATE", 32001), "RDATA character limit of 32000 exceeded."},
	{"16,000 characters upserted", texts("UPSERT", 16000), ""},
	{"16,001 characters upserted", texts("UPSERT", 16001), "RDATA character limit of 32000 exceeded."},
	{"a value of 4,000 characters", []Change{Create(Simple("t.example.com", "TXT", 60, text(4000)))}, ""},
	{"a value of 4,001 characters", []Change{Create(Simple("t.example.com", "TXT", 60, text(4001)))}, "InvalidInput: Invalid XML ; cvc-maxLength-valid"},
	{"400 values", []Change{Create(Simple("m.example.com", "A", 60, addresses(400)...))}, ""},
	{"401 values", []Change{Create(Simple("m.example.com", "A", 60, addresses(401)...))}, "Cannot have more than 400 records in a RRSet."},
	{"TTL 0", []Change{Create(Simple("t.example.com", "A", 0, "192.0.2.1"))}, ""},
	{"TTL -1", []Change{Create(Simple("t.example.com", "A", -1, "192.0.2.1"))}, "InvalidInput: Invalid XML ; cvc-minInclusive-valid"},
	{"TTL 2147483647", []Change{Create(Simple("t.example.com", "A", 2147483647, "192.0.2.1"))}, ""},
	{"TTL 2147483648", []Change{Create(Simple("t.example.com", "A", 2147483648, "192.0.2.1"))}, "InvalidInput: Invalid XML ; cvc-maxInclusive-valid"},
	{"no TTL", []Change{Create(RecordSet{Name: "t.example.com", Type: "A", Values: []string{"192.0.2.1"}})}, "Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], but found none in Change with [Action=CREATE, Name=t.example.com, Type=A, SetIdentifier=null]"},
	{"an unknown type", []Change{Create(Simple("t.example.com", "DNAME", 60, "x."))}, "cvc-enumeration-valid: Value 'DNAME'"},
	{"an unknown action", []Change{{"REPLACE", a("www")}}, "cvc-enumeration-valid: Value 'REPLACE'"},
	{"nothing", nil, "The content of element 'Changes' is not complete"},

	{"a string of 255", []Change{Create(Simple("t.example.com", "TXT", 60, `"`+strings.Repeat("x", 255)+`"`))}, ""},
	{"a string of 256", []Change{Create(Simple("t.example.com", "TXT", 60, `"`+strings.Repeat("x", 256)+`"`))}, "CharacterStringTooLong (Value is too long) encountered with"},
	{"two strings", []Change{Create(Simple("t.example.com", "TXT", 60, `"a" "b\"\134\001"`))}, ""},
	{"a string without quotes", []Change{Create(Simple("t.example.com", "TXT", 60, `a`))}, "InvalidCharacterString (Value should be enclosed in quotation marks) encountered with 'a'"},
	{"no address", []Change{Create(Simple("t.example.com", "A", 60, "192.0.2.256"))}, "Invalid Resource Record: 'FATAL problem: ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address) encountered with '192.0.2.256''"},
	{"no IPv6 address", []Change{Create(Simple("t.example.com", "AAAA", 60, "192.0.2.1"))}, "AAAARRDATAIllegalIPv6Address"},
	{"an address twice", []Change{Create(Simple("t.example.com", "AAAA", 60, "2001:db8::1", "2001:DB8:0::1"))}, "Duplicate Resource Record"},
	{"other types", []Change{
		Create(Simple("t.example.com", "MX", 60, "10 mail")), Create(Simple("t.example.com", "SRV", 60, "1 2 3 x.example.com")),
		Create(Simple("t.example.com", "CAA", 60, `0 issue "ca.example.net"`)), Create(Simple("t.example.com", "HTTPS", 60, `1 . alpn="h2"`)),
	}, ""},
	{"a bad MX", []Change{Create(Simple("t.example.com", "MX", 60, "mail"))}, "FATAL problem: MX"},

	{"a wildcard", []Change{Create(a("*"))}, ""},
	{"a wildcard in octal is the same", []Change{Create(a("*")), Create(a(`\052`))}, "invalid set of changes"},
	{"escapes fold", []Change{Delete(a(`\127ww`))}, ""}, // \127 is W
	{"a bad escape", []Change{Create(a(`\9ab`))}, "FATAL problem: InvalidEscapeSequence"},
	{"a space", []Change{Create(a("a b"))}, "FATAL problem: UnsupportedCharacter (Value contains unsupported characters) encountered with"},
	{"a label of 63", []Change{Create(a(strings.Repeat("l", 63)))}, ""},
	{"a label of 64", []Change{Create(a(strings.Repeat("l", 64)))}, "DomainLabelTooLong"},
	{"an empty label", []Change{Create(a("a."))}, "DomainLabelEmpty"},
	{"a name of 255 octets", []Change{Create(a(longName(255)))}, ""},
	{"a name of 256 octets", []Change{Create(a(longName(256)))}, "DomainNameTooLong"},
	{"outside", []Change{Create(Simple("www.example.net", "A", 60, "192.0.2.1"))}, "RRSet with DNS name www.example.net. is not permitted in zone example.com."},
	{"outside, though its text ends so", []Change{Create(Simple("wwwexample.com", "A", 60, "192.0.2.1"))}, "is not permitted in zone example.com."},

	{"CNAME beside others", []Change{Create(Simple("www.example.com", "CNAME", 60, "x.example.net"))}, "RRSet of type CNAME with DNS name www.example.com. is not permitted as it conflicts with other records with the same DNS name in zone example.com."},
	{"others beside a CNAME", []Change{Create(Simple("cname.example.com", "TXT", 60, `"x"`))}, "RRSet of type TXT with DNS name cname.example.com. is not permitted because a conflicting RRSet of type  CNAME with the same DNS name already exists in zone example.com."},
	{"CNAME in place of others", []Change{Create(Simple("www.example.com", "CNAME", 60, "x.example.net")), Delete(a("www"))}, ""},
	{"CNAME at the apex", []Change{Create(Simple("example.com", "CNAME", 60, "x.example.net"))}, "RRSet of type CNAME with DNS name example.com. is not permitted at apex in zone example.com."},
	{"two CNAMEs", []Change{Create(Simple("t.example.com", "CNAME", 60, "x.", "y."))}, "can have only one resource record"},
	{"a wildcard NS", []Change{Create(Simple("*.example.com", "NS", 60, "ns.example.net."))}, "wildcard NS"},
	{"no NS at the apex", []Change{Delete(Simple("example.com", "NS", 172800, "ns-2048.awsdns-64.com.", "ns-2049.awsdns-65.net.", "ns-2050.awsdns-66.org.", "ns-2051.awsdns-67.co.uk."))}, "A HostedZone must contain at least one NS record for the zone itself."},
	{"no SOA", []Change{Delete(Simple("example.com", "SOA", 900, "ns-2048.awsdns-64.com. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"))}, "A HostedZone must contain exactly one SOA record."},

	{"weight 0", []Change{Create(weighted("w3", 0, 60))}, ""},
	{"weight 255", []Change{Create(weighted("w3", 255, 60))}, ""},
	{"weight 256", []Change{Create(weighted("w3", 256, 60))}, "InvalidInput: Invalid XML ; cvc-maxInclusive-valid: Value '256'"},
	{"another TTL among weighted", []Change{Create(weighted("w3", 1, 61))}, "cannot be created as weighted sets must contain the same TTL."},
	{"100 weighted", moreWeighted(98), ""},
	{"101 weighted", moreWeighted(99), "at most 100 weighted sets"},
	{"an identifier of 128", []Change{Create(weighted(strings.Repeat("i", 128), 1, 60))}, ""},
	{"an identifier of 129", []Change{Create(weighted(strings.Repeat("i", 129), 1, 60))}, "InvalidInput: Invalid XML ; cvc-maxLength-valid"},
	{"a policy without an identifier", []Change{Create(RecordSet{Name: "t.example.com", Type: "A", TTL: TTL(60), Values: []string{"192.0.2.1"}, Weight: TTL(1)})}, "Missing field 'SetIdentifier'"},
	{"an identifier without a policy", []Change{Create(RecordSet{Name: "t.example.com", Type: "A", TTL: TTL(60), Values: []string{"192.0.2.1"}, SetIdentifier: "x"})}, "Expected exactly one of [Weight, Region, Failover, GeoLocation, or MultiValueAnswer], but found none"},
	{"the same identifier", []Change{Create(weighted("w1", 1, 60))}, "set identifier='w1'] but it already exists"},
	{"simple beside weighted", []Change{Create(Simple("weighted.example.com", "A", 60, "192.0.2.1"))}, "RRSet with DNS name weighted.example.com., type A cannot be created as other RRSets exist with the same name and type."},
	{"weighted beside simple", []Change{Create(with("www", "x", func(r *RecordSet) { r.Weight = TTL(1) }))}, "cannot be created as a non-weighted set exists with the same name and type."},
	{"latency beside weighted", []Change{Create(with("weighted", "x", func(r *RecordSet) { r.Region = "us-east-1" }))}, "cannot be created as a non-latency set exists with the same name and type."},
	{"multivalue beside weighted", []Change{Create(with("weighted", "x", func(r *RecordSet) { r.MultiValueAnswer = true }))}, "cannot be created because a non multivalue answer rrset exists with the same name and type."},
	{"weighted in place of simple", []Change{Delete(a("www")), Create(with("www", "x", func(r *RecordSet) { r.Weight = TTL(1) }))}, ""},
	{"two of one region", []Change{Create(with("l", "x", func(r *RecordSet) { r.Region = "us-east-1" })), Create(with("l", "y", func(r *RecordSet) { r.Region = "us-east-1" }))}, "a latency set with the same region name already exists"},
	{"two of one place", []Change{Create(with("g", "x", func(r *RecordSet) { r.GeoLocation = &GeoLocation{CountryCode: "*"} })), Create(with("g", "y", func(r *RecordSet) { r.GeoLocation = &GeoLocation{CountryCode: "*"} }))}, "a geolocation set with the same location already exists"},
	{"two primaries", []Change{Create(with("f", "x", func(r *RecordSet) { r.Failover = "PRIMARY" })), Create(with("f", "y", func(r *RecordSet) { r.Failover = "PRIMARY" }))}, "a failover PRIMARY set"},
	{"a health check that is not there", []Change{Create(with("f", "x", func(r *RecordSet) { r.Failover, r.HealthCheckID = "PRIMARY", "none" }))}, "NoSuchHealthCheck: No health check exists"},

	{"an alias", []Change{Create(alias("al", "ZELB", "x.us-east-1.elb.amazonaws.com"))}, ""},
	{"an alias elsewhere", []Change{Create(alias("al", "ZELB", "x.us-west-1.elb.amazonaws.com"))}, "Tried to create an alias that targets x.us-west-1.elb.amazonaws.com., type A in zone ZELB, but the alias target name does not lie within the target zone"},
	{"an alias of an unknown zone", []Change{Create(alias("al", "ZNONE", "x.us-west-1.elb.amazonaws.com"))}, "type A in zone ZNONE, but that target was not found"},
	{"an alias in the zone", []Change{Create(alias("al", own, "www.example.com"))}, ""},
	{"an alias to nothing in the zone", []Change{Create(alias("al", own, "gone.example.com"))}, "but that target was not found"},
	{"an alias with a TTL", []Change{Create(func() RecordSet { r := alias("al", "ZELB", "x.us-east-1.elb.amazonaws.com"); r.TTL = TTL(60); return r }())}, "but found more than one"},
}

// own stands for the hosted zone's own ID.
const own = "OWN"

func a(label string) RecordSet { return Simple(label+".example.com", "A", 300, "192.0.2.1") }

func weighted(id string, weight, ttl int64) RecordSet {
	r := Simple("weighted.example.com", "A", ttl, "192.0.2.1")
	r.SetIdentifier, r.Weight = id, &weight
	return r
}

func with(label, id string, change func(*RecordSet)) RecordSet {
	r := a(label)
	r.SetIdentifier = id
	change(&r)
	return r
}

func alias(label, zone, target string) RecordSet {
	return RecordSet{Name: label + ".example.com", Type: "A", AliasTarget: &AliasTarget{HostedZoneID: zone, DNSName: target}}
}

func manySets(n int) []Change {
	var all []Change
	for i := range n {
		all = append(all, Create(a(fmt.Sprintf("m%d", i))))
	}
	return all
}

func upserts(n int) []Change {
	all := manySets(n)
	for i := range all {
		all[i].Action = "UPSERT"
	}
	return all
}

func moreWeighted(n int) []Change {
	var all []Change
	for i := range n {
		all = append(all, Create(weighted(fmt.Sprintf("more%d", i), 1, 60)))
	}
	return all
}

func addresses(n int) []string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("10.0.%d.%d", i/250, i%250))
	}
	return all
}

// text is a TXT value of n characters.
func text(n int) string {
	var b strings.Builder
	for left := n; left > 0; {
		size := min(left, 200)
		if left-size == 1 || left-size == 2 || left-size == 3 {
			size -= 5
		}
		more := left - size
		b.WriteString(`"` + strings.Repeat("x", size-2) + `"`)
		if more > 0 {
			b.WriteByte(' ')
			more--
		}
		left = more
	}
	return b.String()
}

// texts have n characters together.
func texts(action string, n int) []Change {
	var all []Change
	for i := 0; n > 0; i++ {
		size := min(n, 3900)
		all = append(all, Change{action, Simple(fmt.Sprintf("t%d.example.com", i), "TXT", 60, text(size))})
		n -= size
	}
	return all
}

// longName is a label list that makes a name of n octets in example.com.
func longName(n int) string {
	left := n - len("\x07example\x03com\x00")
	var labels []string
	for left > 0 {
		size := min(left-1, 63)
		if rest := left - 1 - size; rest == 1 {
			size--
		}
		labels = append(labels, strings.Repeat("n", size))
		left -= 1 + size
	}
	return strings.Join(labels, ".")
}

func TestBatches(t *testing.T) {
	for _, tt := range batchTests {
		t.Run(tt.name, func(t *testing.T) {
			s := New(Config{})
			id := s.AddZone("example.com", false)
			s.AddAliasZone("ZELB", "us-east-1.elb.amazonaws.com")
			before := []Change{
				Create(a("www")), Create(Simple("two.example.com", "A", 300, "192.0.2.1", "192.0.2.2")),
				Create(Simple("cname.example.com", "CNAME", 60, "x.example.net.")), Create(weighted("w1", 1, 60)), Create(weighted("w2", 2, 60)),
			}
			if err := s.Edit(id, before...); err != nil {
				t.Fatal(err)
			}
			was := fmt.Sprint(names(s.RecordSets(id)))
			for i := range tt.changes {
				if target := tt.changes[i].ResourceRecordSet.AliasTarget; target != nil && target.HostedZoneID == own {
					target.HostedZoneID = id
				}
			}
			err := s.Edit(id, tt.changes...)
			if tt.want == "" {
				if err != nil {
					t.Fatalf("got %v, want it made", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v\nwant %s", err, tt.want)
			}
			if is := fmt.Sprint(names(s.RecordSets(id))); is != was {
				t.Errorf("the batch failed, and the zone changed:\n%s\n%s", was, is)
			}
		})
	}
}

func names(all []RecordSet) []string {
	var text []string
	for _, r := range all {
		text = append(text, fmt.Sprint(r.Name, r.Type, r.SetIdentifier, *r.TTL, r.Values))
	}
	return text
}

func TestQuotaOfRecordSets(t *testing.T) {
	s := New(Config{MaxRecordSets: 5})
	id := s.AddZone("example.com", false)
	if err := s.Edit(id, manySets(3)...); err != nil {
		t.Fatal(err)
	}
	if err := s.Edit(id, Create(a("more"))); err == nil || !strings.Contains(err.Error(), "Exceeded limit MAX_RRSETS_BY_ZONE for zone: "+id) {
		t.Errorf("got %v", err)
	}
	if err := s.Edit(id, Delete(a("m1")), Create(a("more"))); err != nil {
		t.Errorf("in place of another: %v", err)
	}
}

func TestEmpty(t *testing.T) {
	s := New(Config{})
	id := s.AddZone("example.com", false)
	if err := s.Edit(id, Create(a("www"))); err != nil {
		t.Fatal(err)
	}
	s.Empty(id)
	if got := s.RecordSets(id); len(got) != 2 {
		t.Errorf("got %v, want SOA and NS", names(got))
	}
	var f *fail
	if err := s.Edit("ZNONE", Create(a("www"))); !errors.As(err, &f) || f.code != "NoSuchHostedZone" {
		t.Errorf("got %v", err)
	}
}
