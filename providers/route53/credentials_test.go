package route53

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fedns/fedns/providers/route53/route53test"
)

// spy sees each request on its way to the simulator, and plays STS beside it.
type spy struct {
	next http.RoundTripper
	sts  http.Handler
	keys []string // access keys of requests to Route 53
}

func (s *spy) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasPrefix(r.URL.Host, "sts.") {
		w := httptest.NewRecorder()
		s.sts.ServeHTTP(w, r)
		return w.Result(), nil
	}
	_, key, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	key, _, _ = strings.Cut(key, "/")
	s.keys = append(s.keys, key)
	return s.next.RoundTrip(r)
}

func writeKeys(t *testing.T, file, profile, key string) {
	t.Helper()
	text := fmt.Sprintf("[%s]\naws_access_key_id = %s\naws_secret_access_key = secret\n", profile, key)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestRotatedKeys: keys in the file are taken soon after they changed.
func TestRotatedKeys(t *testing.T) {
	file := filepath.Join(t.TempDir(), "credentials")
	synctest.Test(t, func(t *testing.T) {
		writeKeys(t, file, "dns", "FIRST")
		a := newAccount(t, func(_ *route53test.Config, c *Config) {
			c.Credentials, c.CredentialsFile, c.Profile = nil, file, "dns"
		})
		s := &spy{next: a.sim.Client().Transport}
		a.cfg.HTTP = &http.Client{Transport: s}
		z, err := New(a.cfg)
		if err != nil {
			t.Fatal(err)
		}
		list := func() {
			t.Helper()
			if _, err := z.Records(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		list()
		writeKeys(t, file, "dns", "SECOND")
		time.Sleep(reread + time.Second)
		list()
		if first, last := s.keys[0], s.keys[len(s.keys)-1]; first != "FIRST" || last != "SECOND" {
			t.Errorf("keys were %v", s.keys)
		}
		writeKeys(t, file, "other", "THIRD")
		time.Sleep(reread + time.Second)
		if _, err := z.Records(t.Context()); err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("without the profile: got %v", err)
		}
	})
}

// TestAssumedRole: the role is taken on with its external ID.
func TestAssumedRole(t *testing.T) {
	a := newAccount(t, nil)
	var asked []string
	s := &spy{next: a.sim.Client().Transport, sts: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		asked = append(asked, r.Form.Get("Action")+" "+r.Form.Get("RoleArn")+" "+r.Form.Get("ExternalId"))
		fmt.Fprintf(w, `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
<AccessKeyId>ASSUMED</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken><Expiration>%s</Expiration>
</Credentials></AssumeRoleResult></AssumeRoleResponse>`, time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
	})}
	cfg := a.cfg
	cfg.HTTP = &http.Client{Transport: s}
	cfg.AssumeRoleARN, cfg.ExternalID = "arn:aws:iam::123456789012:role/dns", "external"
	z, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := z.Records(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if len(asked) != 1 || asked[0] != "AssumeRole arn:aws:iam::123456789012:role/dns external" {
		t.Errorf("STS was asked %q", asked)
	}
	for _, k := range s.keys {
		if k != "ASSUMED" {
			t.Errorf("keys were %v", s.keys)
		}
	}
}
