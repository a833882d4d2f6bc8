package members

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Write is a write that changed something.
type Write struct {
	Member                          int // its place in the fleet
	Verb, Resource, Namespace, Name string
	Annotations                     map[string]string // shared, not to be changed
	At                              time.Time
}

// Fleet is all members. Its methods may be called from many goroutines at once.
type Fleet struct {
	Members []*Member

	addr   string
	server *http.Server
	done   chan struct{} // the server's goroutine ended

	mu    sync.Mutex
	forms map[string]*form
	wrote func(Write)
}

// Start makes n members and listens at a port of 127.0.0.1. The caller must Close it.
func Start(ctx context.Context, n int) (*Fleet, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("members: %w", err)
	}
	f := &Fleet{addr: l.Addr().String(), done: make(chan struct{}), forms: map[string]*form{}}
	for i := range n {
		f.Members = append(f.Members, newMember(f, i))
	}
	f.server = &http.Server{Handler: f, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		defer close(f.done)
		_ = f.server.Serve(l) // ends with Close
	}()
	return f, nil
}

// Close breaks every connection.
func (f *Fleet) Close() {
	f.server.Close()
	<-f.done
}

// OnWrite has do called after each write that changed something, from many
// goroutines, with no lock held; nil: nobody. It is for one at a time.
func (f *Fleet) OnWrite(do func(Write)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.wrote = do
}

func (f *Fleet) tell(w Write) {
	f.mu.Lock()
	do := f.wrote
	f.mu.Unlock()
	if do != nil {
		do(w)
	}
}

// Kubeconfigs writes a kubeconfig for each member into dir.
func (f *Fleet) Kubeconfigs(dir string) (files []string, err error) {
	for _, m := range f.Members {
		file := filepath.Join(dir, m.Name+".kubeconfig")
		text := fmt.Sprintf("{apiVersion: v1, kind: Config, current-context: %[1]s, contexts: [{name: %[1]s, context: {cluster: c, user: u}}],\nclusters: [{name: c, cluster: {server: \"http://%[2]s/%[1]s\"}}], users: [{name: u, user: {}}]}\n", m.Name, f.addr)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return nil, fmt.Errorf("member %s: %w", m.Name, err)
		}
		files = append(files, file)
	}
	return files, nil
}

// Counts are the calls of all members by verb.
func (f *Fleet) Counts() Counts {
	all := Counts{}
	for _, m := range f.Members {
		for verb, n := range m.Counts() {
			all[verb] += n
		}
	}
	return all
}

// Objects counts those of a resource in all members.
func (f *Fleet) Objects(resource string) (n int) {
	for _, m := range f.Members {
		n += m.Objects(resource)
	}
	return n
}

// ServeHTTP implements http.Handler.
func (f *Fleet) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	name, path, _ := strings.Cut(strings.TrimPrefix(q.URL.Path, "/"), "/")
	var i int
	if _, err := fmt.Sscanf(name, "m-%03d", &i); err != nil || i < 0 || i >= len(f.Members) {
		http.NotFound(w, q)
		return
	}
	f.Members[i].serve(w, q, path)
}
