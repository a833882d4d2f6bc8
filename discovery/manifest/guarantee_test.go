package manifest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/guarantee"
	"github.com/fedns/fedns/discovery/guarantee/guaranteetest"
)

// TestGuaranteeLastGoodFileStands: a mistake in a file costs nothing that the file held.
func TestGuaranteeLastGoodFileStands(t *testing.T) {
	p := guaranteetest.Prove(t, guarantee.LastGoodFileStands)
	v := &view{t: t, dir: t.TempDir()}
	var documents []string
	for i := range 2 + p.IntN(5) {
		documents = append(documents, service(fmt.Sprint("s", i)))
	}
	v.write("a.yaml", strings.Join(documents, ""))
	v = observe(t, v.dir)
	v.awaitPhase(cluster.Live)
	v.await("all Groups", func() bool { return len(v.groups) == len(documents) })
	documents[p.IntN(len(documents))] = []string{
		"---\nkind: Service\n", "---\n{apiVersion: v1, kind: Service, metadata: {name: 7}}\n", "---\n{apiVersion: v1, kind: Service, metadata: {name: s, name: t}}\n",
	}[p.IntN(3)]
	v.write("a.yaml", strings.Join(documents, ""))
	v.await("a verdict", func() bool {
		return len(v.gone) > 0 || strings.Contains(v.log.String(), "manifest is malformed")
	})
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.gone) > 0 {
		p.Broken("%v are withdrawn by a mistake in their file", v.gone)
	}
}
