package propagation

import (
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// What objects may wait for. It is watched in a member from the first time that
// something waits there.
const (
	namespaces  = "namespaces"
	definitions = "customresourcedefinitions"
)

var presencePaths = map[string][]string{
	namespaces:  {"/api", "v1", "namespaces"},
	definitions: {"/apis", "apiextensions.k8s.io", "v1", "customresourcedefinitions"},
}

// attendTo has a presence watched; mu is held.
func (m *member) attendTo(presence string) {
	if m.presences[presence] {
		return
	}
	m.presences[presence] = true
	tell := func(f *found) { m.appeared(presence, f.Name) }
	reached := &mark{}
	m.spawn(func() {
		m.followAll(func(c *connection, _ func()) *follower {
			return &follower{
				client: c.client, path: presencePaths[presence], partial: true, mark: reached,
				pack: func(o *unstructured.Unstructured) *found { return &found{ObjectMeta: metaOf(o)} },
				put:  tell, drop: tell,
				replace: func(all []*found, _ string, _ bool) {
					for _, f := range all {
						tell(f)
					}
				},
				// Whoever waits is tried now and then all the same.
				fault: func(error) {},
			}
		}, func() bool { return false })
	})
}

// definedGroup is the group of the kind that a definition is of: its name is
// PLURAL.GROUP.
func definedGroup(name string) string {
	_, group, _ := strings.Cut(name, ".")
	return group
}
