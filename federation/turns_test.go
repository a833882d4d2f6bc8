package federation

import (
	"fmt"
	"testing"

	"k8s.io/client-go/util/workqueue"

	"github.com/fedns/fedns/federation/work"
)

func TestTurns(t *testing.T) {
	key := func(name string) work.Key { return work.Key{Kind: deployments, Name: name} }
	turns := newTurns()
	queue := workqueue.NewTypedWithConfig(workqueue.TypedQueueConfig[work.Key]{Queue: turns})
	defer queue.ShutDown()
	add := func(hurry bool, names ...string) {
		for _, name := range names {
			if hurry {
				turns.hurry(key(name))
			}
			queue.Add(key(name))
		}
	}
	take := func(want string) {
		t.Helper()
		var got []string
		for queue.Len() > 0 {
			k, _ := queue.Get()
			queue.Done(k)
			got = append(got, k.Name)
		}
		if fmt.Sprint(got) != want {
			t.Errorf("turns are %v, want %v", got, want)
		}
	}
	add(false, "a", "b", "c")
	add(true, "x", "b", "b")
	add(false, "x", "a", "d")
	take("[x b a c d]")

	// Hurry is over with the turn.
	add(false, "a", "b", "x")
	take("[a b x]")

	// What is hurried while it is looked at is next.
	add(false, "a", "b", "c")
	k, _ := queue.Get()
	add(true, "a")
	queue.Done(k)
	take("[a b c]")
}
