package config

import (
	"bufio"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// FuzzParse: whatever the file holds, reading it ends, in a Config that is
// sound or in faults of one line each.
func FuzzParse(f *testing.F) {
	f.Add([]byte(Example))
	f.Add([]byte(header))
	f.Add([]byte("a: &a [*a]\n"))
	f.Add([]byte(header + "clusters:\n- &a {name: a, inCluster: true}\n- *a\n"))
	f.Add([]byte(header + "exports: [ServiceExport, Annotated]\nresolvers: [\"::1\"]\n---\n"))
	f.Add([]byte("? {a: b}\n: |\n \tc\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse("f", data)
		if err != nil {
			checkFaults(t, err)
			return
		}
		again, err := Parse("f", data)
		if err != nil || !reflect.DeepEqual(c, again) {
			t.Errorf("read twice: got %+v, %v, then %+v", c, err, again)
		}
		checkSound(t, c)
	})
}

func checkFaults(t *testing.T, err error) {
	t.Helper()
	var fault *FieldError
	if !errors.As(err, &fault) {
		t.Errorf("no FieldError in %v", err)
	}
	lines := bufio.NewScanner(strings.NewReader(err.Error()))
	for lines.Scan() {
		if !strings.HasPrefix(lines.Text(), "f:") {
			t.Errorf("want each line to begin with the file, got %q", lines.Text())
		}
	}
}

func checkSound(t *testing.T, c *Config) {
	t.Helper()
	if len(c.Listen.DNS) == 0 || !c.Listen.HTTP.IsValid() || c.Federation.ClusterSet.IsZero() || c.Exports == 0 {
		t.Errorf("something necessary is missing: %s", show(c))
	}
	for _, a := range append(c.Listen.DNS, c.Resolvers...) {
		if !a.IsValid() || a.Port() == 0 {
			t.Errorf("address %v", a)
		}
	}
	for _, m := range c.Clusters {
		if m.Name == "" || reach(m) == "" {
			t.Errorf("cluster %+v", m)
		}
	}
	for _, z := range c.Zones {
		if z.Name.IsZero() || len(z.Files) == 0 && !z.Reverse() {
			t.Errorf("zone %+v", z)
		}
	}
	if c.Federation.TTL.Zone == 0 {
		t.Errorf("TTL %+v", c.Federation.TTL)
	}
}

// show is all of c but what depends on the text itself.
func show(c *Config) string {
	return fmt.Sprintf("%+v %+v %v %+v %+v %v %+v", c.Listen, c.Federation, c.Exports, c.Clusters, c.Zones, c.Resolvers, c.Startup)
}
