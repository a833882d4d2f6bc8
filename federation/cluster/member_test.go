package cluster

import (
	"fmt"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/fedns/fedns/federation/api/v1alpha1"
)

func TestOfMember(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"all of it", `
metadata: {name: eu-1, labels: {env: prod}}
spec: {region: eu-west, zones: [a, b], provider: aws, networks: [flat], price: 250m, capacity: {cpu: 8}, taints: [{key: k, value: v, effect: NoExecute}]}
status: {standing: live, capacity: {allocatable: {cpu: 4, memory: 1Ki}, requested: {cpu: 1500m}}}`,
			"eu-1 map[env:prod] aws eu-west [a b] [flat] [k=v:NoExecute] 0.25 known stated map[cpu:8000 memory:1024000] map[cpu:1500]"},
		{"nobody has looked yet", `{metadata: {name: a}}`, "a map[]   [] [] [cluster.karmada.io/not-ready:NoSchedule] 0 map[] map[]"},
		{"unreachable", `{metadata: {name: a}, status: {standing: unreachable, standingSince: "2026-01-02T12:00:00Z"}}`,
			"a map[]   [] [] [cluster.karmada.io/unreachable:NoSchedule@12 cluster.karmada.io/unreachable:NoExecute@12] 0 map[] map[]"},
		{"drained, and not told yet", `{metadata: {name: a}, spec: {drain: true}, status: {standing: live}}`, "a map[]   [] [] [fedns.io/drained:NoSchedule fedns.io/drained:NoExecute] 0 map[] map[]"},
		{"evicted counts before drained", `{metadata: {name: a}, spec: {drain: true}, status: {standing: evicted}}`, "a map[]   [] [] [fedns.io/evicted:NoSchedule fedns.io/evicted:NoExecute] 0 map[] map[]"},
		{"stated alone", `{metadata: {name: a}, spec: {capacity: {cpu: 1}}, status: {standing: live}}`, "a map[]   [] [] [] 0 known stated map[cpu:1000] map[]"},
		{"measured alone", `{metadata: {name: a}, status: {standing: live, capacity: {allocatable: {pods: 110}}}}`, "a map[]   [] [] [] 0 known map[pods:110000] map[]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var m v1alpha1.MemberCluster
			if err := yaml.UnmarshalStrict([]byte(tt.text), &m); err != nil {
				t.Fatal(err)
			}
			c := OfMember(&m)
			var taints []string
			for _, taint := range c.Taints {
				text := taint.ToString()
				if taint.TimeAdded != nil {
					text += fmt.Sprintf("@%d", taint.TimeAdded.UTC().Hour())
				}
				taints = append(taints, text)
			}
			known := ""
			if c.Capacity.Known {
				known += " known"
			}
			if c.Capacity.Stated {
				known += " stated"
			}
			got := fmt.Sprintf("%s %v %s %s %v %v %v %v%s %v %v", c.Name, c.Labels, c.Provider, c.Region, c.Zones, c.Networks, taints, c.Price, known, c.Capacity.Allocatable, c.Capacity.Requested)
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}
