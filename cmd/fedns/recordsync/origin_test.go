package recordsync

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fedns/fedns/cmd/fedns/config"
	"github.com/fedns/fedns/discovery"
	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/synth"
	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/providers/clouddns"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/inmemory"
	"github.com/fedns/fedns/providers/plan"
	"github.com/fedns/fedns/providers/route53"
)

func names(texts ...string) (out []dnsname.Name) {
	for _, text := range texts {
		out = append(out, dnsname.MustParse(text))
	}
	return out
}

// TestWhichNames: a provider gets the names that the configuration says, with what it
// is told of where they come from.
func TestWhichNames(t *testing.T) {
	at := func(l synth.Level) discovery.Origin {
		o := origin(t, "Weighted", "eu-1 eu 70000 192.0.2.1")
		o.Level = l
		return o
	}
	from := &stated{names: map[dnsname.Name]discovery.Origin{
		dnsname.MustParse("web.shop.prod.svc.example.com."):           at(synth.LevelGlobal),
		dnsname.MustParse("web.shop.prod.svc.eu.example.com."):        at(synth.LevelRegion),
		dnsname.MustParse("web.shop.prod.svc.eu-1.eu.example.com."):   at(synth.LevelZone),
		dnsname.MustParse("secret.internal.prod.svc.example.com."):    at(synth.LevelGlobal),
		dnsname.MustParse("_http._tcp.web.shop.prod.svc.example.com"): at(synth.LevelGlobal),
	}}
	host := at(synth.LevelHost)
	host.Service = cluster.HostKey("shop.example.com")
	from.names[dnsname.MustParse("shop.example.com.")] = host
	const all = "shop web.shop.prod.svc web.shop.prod.svc.eu web.shop.prod.svc.eu-1.eu secret.internal.prod.svc _http._tcp.web.shop.prod.svc www"
	for _, tt := range []struct {
		name string
		p    config.Provider
		want string // of all
	}{
		{"all", config.Provider{}, all},
		{"a level", config.Provider{Levels: []string{"Global"}}, "web.shop.prod.svc secret.internal.prod.svc _http._tcp.web.shop.prod.svc"},
		{"hosts", config.Provider{Levels: []string{"Host"}}, "shop"},
		{"two levels", config.Provider{Levels: []string{"Region", "Zone"}}, "web.shop.prod.svc.eu web.shop.prod.svc.eu-1.eu"},
		{"zone files' alone", config.Provider{Levels: []string{config.LevelOther}}, "www"},
		{"below a name", config.Provider{Names: names("shop.prod.svc.example.com.", "www.example.com.")}, "web.shop.prod.svc _http._tcp.web.shop.prod.svc www"},
		{"but some", config.Provider{Except: names("internal.prod.svc.example.com.", "web.shop.prod.svc.example.com.")}, "shop web.shop.prod.svc.eu web.shop.prod.svc.eu-1.eu www"},
		{"but some of them", config.Provider{Names: names("prod.svc.example.com."), Except: names("internal.prod.svc.example.com."), Levels: []string{"Global"}}, "web.shop.prod.svc _http._tcp.web.shop.prod.svc"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			asked := origins(tt.p, from, inmemory.Limits())
			var got []string
			for _, n := range strings.Fields(all) {
				if _, wanted := asked(dnsname.MustParse(n + ".example.com.")); wanted {
					got = append(got, n)
				}
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("it gets %q, want %q", got, tt.want)
			}
		})
	}
	if o, _ := origins(config.Provider{}, from, inmemory.Limits())(dnsname.MustParse("shop.example.com.")); o.Object != "Host/shop.example.com" || len(o.Shards) != 1 {
		t.Errorf("a host is told as %+v", o)
	}
	o, _ := origins(config.Provider{}, from, inmemory.Limits())(dnsname.MustParse("web.shop.prod.svc.example.com."))
	if len(o.Shards) != 1 || o.Object != "Service/shop/web" || o.Shards[0].Object != o.Object || o.Shards[0].Weight != 65535 || o.Shards[0].Region != "eu" || o.Shards[0].Cluster != "eu-1" {
		t.Errorf("of a Service it is told %+v", o)
	}
	if o, wanted := origins(config.Provider{}, from, inmemory.Limits())(dnsname.MustParse("www.example.com.")); !wanted || o.Object != "static" || o.Shards != nil || o.Routing != nil {
		t.Errorf("of a static record it is told %+v", o)
	}
}

// TestServicesPolicy: a Service's policy goes before the configuration's where the
// provider has something like it.
func TestServicesPolicy(t *testing.T) {
	amazon, google := route53.Limits(apex), clouddns.Limits(clouddns.Config{Apex: apex})
	none := hosted.Limits{}
	for _, tt := range []struct {
		policy string
		limits hosted.Limits
		want   string
	}{
		{"", amazon, ""}, {"All", amazon, "Simple"}, {"Weighted", amazon, "Weighted"}, {"Failover", amazon, "Failover"}, {"Nearest", amazon, "Latency"},
		{"Nearest", google, "Geolocation"}, {"Failover", google, ""}, // without a health check there is none
		{"All", none, "Simple"}, {"Weighted", none, ""}, {"Nearest", none, ""}, {"Sideways", amazon, ""},
	} {
		got := ""
		if p := routing(tt.policy, tt.limits); p != nil {
			got = p.String()
		}
		if got != tt.want {
			t.Errorf("%s at %q: %q, want %q", tt.policy, tt.limits.Title, got, tt.want)
		}
	}
}

// TestViews: two providers of one zone, each with the addresses that are of use there.
func TestViews(t *testing.T) {
	inside, outside := t.TempDir(), t.TempDir()
	from := &stated{}
	from.set(web, origin(t, "", "eu-1 eu 1 192.0.2.1", "eu-2 eu 1 10.0.0.1"))
	z := keeping(t, Config{Discovery: from}, "web 30 192.0.2.1 10.0.0.1", "private 30 10.0.0.2", "public 30 192.0.2.2")
	p := func(name, dir string, view plan.View) config.Provider {
		return config.Provider{Name: name, Kind: config.ZoneFile, Dir: dir, Zones: names("example.com."), Owner: "prod", Account: name, Shape: plan.Shape{View: view}}
	}
	z.Apply([]config.Provider{p("inside", inside, plan.ViewPrivate), p("outside", outside, plan.ViewPublic)})
	for dir, want := range map[string]string{inside: "private 10.0.0.2 web 10.0.0.1", outside: "public 192.0.2.2 web 192.0.2.1"} {
		got := ""
		awaiting(t, func() bool {
			got = addresses(t, filepath.Join(dir, "example.com.zone"))
			return got == want
		}, func() string { return fmt.Sprintf("%q, want %q", got, want) })
	}
}

// addresses are those of a zone file that may not be there yet.
func addresses(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	var out []string
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) == 5 && f[3] == "A" {
			out = append(out, strings.TrimSuffix(f[0], ".example.com."), f[4])
		}
	}
	return strings.Join(out, " ")
}
