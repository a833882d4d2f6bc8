package federation

import (
	"context"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fedns/fedns/integration/harness"
)

// prober asks for a name all the time, and watches all members' Pods: an address
// that is answered must have been a Pod's that was ready, and there must always be
// some once there was one.
type prober struct {
	w    *world
	name string
	stop context.CancelFunc
	done sync.WaitGroup
	once sync.Once

	mu       sync.Mutex
	ready    map[string]time.Time // since when an address was first seen ready
	answered map[string]time.Time // since when it was first answered
	asked    int
	wrong    []string
}

// probe begins to ask for the name of a headless Service whose Pods are of a
// namespace, for as many steps as it takes.
func (w *world) probe(name, namespace string) *prober {
	ctx, cancel := context.WithCancel(w.whole.Context())
	p := &prober{w: w, name: name, stop: cancel, ready: map[string]time.Time{}, answered: map[string]time.Time{}}
	for _, m := range w.members {
		p.done.Go(func() { p.watch(ctx, m, namespace) })
	}
	p.done.Go(func() { p.look(ctx) })
	w.whole.Cleanup(p.end)
	return p
}

// look asks until ctx is done.
func (p *prober) look(ctx context.Context) {
	for ctx.Err() == nil {
		asking, cancel := context.WithTimeout(ctx, 2*time.Second)
		all, rcode, err := p.w.ask(asking, p.name)
		cancel()
		p.mu.Lock()
		switch {
		case ctx.Err() != nil:
		case err != nil:
			p.note("%v", err)
		case len(all) == 0 && len(p.answered) > 0:
			p.note("no address: %s", rcode)
		}
		for _, a := range all {
			if p.answered[a].IsZero() {
				p.answered[a] = time.Now()
			}
		}
		p.asked++
		p.mu.Unlock()
		select {
		case <-time.After(10 * time.Millisecond): // between two questions
		case <-ctx.Done():
		}
	}
}

// note notes what is wrong; mu is held.
func (p *prober) note(format string, args ...any) {
	p.wrong = append(p.wrong, time.Now().Format(time.StampMilli)+": "+fmt.Sprintf(format, args...))
}

// watch notes which Pods of a member are ever ready, through its API server's deaths.
func (p *prober) watch(ctx context.Context, m *harness.Cluster, namespace string) {
	for ctx.Err() == nil {
		p.follow(ctx, m, namespace)
		select {
		case <-time.After(100 * time.Millisecond): // the API server may be down
		case <-ctx.Done():
		}
	}
}

// follow notes them until the watch breaks. A watch without a version begins with
// all there are.
func (p *prober) follow(ctx context.Context, m *harness.Cluster, namespace string) {
	events, err := m.Client().CoreV1().Pods(namespace).Watch(ctx, metav1.ListOptions{})
	if err != nil {
		return
	}
	defer events.Stop()
	for e := range events.ResultChan() {
		pod, ok := e.Object.(*corev1.Pod)
		if !ok {
			return
		}
		at := readySince(pod)
		if at == nil {
			continue
		}
		p.mu.Lock()
		if p.ready[pod.Status.PodIP].IsZero() {
			p.ready[pod.Status.PodIP] = *at
		}
		p.mu.Unlock()
	}
}

// readySince is since when a Pod is ready, in whole seconds; nil: it is not.
func readySince(pod *corev1.Pod) *time.Time {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue && pod.Status.PodIP != "" {
			return &c.LastTransitionTime.Time
		}
	}
	return nil
}

// end asserts what the prober is for, once.
func (p *prober) end() { p.once.Do(p.judge) }

func (p *prober) judge() {
	p.stop()
	p.done.Wait()
	t := p.w.whole
	t.Helper()
	if p.asked < 20 || len(p.answered) == 0 {
		t.Errorf("the prober asked %d times only, and was answered %d addresses", p.asked, len(p.answered))
	}
	t.Logf("the prober asked %d times and was answered %d addresses", p.asked, len(p.answered))
	for a, at := range p.answered {
		switch since := p.ready[a]; {
		case since.IsZero():
			t.Errorf("%s was answered, and never was ready", a)
		case at.Before(since):
			t.Errorf("%s was answered at %v, and ready since %v", a, at, since)
		}
	}
	for _, text := range p.wrong[:min(len(p.wrong), 10)] {
		t.Errorf("%s: %s", p.name, text)
	}
}
