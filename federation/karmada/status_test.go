package karmada

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/fedns/fedns/federation/placement"
	"github.com/fedns/fedns/federation/work"
)

// lagging is a host whose watch tells of nothing that is written. It answers writes as
// an API server does.
type lagging struct {
	taking
	live    *unstructured.Unstructured
	version int
	written []string // statuses, and claims as "claim"
}

func (q *lagging) Client() client.Client { return q }

func (q *lagging) Status() client.SubResourceWriter { return laggingStatus{part{of: &q.taking}, q} }

// Patch is a claim's.
func (q *lagging) Patch(_ context.Context, o client.Object, p client.Patch, _ ...client.PatchOption) error {
	q.written = append(q.written, "claim")
	return q.merge(o, p)
}

type laggingStatus struct {
	part
	q *lagging
}

func (s laggingStatus) Patch(_ context.Context, o client.Object, p client.Patch, _ ...client.SubResourcePatchOption) error {
	body, _ := p.Data(o)
	s.q.written = append(s.q.written, string(body))
	return s.q.merge(o, p)
}

// merge is a merge patch (RFC 7386).
func (q *lagging) merge(o client.Object, p client.Patch) error {
	body, err := p.Data(o)
	if err != nil {
		return err
	}
	var patch map[string]any
	if err := json.Unmarshal(body, &patch); err != nil {
		return err
	}
	var into func(have, patch map[string]any)
	into = func(have, patch map[string]any) {
		for k, v := range patch {
			inner, is := v.(map[string]any)
			old, was := have[k].(map[string]any)
			switch {
			case v == nil:
				delete(have, k)
			case is && was:
				into(old, inner)
			default:
				if n, ok := v.(float64); ok {
					v = int64(n)
				}
				have[k] = v
			}
			if is && !was {
				fresh := map[string]any{}
				into(fresh, inner)
				have[k] = fresh
			}
		}
	}
	into(q.live.Object, patch)
	q.version++
	q.live.SetResourceVersion(fmt.Sprint(q.version))
	q.live.DeepCopy().DeepCopyInto(o.(*unstructured.Unstructured))
	return nil
}

// TestStatusBeforeTheWatch: what was written last counts, not what the watch has told
// by then: nothing is written twice, and a status that is as it was before is written.
func TestStatusBeforeTheWatch(t *testing.T) {
	q := &lagging{version: 10}
	d, err := New(Config{Host: q, WithoutWorks: true, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	s := newStage(t, false)
	s.put(pp("a", "") + strings.Replace(nginx, "name: nginx,", `name: nginx, uid: 5f2b, resourceVersion: "10",`, 1))
	order := s.orders()[0]
	d.desk = s.desk
	if d.book, _, err = open(t.Context(), d.cfg); err != nil {
		t.Fatal(err)
	}
	q.live = s.desk.templates[order.Key.Kind][order.Key].DeepCopy()
	ready := func(n int) work.Report {
		status := fmt.Sprintf(`{"replicas":2,"readyReplicas":%d}`, n)
		if n == 0 {
			status = `{"replicas":2}`
		}
		return work.Report{Order: order, Decision: placement.Decision{Targets: []placement.Target{{Cluster: "a", Replicas: 2}}}, Outcomes: []work.Outcome{
			{Cluster: "a", Key: order.Key, Phase: work.Applied, Health: work.Healthy, Status: json.RawMessage(status)},
		}}
	}
	for i, step := range []struct {
		ready int
		want  string
	}{
		{0, `claim {"status":{"replicas":2}}`},
		{0, ``},
		{2, `{"status":{"readyReplicas":2}}`},
		{2, ``},
		{0, `{"status":{"readyReplicas":null}}`},
	} {
		q.written = nil
		if err := d.Report(t.Context(), ready(step.ready)); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(q.written, " "); got != step.want {
			t.Errorf("step %d: wrote %s, want %s", i, got, step.want)
		}
	}
	// Once the watch has told of it, that counts.
	told := q.live.DeepCopy()
	told.SetResourceVersion("99")
	_ = unstructured.SetNestedField(told.Object, int64(7), "status", "readyReplicas")
	s.desk.putTemplate(told)
	q.written = nil
	if err := d.Report(t.Context(), ready(2)); err != nil || len(q.written) != 1 {
		t.Errorf("after somebody else's write: %v, %v", q.written, err)
	}
}
