package karmada

import (
	"fmt"
	"os"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/fedns/fedns/federation/cluster"
	"github.com/fedns/fedns/federation/placement"
)

// TestDocumentedPlacements: the examples of Karmada's user guide, propagation
// policy, go where it says.
func TestDocumentedPlacements(t *testing.T) {
	member := func(name, provider, region, location string, fits int64, taints ...corev1.Taint) *cluster.Cluster {
		return &cluster.Cluster{
			Name: name, Provider: provider, Region: region, Labels: map[string]string{"location": location}, Taints: taints,
			Capacity: cluster.Capacity{Known: true, Allocatable: map[corev1.ResourceName]int64{"pods": fits * 1000}},
		}
	}
	clusters := []*cluster.Cluster{
		member("member1", "aws", "us-east-1", "us", 18),
		member("member2", "aws", "us-west-1", "us", 12),
		member("member3", "gcp", "eu-west-1", "eu", 6),
		member("special", "aws", "us-east-1", "eu", 0, corev1.Taint{Key: "dedicated", Value: "special-user", Effect: corev1.TaintEffectNoSchedule}),
	}
	for _, tt := range []struct {
		file     string
		replicas int
		want     string
		groups   int // how many clusters, when it is not said which
	}{
		{"field", 3, "member1=3", 0},
		{"guide-all-clusters", 3, "member1=3 member2=3 member3=3", 0},
		{"guide-labels", 3, "member1=3 member2=3", 0},
		{"guide-fields", 3, "member1=3", 0},
		{"guide-exclude", 3, "member2=3", 0},
		{"guide-tolerations", 3, "member1=3 member2=3 member3=3 special=3", 0},
		{"guide-static", 3, "member1=1 member2=2", 0},
		{"guide-dynamic", 12, "member1=6 member2=4 member3=2", 0},
		{"guide-aggregated", 12, "member1=12", 0},
		{"guide-equal", 12, "member1=4 member2=4 member3=4", 0},
		{"guide-spread", 3, "", 2},
	} {
		t.Run(tt.file, func(t *testing.T) {
			text, err := os.ReadFile("testdata/orders/" + tt.file + ".yaml")
			if err != nil {
				t.Fatal(err)
			}
			s := newStage(t, false)
			s.put(strings.Replace(string(text), "replicas: 3", fmt.Sprintf("replicas: %d", tt.replicas), 1))
			all := s.orders()
			if len(all) != 1 || all[0].Err != nil {
				t.Fatalf("told %+v", all)
			}
			d, err := placement.Planner{}.Place(all[0].Placement, clusters)
			if err != nil {
				t.Fatalf("%v; %+v", err, d.Reasons)
			}
			var got []string
			for _, target := range d.Targets {
				got = append(got, fmt.Sprintf("%s=%d", target.Cluster, target.Replicas))
			}
			if tt.groups > 0 {
				if len(got) != tt.groups {
					t.Errorf("placed %v, want %d clusters", got, tt.groups)
				}
			} else if got := strings.Join(got, " "); got != tt.want {
				t.Errorf("placed %s, want %s; %+v", got, tt.want, d.Reasons)
			}
		})
	}
	groups, err := os.ReadFile("testdata/orders/guide-groups.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s := newStage(t, false)
	s.put(string(groups))
	request := s.orders()[0].Placement
	cloud := member("public-cloud-member1", "", "", "", 9)
	if d, err := (placement.Planner{}).Place(request, []*cluster.Cluster{cloud}); err != nil || d.Affinity != "cloud-clusters" {
		t.Errorf("without local clusters: %+v, %v", d, err)
	}
	if d, err := (placement.Planner{}).Place(request, []*cluster.Cluster{cloud, member("local-member2", "", "", "", 9)}); err != nil || d.Affinity != "local-clusters" || len(d.Targets) != 1 {
		t.Errorf("with a local cluster: %+v, %v", d, err)
	}
}
