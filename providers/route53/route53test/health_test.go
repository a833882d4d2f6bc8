package route53test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
)

func httpCheck(change func(*types.HealthCheckConfig)) *types.HealthCheckConfig {
	c := &types.HealthCheckConfig{Type: types.HealthCheckTypeHttp, IPAddress: aws.String("198.51.100.1"), Port: aws.Int32(80)}
	if change != nil {
		change(c)
	}
	return c
}

func TestHealthCheckConfigs(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*types.HealthCheckConfig)
		want   string
	}{
		{"as it is", nil, ""},
		{"port 65535", func(c *types.HealthCheckConfig) { c.Port = aws.Int32(65535) }, ""},
		{"port 65536", func(c *types.HealthCheckConfig) { c.Port = aws.Int32(65536) }, "InvalidInput"},
		{"port 0", func(c *types.HealthCheckConfig) { c.Port = aws.Int32(0) }, "InvalidInput"},
		{"every 10 s", func(c *types.HealthCheckConfig) { c.RequestInterval = aws.Int32(10) }, ""},
		{"every 20 s", func(c *types.HealthCheckConfig) { c.RequestInterval = aws.Int32(20) }, "InvalidInput"},
		{"10 failures", func(c *types.HealthCheckConfig) { c.FailureThreshold = aws.Int32(10) }, ""},
		{"11 failures", func(c *types.HealthCheckConfig) { c.FailureThreshold = aws.Int32(11) }, "InvalidInput"},
		{"a private address", func(c *types.HealthCheckConfig) { c.IPAddress = aws.String("10.0.0.1") }, "InvalidInput"},
		{"a path of 255", func(c *types.HealthCheckConfig) { c.ResourcePath = aws.String("/" + strings.Repeat("p", 254)) }, ""},
		{"a path of 256", func(c *types.HealthCheckConfig) { c.ResourcePath = aws.String("/" + strings.Repeat("p", 255)) }, "InvalidInput"},
		{"neither address nor name", func(c *types.HealthCheckConfig) { c.IPAddress = nil }, "InvalidInput"},
		{"a child that is not there", func(c *types.HealthCheckConfig) {
			*c = types.HealthCheckConfig{Type: types.HealthCheckTypeCalculated, ChildHealthChecks: []string{"none"}}
		}, "InvalidInput"},
	} {
		s := New(Config{})
		_, err := client(s, "").CreateHealthCheck(t.Context(), &route53.CreateHealthCheckInput{CallerReference: aws.String("r"), HealthCheckConfig: httpCheck(tt.change)})
		if code(err) != tt.want {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
	}
}

func TestCallerReferences(t *testing.T) {
	s := New(Config{MaxHealthChecks: 2})
	c := client(s, "")
	create := func(reference string, port int32) (string, string) {
		out, err := c.CreateHealthCheck(t.Context(), &route53.CreateHealthCheckInput{
			CallerReference: &reference, HealthCheckConfig: httpCheck(func(c *types.HealthCheckConfig) { c.Port = &port }),
		})
		if err != nil {
			return "", code(err)
		}
		return *out.HealthCheck.Id, ""
	}
	first, failed := create("one", 80)
	if failed != "" {
		t.Fatal(failed)
	}
	if again, failed := create("one", 80); again != first || failed != "" {
		t.Errorf("the same again: got %s, %s, want %s", again, failed, first)
	}
	if _, failed := create("one", 81); failed != "HealthCheckAlreadyExists" {
		t.Errorf("the same reference, something else: got %q", failed)
	}
	if second, failed := create("two", 80); failed != "" || second == first {
		t.Errorf("another reference, the same content: got %s, %q", second, failed)
	}
	if _, failed := create("three", 80); failed != "TooManyHealthChecks" {
		t.Errorf("one too many: got %q", failed)
	}
	if _, err := c.DeleteHealthCheck(t.Context(), &route53.DeleteHealthCheckInput{HealthCheckId: &first}); err != nil {
		t.Fatal(err)
	}
	if _, failed := create("one", 80); failed != "HealthCheckAlreadyExists" {
		t.Errorf("the reference of a deleted one: got %q", failed)
	}
	for _, call := range []func() error{
		func() error {
			_, err := c.DeleteHealthCheck(t.Context(), &route53.DeleteHealthCheckInput{HealthCheckId: &first})
			return err
		},
		func() error {
			_, err := c.GetHealthCheck(t.Context(), &route53.GetHealthCheckInput{HealthCheckId: &first})
			return err
		},
	} {
		if err := call(); code(err) != "NoSuchHealthCheck" {
			t.Errorf("got %v", err)
		}
	}
}

func TestUsedHealthChecks(t *testing.T) {
	for _, keep := range []bool{false, true} {
		s := New(Config{KeepUsedChecks: keep})
		id := s.AddZone("example.com", false)
		check := s.AddHealthCheck("r", HealthCheckConfig{Type: "TCP", IPAddress: "198.51.100.1", Port: 80})
		if err := s.Edit(id, Create(with("f", "x", func(r *RecordSet) { r.Failover, r.HealthCheckID = "PRIMARY", check }))); err != nil {
			t.Fatal(err)
		}
		_, err := client(s, "").DeleteHealthCheck(t.Context(), &route53.DeleteHealthCheckInput{HealthCheckId: &check})
		if (code(err) == "HealthCheckInUse") != keep {
			t.Errorf("kept is %t: got %v", keep, err)
		}
	}
}

func TestHealthCheckPages(t *testing.T) {
	s := New(Config{})
	for i := range 5 {
		s.AddHealthCheck(fmt.Sprint(i), HealthCheckConfig{Type: "TCP", IPAddress: "198.51.100.1", Port: 80})
	}
	c, seen := client(s, ""), 0
	in := &route53.ListHealthChecksInput{MaxItems: aws.Int32(2)}
	for {
		out, err := c.ListHealthChecks(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		seen += len(out.HealthChecks)
		if !out.IsTruncated {
			break
		}
		in.Marker = out.NextMarker
	}
	if seen != 5 {
		t.Errorf("listed %d, want 5", seen)
	}
}

func TestTags(t *testing.T) {
	s := New(Config{})
	var ids []string
	for i := range 11 {
		ids = append(ids, s.AddHealthCheck(fmt.Sprint(i), HealthCheckConfig{Type: "TCP", IPAddress: "198.51.100.1", Port: 80}))
	}
	c := client(s, "")
	tag := func(n int) error {
		var tags []types.Tag
		for i := range n {
			tags = append(tags, types.Tag{Key: aws.String(fmt.Sprint("k", i)), Value: aws.String("a<b&\"c")})
		}
		_, err := c.ChangeTagsForResource(t.Context(), &route53.ChangeTagsForResourceInput{ResourceType: types.TagResourceTypeHealthcheck, ResourceId: &ids[0], AddTags: tags})
		return err
	}
	if err := tag(10); err != nil {
		t.Error(err)
	}
	if err := tag(11); code(err) != "InvalidInput" {
		t.Errorf("11 tags: got %v", err)
	}
	list := func(n int) (*route53.ListTagsForResourcesOutput, error) {
		return c.ListTagsForResources(t.Context(), &route53.ListTagsForResourcesInput{ResourceType: types.TagResourceTypeHealthcheck, ResourceIds: ids[:n]})
	}
	if out, err := list(10); err != nil || len(out.ResourceTagSets) != 10 || len(out.ResourceTagSets[0].Tags) != 10 || *out.ResourceTagSets[0].Tags[0].Value != "a<b&\"c" {
		t.Errorf("got %v, %v", out, err)
	}
	if _, err := list(11); code(err) != "InvalidInput" {
		t.Errorf("11 resources: got %v", err)
	}
}
