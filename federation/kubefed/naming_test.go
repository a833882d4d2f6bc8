package kubefed

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/fedns/fedns/federation/work/worktest"
)

const (
	domainText  = "apiVersion: multiclusterdns.kubefed.io/v1alpha1\nkind: Domain\nmetadata: {name: prod, namespace: kube-federation-system}\ndomain: %s\n"
	recordText  = "---\napiVersion: multiclusterdns.kubefed.io/v1alpha1\nkind: ServiceDNSRecord\nmetadata: {name: web, namespace: shop, uid: u1%s}\nspec: {domainRef: prod%s}\n"
	serviceText = "---\napiVersion: types.kubefed.io/v1beta1\nkind: FederatedService\nmetadata: {name: web, namespace: shop}\nspec: {template: {spec: {}}, placement: {clusterSelector: {}}}\n"
)

// annotations are those of the last order.
func annotations(s *stage) string {
	all := s.orders()
	if len(all) != 1 {
		return fmt.Sprintf("%d orders", len(all))
	}
	return fmt.Sprint(all[0].Template.GetAnnotations())
}

// TestNamesFollowRecords: each change of a record or its Domain is one of an order,
// and nothing else is.
func TestNamesFollowRecords(t *testing.T) {
	s := newStage(t)
	s.put(serviceText)
	if got := annotations(s); got != "map[]" {
		t.Errorf("without a record: %s", got)
	}
	for _, step := range []struct {
		what, text, want string
		remove           bool
	}{
		{"a record", fmt.Sprintf(recordText, "", ", dnsPrefix: www"), "map[fedns.io/export:true]", false},
		{"its Domain", fmt.Sprintf(domainText, "example.com"), "map[fedns.io/export:true fedns.io/hosts:www.example.com]", false},
		{"the same", fmt.Sprintf(domainText, "example.com"), "0 orders", false},
		{"another zone", fmt.Sprintf(domainText, "example.net"), "map[fedns.io/export:true fedns.io/hosts:www.example.net]", false},
		{"one that is none", fmt.Sprintf(domainText, "a..b"), "0 orders", false},
		{"a record that cannot be read", fmt.Sprintf(recordText, "", ", recordTTL: soon"), "0 orders", false},
		{"a TTL", fmt.Sprintf(recordText, "", ", recordTTL: 60"), "map[fedns.io/export:true fedns.io/ttl:60]", false},
		{"one that is going", fmt.Sprintf(recordText, leaving, ", recordTTL: 60"), "map[]", false},
		{"and back", fmt.Sprintf(recordText, "", ""), "map[fedns.io/export:true]", false},
		{"and gone", fmt.Sprintf(recordText, "", ""), "map[]", true},
	} {
		if step.remove {
			s.remove(step.text)
		} else {
			s.put(step.text)
		}
		if got := annotations(s); got != step.want {
			t.Errorf("%s: got %s, want %s", step.what, got, step.want)
		}
	}
}

// TestNamesAreAwaited: what records may name is not ordered before they are known,
// and all else is.
func TestNamesAreAwaited(t *testing.T) {
	s := &stage{desk: newDesk(nil), t: t}
	s.synced(typeConfigKind, true)
	s.synced(preferenceKind, true)
	s.synced(federatedNamespace, false)
	s.put(serviceText + "---\n" + fmt.Sprintf(configMap, "1", 1, ""))
	if all := s.orders(); len(all) != 1 || all[0].Key.Kind.Kind != "ConfigMap" {
		t.Errorf("before records are known: %v", all)
	}
	if all := fmt.Sprint(s.lines()); !strings.Contains(all, "FederatedService shop/web: waits until Domains") {
		t.Errorf("findings: %s", all)
	}
	s.put(fmt.Sprintf(recordText, "", ""))
	s.synced(domainKind, true)
	s.synced(serviceRecordKind, false)
	if all := s.orders(); len(all) > 0 {
		t.Errorf("before all are: %v", all)
	}
	s.synced(ingressRecordKind, true)
	if got := annotations(s); got != "map[fedns.io/export:true]" {
		t.Errorf("got %s", got)
	}
}

// answers are Names as a test has them.
type answers struct {
	mu    sync.Mutex
	of    map[string][]Shard
	known bool
}

func (a *answers) Service(namespace, name string) ([]Shard, bool) {
	return a.Host(namespace + "/" + name)
}

func (a *answers) Host(name string) ([]Shard, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.of[name], a.known
}

func (a *answers) set(known bool, name string, shards ...Shard) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.known = known
	if a.of == nil {
		a.of = map[string][]Shard{}
	}
	a.of[name] = shards
}

// shard is a cluster in a place (region, then zones) that names lead to by addresses.
func shard(cluster, place string, addrs ...string) Shard {
	s := Shard{Cluster: cluster}
	if all := strings.Fields(place); len(all) > 0 {
		s.Region, s.Zones = all[0], all[1:]
	}
	for _, text := range addrs {
		s.Addresses = append(s.Addresses, netip.MustParseAddr(text))
		s.LoadBalancer = append(s.LoadBalancer, corev1.LoadBalancerIngress{IP: text})
	}
	return s
}

// TestEndpoints: the names, level by level, as who reads DNSEndpoints gets them.
func TestEndpoints(t *testing.T) {
	of := &domain{reference: reference{name: "prod"}, zone: "example.com"}
	web := reference{serviceRecordKind, "shop", "web"}
	for _, tt := range []struct {
		what   string
		says   said
		shards []Shard
		want   string
	}{
		{"nobody has it", said{prefix: "www"}, []Shard{shard("a", "eu eu-a")}, ""},
		{"two of three", said{}, []Shard{shard("a", "eu eu-a", "192.0.2.1"), shard("b", "eu eu-b"), shard("c", "us us-a us-b", "192.0.2.3", "2001:db8::3")}, `
web.shop.prod.svc.eu-a.eu.example.com 180 A 192.0.2.1
web.shop.prod.svc.eu-b.eu.example.com 180 CNAME web.shop.prod.svc.eu.example.com
web.shop.prod.svc.eu.example.com 180 A 192.0.2.1
web.shop.prod.svc.example.com 180 A 192.0.2.1 192.0.2.3
web.shop.prod.svc.example.com 180 AAAA 2001:db8::3
web.shop.prod.svc.us-a.us.example.com 180 A 192.0.2.3
web.shop.prod.svc.us-a.us.example.com 180 AAAA 2001:db8::3
web.shop.prod.svc.us-b.us.example.com 180 A 192.0.2.3
web.shop.prod.svc.us-b.us.example.com 180 AAAA 2001:db8::3
web.shop.prod.svc.us.example.com 180 A 192.0.2.3
web.shop.prod.svc.us.example.com 180 AAAA 2001:db8::3`},
		{"places that are not known, and a region that is empty", said{ttl: 60}, []Shard{shard("a", "", "192.0.2.1"), shard("b", "eu")}, `
web.shop.prod.svc.eu.example.com 60 CNAME web.shop.prod.svc.example.com
web.shop.prod.svc.example.com 60 A 192.0.2.1`},
		{"other names", said{alias: "outlet", prefix: "www"}, []Shard{shard("a", "", "192.0.2.1")}, `
outlet.shop.prod.svc.example.com 180 A 192.0.2.1 map[serviceName:web]
www.example.com 180 CNAME outlet.shop.prod.svc.example.com map[serviceName:web]`},
	} {
		var lines []string
		for _, e := range serviceEndpoints(&naming{reference: web, says: tt.says}, of, tt.shards) {
			line := fmt.Sprintf("%s %d %s %s", e.DNSName, e.RecordTTL, e.RecordType, strings.Join(e.Targets, " "))
			if e.Labels != nil {
				line += fmt.Sprint(" ", e.Labels)
			}
			lines = append(lines, line)
		}
		if got := strings.Join(lines, "\n"); got != strings.TrimSpace(tt.want) {
			t.Errorf("%s: got\n%s\nwant%s", tt.what, got, tt.want)
		}
		if !slices.IsSorted(lines) {
			t.Errorf("%s: not in order", tt.what)
		}
	}
}

// TestRegistrar: what is answered is written into the status and a DNSEndpoint when
// it is known, and again only when it is another.
func TestRegistrar(t *testing.T) {
	q, a := &quiet{}, &answers{}
	runningWith(t, q, a, func(t *testing.T, d *Dialect, _ *worktest.Sink) {
		wait := func() string {
			time.Sleep(survey + time.Second)
			synctest.Wait()
			return q.taken()
		}
		q.put(t, fmt.Sprintf(domainText, "example.com")+fmt.Sprintf(recordText, "", ", recordTTL: 60"))
		if got := wait(); got != "" {
			t.Errorf("before it is known: %s", got)
		}
		a.set(true, "shop/web", shard("a", "eu eu-a"), shard("b", "us us-a", "192.0.2.2"))
		got := wait()
		status := `{"status":{"dns":[{"cluster":"a","loadBalancer":{},"zones":["eu-a"],"region":"eu"},{"cluster":"b","loadBalancer":{"ingress":[{"ip":"192.0.2.2"}]},"zones":["us-a"],"region":"us"}],"domain":"example.com"}}`
		if !sameJSON([]byte(strings.TrimPrefix(lineOf(got, "ServiceDNSRecord web status "), "ServiceDNSRecord web status ")), []byte(status)) {
			t.Errorf("status: got %s\nwant %s", got, status)
		}
		var made struct {
			Metadata struct {
				Name, Namespace string
				OwnerReferences []struct{ Kind, Name, UID string }
			}
			Spec struct {
				Endpoints []struct {
					DNSName string
					Targets []string
				}
			}
		}
		created := strings.TrimPrefix(lineOf(got, "create "), "create ")
		if err := json.Unmarshal([]byte(created), &made); err != nil {
			t.Fatal(err, got)
		}
		if m := made.Metadata; m.Name != "service-web" || m.Namespace != "shop" || fmt.Sprint(m.OwnerReferences) != "[{ServiceDNSRecord web u1}]" || len(made.Spec.Endpoints) != 5 {
			t.Errorf("created %s", created)
		}
		q.put(t, fmt.Sprintf(recordText, "", ", recordTTL: 60")+"status: "+strings.TrimSuffix(strings.TrimPrefix(status, `{"status":`), "}"))
		q.put(t, strings.Replace(created, `"uid":""`, "", 1))
		q.taken()
		if got := wait(); got != "" {
			t.Errorf("the same again: %s", got)
		}
		a.set(true, "shop/web", shard("a", "eu eu-a"), shard("b", "us us-a"))
		if got := wait(); !strings.Contains(got, `DNSEndpoint service-web {"metadata":{"ownerReferences":`) || !strings.Contains(got, `"spec":{"endpoints":[]}`) {
			t.Errorf("nobody has it: %s", got)
		}
		q.put(t, strings.Replace(created, `"name":"web"`, `"name":"theirs"`, 1))
		wait()
		if all := fmt.Sprint(d.Findings()); !strings.Contains(all, "DNSEndpoint service-web is of ServiceDNSRecord theirs, and is left alone") {
			t.Errorf("findings: %s", all)
		}
	})
}

// TestRegistrarOfIngresses: each host has addresses of its own.
func TestRegistrarOfIngresses(t *testing.T) {
	q, a := &quiet{}, &answers{}
	runningWith(t, q, a, func(t *testing.T, _ *Dialect, _ *worktest.Sink) {
		a.set(true, "www.example.com", shard("a", "", "192.0.2.1"))
		a.set(true, "shop.example.com", shard("a", "", "192.0.2.1"), shard("b", "", "192.0.2.2"))
		q.put(t, "apiVersion: multiclusterdns.kubefed.io/v1alpha1\nkind: IngressDNSRecord\nmetadata: {name: web, namespace: shop, uid: u2}\nspec: {hosts: [www.example.com, shop.example.com]}\n")
		time.Sleep(survey + time.Second)
		synctest.Wait()
		got := q.taken()
		for _, want := range []string{
			`IngressDNSRecord web status {"status":{"dns":[{"cluster":"a","loadBalancer":{"ingress":[{"ip":"192.0.2.1"}]}}]}}`, `"name":"ingress-web"`,
			`{"dnsName":"shop.example.com","recordTTL":180,"recordType":"A","targets":["192.0.2.1","192.0.2.2"]},{"dnsName":"www.example.com","recordTTL":180,"recordType":"A","targets":["192.0.2.1"]}`,
		} {
			if !strings.Contains(got, want) {
				t.Errorf("got %s\nwant %s", got, want)
			}
		}
	})
}

// lineOf is the first line that begins so.
func lineOf(text, begin string) string {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, begin) {
			return strings.TrimSpace(line)
		}
	}
	return ""
}

// TestRegistrarFails: what cannot be written is tried again, a few at a time.
func TestRegistrarFails(t *testing.T) {
	q, a := &quiet{failing: errors.New("out of order")}, &answers{}
	runningWith(t, q, a, func(t *testing.T, _ *Dialect, _ *worktest.Sink) {
		q.put(t, fmt.Sprintf(domainText, "example.com"))
		for i := range 2 * setbacks {
			name := fmt.Sprintf("s%d", i)
			a.set(true, "shop/"+name, shard("a", "", "192.0.2.1"))
			q.put(t, strings.Replace(fmt.Sprintf(recordText, "", ""), "name: web", "name: "+name, 1))
		}
		q.taken()
		time.Sleep(survey)
		synctest.Wait()
		if got := strings.Count(q.taken(), "ServiceDNSRecord"); got > setbacks {
			t.Errorf("%d were tried in one pass", got)
		}
		q.mu.Lock()
		q.failing = nil
		q.mu.Unlock()
		time.Sleep(2 * again)
		synctest.Wait()
		got := q.taken()
		for i := range 2 * setbacks {
			if !strings.Contains(got, fmt.Sprintf(`"name":"service-s%d"`, i)) {
				t.Errorf("s%d is not written: %s", i, got)
			}
		}
	})
}

// TestWithoutDNSEndpoints: where the host serves none, statuses are written alone.
func TestWithoutDNSEndpoints(t *testing.T) {
	s := newStage(t)
	s.put(fmt.Sprintf(domainText, "example.com") + fmt.Sprintf(recordText, "", ""))
	s.synced(domainKind, false)
	if all := s.toRegister(); len(all) != 0 {
		t.Errorf("before it is known: %v", all)
	}
	s.synced(endpointKind, true)
	if all := s.toRegister(); len(all) != 1 || all[0].served || all[0].domain == nil {
		t.Errorf("got %+v", all)
	}
	s.synced(endpointKind, false)
	if all := s.toRegister(); len(all) != 1 || !all[0].served {
		t.Errorf("got %+v", all)
	}
}

// BenchmarkSurvey: what looking at a record costs that is as it is to be.
func BenchmarkSurvey(b *testing.B) {
	shards := []Shard{shard("a", "eu eu-a", "192.0.2.1"), shard("b", "us us-a", "192.0.2.2"), shard("c", "us us-b", "192.0.2.3")}
	a := &answers{of: map[string][]Shard{"shop/web": shards}, known: true}
	r := newRegistrar(Config{Names: a}, newDesk(nil))
	e := &entry{key: reference{serviceRecordKind, "shop", "web"}, naming: &naming{}, domain: &domain{}}
	r.done[e.key] = outcome{naming: e.naming, domain: e.domain, shards: [][]Shard{slices.Clone(shards)}}
	for b.Loop() {
		if err := r.register(b.Context(), e); err != nil {
			b.Fatal(err)
		}
	}
}
