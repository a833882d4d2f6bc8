package federation

import "testing"

// TestFederation runs all steps on one fleet. Each takes its objects away, and
// leaves all members as it found them.
func TestFederation(t *testing.T) {
	w := newWorld(t)
	step := func(name string, f func()) {
		if t.Failed() {
			return // what follows would fail for the same reason, and slowly
		}
		t.Run(name, func(t *testing.T) {
			w.t = t
			f()
		})
	}
	step("Karmada's manifests", w.karmada)
	step("KubeFed's manifest", w.kubefed)
	step("an Ingress", w.ingress)
	step("Federation v1's annotations", w.annotated)
	step("a cluster is killed", w.killed)
	// It goes on being dead, for KubeFed's replicas move after a minute.
	step("a custom resource", w.custom)
	step("a headless Service", w.headless)
	step("nothing moves before it is ready", w.gracious)
	step("KubeFed's replicas move, and all return", w.returned)
	step("one hangs, one refuses, one is gone", w.bad)
	step("a policy is deleted", w.deleted)
	step("definitions are removed", w.undefined)
}
